import { inspect } from "node:util";
import * as v from "valibot";
import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { isServiceDecodeError, ServiceDecodeError } from "../../src/core/errors.ts";
import { Patience } from "../../src/rest/patience.ts";
import { ServiceResponse } from "../../src/rest/response.ts";
import { failureOf } from "../support/rest-client.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

function responseOf(body: string | Uint8Array, headers: Record<string, string | string[]> = {}): ServiceResponse {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  return new ServiceResponse(
    {
      value: { status: 200, headers, body: bytes, timings: { queueMs: 1, waitMs: 2, readMs: 3 } },
      attempts: [{ number: 1, startedAfterMs: 0, durationMs: 6, outcome: "accepted", phase: "body", status: 200 }],
      elapsedMs: 7,
    },
    { service: "payments", operation: "GET /payments/{id}" },
  );
}

const Payment = z.object({ id: z.string(), amount: z.number() });

describe("a response", () => {
  test("has status, attempts and the timings of its last attempt and of the whole call", () => {
    const response = responseOf("{}");
    expect(response.status).toBe(200);
    expect(response.attempts).toHaveLength(1);
    expect(response.timings).toEqual({ queueMs: 1, waitMs: 2, readMs: 3, totalMs: 7 });
  });

  test("finds a header by its name in any case, the first of several", () => {
    const response = responseOf("", { "x-request-id": "req_1", link: ["<a>", "<b>"] });
    expect(response.header("X-Request-Id")).toBe("req_1");
    expect(response.header("Link")).toBe("<a>");
    expect(response.header("x-none")).toBeUndefined();
  });

  test("gives its body as bytes, as text and as JSON, as often as it is asked", async () => {
    const response = responseOf('{"id":"ü"}');
    expect(Buffer.from(response.bytes()).toString()).toBe('{"id":"ü"}');
    expect([response.text(), response.text()]).toEqual(['{"id":"ü"}', '{"id":"ü"}']);
    expect([response.json(), await response.json(z.unknown()), response.unsafeJson<{ id: string }>()]).toEqual([
      { id: "ü" },
      { id: "ü" },
      { id: "ü" },
    ]);
  });

  test("without a body has undefined as its JSON", async () => {
    expect(responseOf("").json()).toBeUndefined();
    await expect(responseOf("").json(Payment.optional())).resolves.toBeUndefined();
  });

  test("with a byte order mark is JSON all the same", () => {
    expect(responseOf("\uFEFF[1]").json()).toEqual([1]);
  });
});

describe("JSON with a schema", () => {
  test("is checked and has the schema's type", async () => {
    const payment = await responseOf('{"id":"p_1","amount":5,"more":true}').json(Payment);
    expectTypeOf(payment).toEqualTypeOf<{ id: string; amount: number }>();
    expect(payment).toEqual({ id: "p_1", amount: 5 });
  });

  test("without one is unknown", () => {
    expectTypeOf(responseOf("{}").json()).toEqualTypeOf<unknown>();
  });

  test("that does not match names the places, and not more than three of them", async () => {
    const Long = z.object({ a: z.number(), b: z.number(), c: z.number(), d: z.number() });
    const error = await failureOf(responseOf("{}", { "x-request-id": "req_1" }).json(Long), isServiceDecodeError);
    expect(error).toMatchObject({
      code: "decode-schema",
      outcome: "accepted",
      phase: "decode",
      retryable: false,
      status: 200,
      requestId: "req_1",
      elapsedMs: 7,
    });
    expect(error.message).toContain("does not match the schema at a, b, c and 1 more");
    expect(error.issues.map(({ path }) => path)).toEqual(["a", "b", "c", "d"]);
    expect(error.attempts).toHaveLength(1);
  });

  test("within the time of a call is checked at once, unless the schema is asynchronous", async () => {
    const patience = new Patience({ clock: new VirtualClock(), limitMs: 100, signals: [] });
    const body = '{"id":"p_1","amount":5}';
    expect(responseOf(body).jsonWithin(Payment, patience)).toEqual({ id: "p_1", amount: 5 });
    expect(() => responseOf("{}").jsonWithin(Payment, patience)).toThrow(ServiceDecodeError);
    const slow = Payment.refine(() => Promise.resolve(true));
    const pending = responseOf(body).jsonWithin(slow, patience);
    expect(pending).toBeInstanceOf(Promise);
    await expect(pending).resolves.toEqual({ id: "p_1", amount: 5 });
  });

  test("that does not match as a whole says so", async () => {
    const error = await failureOf(responseOf("[]").json(Payment), isServiceDecodeError);
    expect(error.message).toContain("at (the value itself)");
  });

  test("shows nothing of the body in message, inspect or JSON of the error", async () => {
    const schema = v.object({ id: v.number() });
    const error = await failureOf(responseOf('{"id":"sk_live_1"}').json(schema), isServiceDecodeError);
    expect(error.issues[0]?.message).toContain("sk_live_1");
    for (const shown of [error.message, inspect(error, { depth: 9 }), JSON.stringify(error)]) {
      expect(shown).not.toContain("sk_live_1");
    }
  });
});

describe("a body that is not JSON", () => {
  const broken = '{"key":"sk_live_1"';

  test.each([
    ["json()", () => responseOf(broken).json()],
    ["unsafeJson()", () => responseOf(broken).unsafeJson()],
    ["json(schema)", () => responseOf(broken).json(Payment)],
  ])("is told by %s as accepted but undecodable, with nothing of the body", async (_how, read) => {
    const error = await failureOf((async () => read())(), isServiceDecodeError);
    expect(error).toMatchObject({
      code: "decode-json",
      outcome: "accepted",
      status: 200,
      operation: "GET /payments/{id}",
    });
    expect(error.message).toContain("the answer is not JSON (status 200, content-type none)");
    expect(inspect(error)).not.toContain("sk_live_1");
  });

  test("names the content type that came instead", () => {
    expect(() => responseOf("<html>", { "content-type": "text/html" }).json()).toThrow(/content-type text\/html/);
  });
});
