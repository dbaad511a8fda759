import { execFile } from "node:child_process";
import { getEventListeners } from "node:events";
import { inspect, promisify } from "node:util";
import * as v from "valibot";
import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { withDeadline } from "../../src/core/deadline.ts";
import {
  isExternalServiceError,
  isServiceConfigurationError,
  isServiceConnectionError,
  isServiceDecodeError,
  isServiceRateLimitError,
  isServiceResponseError,
  isServiceTimeoutError,
  isServiceUnavailableError,
} from "../../src/core/errors.ts";
import { Secret } from "../../src/core/secret.ts";
import { RESTService } from "../../src/rest/rest-service.ts";
import {
  answerJson,
  answerNothing,
  answerStatuses,
  httpServer,
  rawAnswer,
  rawServer,
  type TestServer,
} from "../support/http-server.ts";
import { anyFailureOf, failureOf, logbook, payments, reasonOf, startedPayments } from "../support/rest-client.ts";
import { nextRetry } from "../support/retries.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";

const Payment = z.object({ id: z.string() });

/** Answers each request with one of these, the last one from then on. */
const answerHeads =
  (...heads: readonly (readonly [number, Record<string, string>])[]): Parameters<typeof httpServer>[0] =>
  (_request, response, number) => {
    const [status, headers] = heads[Math.min(number, heads.length) - 1] ?? [200, {}];
    response.writeHead(status, headers).end();
  };

describe("methods", () => {
  test.each([
    ["GET", "get"],
    ["POST", "post"],
    ["PUT", "put"],
    ["PATCH", "patch"],
    ["DELETE", "delete"],
    ["HEAD", "head"],
    ["OPTIONS", "options"],
  ] as const)("%s is made by %s()", async (method, name) => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    const response = await service[name]("/payments", { params: { a: 1 }, headers: { "x-a": "1" } });
    expect(response.status).toBe(200);
    expect(server.requests).toMatchObject([{ method, url: "/payments?a=1", headers: { "x-a": "1" }, body: "" }]);
  });

  test("request() sends the name of the method in upper case, as servers know it", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    await service.request("put", "/x");
    expect(server.requests).toMatchObject([{ method: "PUT" }]);
  });

  test("a method that is no string is refused before any I/O", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    const method = 5 as unknown as string;
    await expect(service.request(method, "/x")).rejects.toThrow("payments: the method must be a string");
    await expect(service.stream("/x", { method })).rejects.toThrow("payments: the method must be a string");
    expect(server.connections).toBe(0);
  });

  test("a schema is refused where nothing would look at it", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    const options = { schema: Payment } as object;
    await expect(service.get("/x", options)).rejects.toThrow("schema goes with getJson");
    expect(server.connections).toBe(0);
  });

  test("an answer that is not what was asked for is logged like any other failed call", async () => {
    await using server = await httpServer(answerJson({ id: 7 }));
    const { logger, entries } = logbook(false);
    await using service = await startedPayments(server, { logger });
    await failureOf(service.getJson("/x", { schema: Payment }), isServiceDecodeError);
    expect(entries.filter(({ level }) => level !== "debug")).toMatchObject([
      { level: "warn", message: "call failed", fields: { error: { code: "decode-schema" } } },
    ]);
  });

  test.each([
    ["GET", "getJson"],
    ["POST", "postJson"],
    ["PUT", "putJson"],
    ["PATCH", "patchJson"],
    ["DELETE", "deleteJson"],
  ] as const)("%s is made by %s(), which asks for JSON and gives it", async (method, name) => {
    await using server = await httpServer(answerJson({ id: "p_1" }));
    await using service = await startedPayments(server);
    await expect(service[name as "getJson"]("/payments")).resolves.toEqual({ id: "p_1" });
    const payment = await service[name as "getJson"]("/payments", { schema: Payment });
    expectTypeOf(payment).toEqualTypeOf<{ id: string }>();
    expect(payment).toEqual({ id: "p_1" });
    expect(server.requests).toMatchObject([
      { method, headers: { accept: "application/json" } },
      { method, headers: { accept: "application/json" } },
    ]);
  });

  test("any other is made by request()", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    await service.request("PROPFIND", "/x");
    expect(server.requests[0]?.method).toBe("PROPFIND");
  });

  test("HEAD and 204 have no body, and no JSON", async () => {
    await using server = await httpServer(answerStatuses(200, 204));
    await using service = await startedPayments(server);
    expect((await service.head("/x")).json()).toBeUndefined();
    await expect(service.deleteJson("/x")).resolves.toBeUndefined();
  });

  test("a subclass names its calls, and the service is named after it", async () => {
    class PaymentGatewayClient extends RESTService {
      async createPayment(amount: number): Promise<{ id: string }> {
        return this.postJson("/payments", { json: { amount }, schema: Payment });
      }
    }
    await using server = await httpServer(answerJson({ id: "p_1" }));
    await using gateway = await new PaymentGatewayClient({ baseUrl: server.url, logger: logbook().logger }).connect();
    await expect(gateway.createPayment(5)).resolves.toEqual({ id: "p_1" });
    expect(gateway.name).toBe("PaymentGatewayClient");
    expect(server.requests[0]?.body).toBe('{"amount":5}');
  });
});

describe("bodies", () => {
  test.each([
    ["json", { json: { note: "größe" } }, '{"note":"größe"}', "application/json", "18"],
    [
      "form",
      { form: { q: "a b", id: [1, 2], none: undefined } },
      "q=a+b&id=1&id=2",
      "application/x-www-form-urlencoded",
      "15",
    ],
    ["text", { text: "größe" }, "größe", "text/plain;charset=UTF-8", "7"],
    ["bytes", { bytes: Buffer.from("abc") }, "abc", "application/octet-stream", "3"],
    ["stream", { stream: () => [Buffer.from("abc")] }, "abc", "application/octet-stream", undefined],
    ["nothing", {}, "", undefined, "0"],
  ])("%s arrives with its content type and length", async (_kind, options, body, type, length) => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    await service.post("/x", options);
    const [seen] = server.requests;
    expect(seen?.body).toBe(body);
    expect(seen?.headers["content-type"]).toBe(type);
    expect(seen?.headers["content-length"]).toBe(length);
    expect(seen?.headers["transfer-encoding"]).toBe(length === undefined ? "chunked" : undefined);
  });
});

describe("answers as JSON", () => {
  test.each([
    ["zod", z.object({ id: z.number() })],
    ["zod, asynchronously", z.object({ id: z.number() }).refine(() => Promise.resolve(true))],
    ["valibot", v.object({ id: v.number() })],
    ["valibot, asynchronously", v.objectAsync({ id: v.number() })],
  ])(
    "that do not match a schema of %s are accepted, undecodable, and not asked for again",
    async (_library, schema) => {
      await using server = await httpServer(answerJson({ id: "p_1" }));
      await using service = await startedPayments(server);
      const error = await failureOf(service.postJson("/x", { schema }), isServiceDecodeError);
      expect(error).toMatchObject({ fault: "schema", outcome: "accepted", issues: [{ path: "id" }], retryable: false });
      expect(server.requests).toHaveLength(1);
    },
  );

  test("that are HTML are told with the content type", async () => {
    await using server = await httpServer((_request, response) => {
      response.setHeader("content-type", "text/html").end("<html>");
    });
    await using service = await startedPayments(server);
    const error = await failureOf(service.getJson("/x"), isServiceDecodeError);
    expect(error.message).toContain("the answer is not JSON (status 200, content-type text/html)");
  });

  test("against what is no schema are refused before any I/O", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    const schema = { type: "object" } as unknown as typeof Payment;
    await failureOf(service.getJson("/x", { schema }), isServiceConfigurationError);
    await failureOf(service.getJson("/x", null as unknown as undefined), isServiceConfigurationError);
    expect(server.connections).toBe(0);
  });
});

describe("error answers", () => {
  test("carry status, body, headers and request id", async () => {
    await using server = await httpServer((_request, response) => {
      response.writeHead(402, { "content-type": "application/problem+json", "x-request-id": "req_1" });
      response.end('{"title":"No funds","balance":3}');
    });
    await using service = await startedPayments(server);
    const error = await failureOf(service.post("/payments"), isServiceResponseError);
    expect(error).toMatchObject({ status: 402, requestId: "req_1", outcome: "rejected", retryable: false });
    expect(error.problem).toEqual({ title: "No funds", balance: 3 });
    expect(error.headers["x-request-id"]).toBe("req_1");
    expect(error.message).toContain("payments: POST /payments: the service answered 402");
  });
});

describe("retries by status", () => {
  test.each([408, 425, 429, 500, 502, 503, 504])("a GET is made again after %i", async (status) => {
    await using server = await httpServer(answerStatuses(status, 200));
    await using service = await startedPayments(server);
    const { attempts } = await service.get("/x");
    expect(attempts).toMatchObject([{ status }, { status: 200 }]);
  });

  test.each([400, 401, 403, 404, 409, 422, 501])("a GET is not made again after %i", async (status) => {
    await using server = await httpServer(answerStatuses(status, 200));
    await using service = await startedPayments(server);
    await expect(service.get("/x")).rejects.toMatchObject({ status });
    expect(server.requests).toHaveLength(1);
  });

  test("a POST is made again after 429, and after nothing else that was answered", async () => {
    await using server = await httpServer(answerStatuses(429, 200, 503, 500));
    await using service = await startedPayments(server);
    expect((await service.post("/x")).attempts).toHaveLength(2);
    await expect(service.post("/x")).rejects.toMatchObject({ status: 503, outcome: "rejected", attempts: [{}] });
    await expect(service.post("/x")).rejects.toMatchObject({ status: 500, outcome: "unknown", attempts: [{}] });
  });

  test("there are three, unless the service or the call says otherwise", async () => {
    await using server = await httpServer(answerStatuses(503));
    await using service = await startedPayments(server);
    await using stubborn = await startedPayments(server, { retry: { maxRetries: 5 } });
    await using calm = await startedPayments(server, { retry: false });
    const attemptsOf = async (call: Promise<unknown>): Promise<number> => (await anyFailureOf(call)).attempts.length;
    expect(await attemptsOf(service.get("/x"))).toBe(4);
    expect(await attemptsOf(stubborn.get("/x"))).toBe(6);
    expect(await attemptsOf(calm.get("/x"))).toBe(1);
    expect(await attemptsOf(calm.get("/x", { maxRetries: 1 }))).toBe(2);
    expect(await attemptsOf(service.get("/x", { maxRetries: 0 }))).toBe(1);
  });
});

describe("Retry-After", () => {
  test("is waited for, to the millisecond", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerHeads([429, { "retry-after": "2" }], [200, {}]));
    await using service = await startedPayments(server, { clock });
    const retry = nextRetry();
    const call = service.post("/x");
    expect(await retry).toMatchObject({ delayMs: 2_000, because: "rate-limited", attempt: 2 });
    await clock.advance(1_999);
    expect(server.requests).toHaveLength(1);
    await clock.advance(1);
    expect((await call).attempts).toMatchObject([{ status: 429 }, { status: 200, startedAfterMs: 2_000 }]);
  });

  test("as a date is waited for, and is heard with 503 too", async () => {
    const clock = new VirtualClock();
    const at = new Date(clock.wallNow() + 3_000).toUTCString();
    await using server = await httpServer(answerHeads([503, { "retry-after": at }], [200, {}]));
    await using service = await startedPayments(server, { clock });
    const retry = nextRetry();
    const call = service.get("/x");
    expect(await retry).toMatchObject({ delayMs: 3_000 });
    await clock.advance(3_000);
    await call;
  });

  test("that is malformed is ignored", async () => {
    await using server = await httpServer(answerHeads([429, { "retry-after": "soon" }], [200, {}]));
    await using service = await startedPayments(server);
    const retry = nextRetry();
    await service.get("/x");
    expect(await retry).toMatchObject({ delayMs: 0 });
  });

  test("beyond the deadline fails at once, and says when to come back", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerHeads([429, { "retry-after": "3600" }]));
    await using service = await startedPayments(server, { clock });
    const error = await failureOf(service.get("/x"), isServiceRateLimitError);
    expect(error).toMatchObject({ retryAfterMs: 3_600_000, outcome: "rejected", retryable: true, elapsedMs: 0 });
    expect(error.retryAt).toEqual(new Date(clock.wallNow() + 3_600_000));
    expect(error.message).toContain("to be tried again in 3600000 ms");
  });
});

describe("the deadline", () => {
  test("of a call replaces that of the service", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerNothing);
    await using service = await startedPayments(server, { clock });
    const failed = failureOf(service.get("/x", { deadlineMs: 70 }), isServiceTimeoutError);
    await server.request(1);
    await clock.advance(70);
    expect(await failed).toMatchObject({ limit: "deadline", limitMs: 70, elapsedMs: 70, outcome: "unknown" });
  });

  test("spans all attempts: after it, none is started", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerNothing);
    await using service = await startedPayments(server, { clock, deadlineMs: 15_000 });
    const retry = nextRetry();
    const failed = failureOf(service.get("/x"), isServiceTimeoutError);
    await server.request(1);
    await clock.advance(10_000);
    await retry;
    await clock.advance(0);
    await server.request(2);
    await clock.advance(5_000);
    expect(await failed).toMatchObject({ limit: "deadline", elapsedMs: 15_000, attempts: [{}, {}] });
    expect(server.requests).toHaveLength(2);
  });

  test("is inherited, and the earlier one wins", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerNothing);
    await using service = await startedPayments(server, { clock });
    const failed = withDeadline({ deadlineMs: 50, clock }, () => failureOf(service.get("/x"), isServiceTimeoutError));
    await server.request(1);
    await clock.advance(50);
    expect(await failed).toMatchObject({ limit: "deadline", limitMs: 50 });
  });

  test("that passed before the call was made keeps it from being sent", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer();
    await using service = await startedPayments(server, { clock });
    const error = await withDeadline({ deadlineMs: 50, clock }, async () => {
      clock.jump(80);
      return failureOf(service.post("/x"), isServiceTimeoutError);
    });
    expect(error).toMatchObject({ limit: "deadline", limitMs: 0, outcome: "not-sent", attempts: [] });
    expect(server.connections).toBe(0);
  });
});

describe("an abort by the caller", () => {
  const reason = { why: "the user left" };

  test("before the call keeps it from being sent, with the very same reason", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    expect(await reasonOf(service.get("/x", { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(server.connections).toBe(0);
  });

  test("in flight closes the connection and leaves no listener", async () => {
    await using server = await httpServer(answerNothing);
    await using service = await startedPayments(server);
    const controller = new AbortController();
    const call = reasonOf(service.post("/x", { signal: controller.signal }));
    const seen = await server.request(1);
    controller.abort(reason);
    expect(await call).toBe(reason);
    await seen.connectionClosed;
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });

  test("in backoff ends it there", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerHeads([429, { "retry-after": "2" }]));
    await using service = await startedPayments(server, { clock });
    const controller = new AbortController();
    const retry = nextRetry();
    const call = reasonOf(service.get("/x", { signal: controller.signal }));
    await retry;
    controller.abort(reason);
    expect(await call).toBe(reason);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });

  test("by an inherited signal passes its reason through as well", async () => {
    await using server = await httpServer(answerNothing);
    await using service = await startedPayments(server);
    const outer = new AbortController();
    const own = new AbortController();
    const call = withDeadline({ signal: outer.signal }, () => reasonOf(service.get("/x", { signal: own.signal })));
    await server.request(1);
    outer.abort(reason);
    expect(await call).toBe(reason);
    expect([outer, own].flatMap(({ signal }) => getEventListeners(signal, "abort"))).toEqual([]);
  });

  test("of a signal whose calls are over leaves no listener behind", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 20 }, () => service.get("/x", { signal })));
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

describe("the life of a service", () => {
  test("a call before connect() is refused and says what to do", async () => {
    await using server = await httpServer();
    const service = payments(server);
    const error = await failureOf(service.get("/x"), isServiceUnavailableError);
    expect(error).toMatchObject({ reason: "not-started", outcome: "not-sent" });
    expect(error.message).toContain("await its connect()");
    expect(server.connections).toBe(0);
  });

  test("connect() makes no connection, so a service that is down does not keep the application from starting", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    expect(service.lifecycle).toBe("ready");
    expect(server.connections).toBe(0);
  });

  test("a service that never made a call, or was never connected, closes", async () => {
    await using server = await httpServer();
    await payments(server).close();
    const ready = await startedPayments(server);
    await ready.close();
    await ready.close();
    expect(ready.lifecycle).toBe("stopped");
  });

  test("close() lets calls under way end, and refuses new ones", async () => {
    const held = Promise.withResolvers<() => void>();
    await using server = await httpServer((_request, response) => held.resolve(() => response.end("done")));
    const service = await startedPayments(server);
    const underWay = service.get("/slow");
    const finish = await held.promise;
    const closing = service.close();
    const refused = await failureOf(service.get("/new"), isServiceUnavailableError);
    expect(refused).toMatchObject({ reason: "draining", outcome: "not-sent" });
    finish();
    expect((await underWay).text()).toBe("done");
    await closing;
    await server.allClosed();
    const late = await failureOf(service.get("/late"), isServiceUnavailableError);
    expect(late.reason).toBe("stopped");
    expect(server.requests).toHaveLength(1);
  });

  test("calls that are still under way after the close limit are ended, their effect unknown", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerNothing);
    const service = await startedPayments(server, { clock, closeTimeoutMs: 200 });
    const failed = failureOf(service.post("/slow"), isServiceUnavailableError);
    await server.request(1);
    const closing = service.close();
    await clock.advance(200);
    await closing;
    expect(await failed).toMatchObject({ reason: "draining", outcome: "unknown", retryable: false });
    await server.allClosed();
    expect(clock.timers).toBe(0);
  });

  test("a call in backoff is ended by the close limit", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerHeads([429, { "retry-after": "3" }]));
    const service = await startedPayments(server, { clock, closeTimeoutMs: 200 });
    const retry = nextRetry();
    const failed = failureOf(service.get("/x"), isServiceUnavailableError);
    await retry;
    const closing = service.close();
    await clock.advance(200);
    await closing;
    expect(await failed).toMatchObject({ reason: "draining", outcome: "rejected" });
    expect(clock.timers).toBe(0);
  });

  test("the process can end after a call and a close", async () => {
    await using server = await httpServer();
    expect(await runScript(server, "await service.close();")).toBe("200");
  });

  test("the process can end after a call even without a close, once the server hangs up", async () => {
    await using server = await httpServer((_request, response) => response.setHeader("connection", "close").end());
    expect(await runScript(server, "")).toBe("200");
  });

  async function runScript(server: TestServer, last: string): Promise<string> {
    const script = `
      import { RESTService, silentLogger } from ${JSON.stringify(new URL("../../src/index.ts", import.meta.url).href)};
      class Payments extends RESTService {}
      const service = await new Payments({ baseUrl: ${JSON.stringify(server.url)}, logger: silentLogger }).connect();
      process.stdout.write(String((await service.get("/x")).status));
      ${last}`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
    return stdout;
  }
});

describe("health", () => {
  test("is asked at /health, below the base, by GET, and passes", async () => {
    await using server = await httpServer();
    await using service = await startedPayments({ url: `${server.url}/api` });
    const report = await service.checkHealth();
    expect(report).toMatchObject({ service: "payments", status: "pass", state: "ready", details: { inFlight: 0 } });
    expect(new Date(report.time).toISOString()).toBe(report.time);
    expect(server.requests).toMatchObject([{ method: "GET", url: "/api/health" }]);
  });

  test("is asked where the options say", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server, { healthEndpoint: "status/live" });
    await service.checkHealth();
    expect(server.requests[0]?.url).toBe("/status/live");
  });

  test("without an endpoint is that of the object alone", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server, { healthEndpoint: false });
    expect(await service.checkHealth()).toMatchObject({
      status: "pass",
      output: expect.stringContaining("no health endpoint"),
    });
    expect(server.connections).toBe(0);
  });

  test("is a warning when the service throttles us, and fails on any other answer, without retries", async () => {
    await using server = await httpServer(answerStatuses(429, 503));
    await using service = await startedPayments(server);
    expect(await service.checkHealth()).toMatchObject({ status: "warn", output: expect.stringContaining("429") });
    expect(await service.checkHealth()).toMatchObject({ status: "fail", output: expect.stringContaining("503") });
    expect(server.requests).toHaveLength(2);
  });

  test("fails and does not throw where the service is not ready", async () => {
    await using server = await httpServer();
    const service = payments(server);
    expect(await service.checkHealth()).toMatchObject({
      status: "fail",
      state: "idle",
      output: expect.stringContaining("connect()"),
    });
    expect(server.connections).toBe(0);
  });

  test("fails after 5 s, however long the deadline of the service", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerNothing);
    await using service = await startedPayments(server, { clock });
    const report = service.checkHealth();
    await server.request(1);
    await clock.advance(5_000);
    expect(await report).toMatchObject({
      status: "fail",
      latencyMs: 5_000,
      output: expect.stringContaining("deadline limit"),
    });
  });

  test("that the caller gives up throws the caller's reason", async () => {
    await using server = await httpServer(answerNothing);
    await using service = await startedPayments(server);
    const controller = new AbortController();
    const check = reasonOf(service.checkHealth({ signal: controller.signal }));
    await server.request(1);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await check).toBe(reason);
  });
});

describe("what is said to the log", () => {
  test("at debug: each attempt, its answer, its duration; at warn: one line for a call that failed", async () => {
    const { logger, entries } = logbook();
    await using server = await httpServer(answerStatuses(503, 200, 404));
    await using service = await startedPayments(server, { logger });
    await service.get("/a");
    await anyFailureOf(service.get("/b"));
    const said = entries.filter(({ message }) => message !== "service lifecycle");
    expect(said.map(({ level, message }) => `${level} ${message}`)).toEqual([
      "debug request",
      "debug response",
      "debug request",
      "debug response",
      "debug request",
      "debug response",
      "warn call failed",
    ]);
    expect(said[1]?.fields).toMatchObject({ method: "GET", path: "/a", attempt: 1, status: 503, bytes: 0 });
    expect(said[1]?.fields["durationMs"]).toBeTypeOf("number");
    expect(said[6]?.fields).toMatchObject({ error: { code: "response-status", status: 404 } });
  });

  test("at debug: how an attempt ended that had no answer", async () => {
    const { logger, entries } = logbook();
    await using server = await rawAnswer("");
    await using service = await startedPayments(server, { logger, retry: false });
    await anyFailureOf(service.get("/x"));
    await reasonOf(abortedInFlight(logger));
    expect(entries.filter(({ message }) => message === "no response").map(({ fields }) => fields["code"])).toEqual([
      "connection-reset",
      "aborted",
    ]);
  });

  async function abortedInFlight(logger: ReturnType<typeof logbook>["logger"]): Promise<void> {
    await using server = await httpServer(answerNothing);
    await using service = await startedPayments(server, { logger });
    const controller = new AbortController();
    const call = service.get("/x", { signal: controller.signal });
    void server.request(1).then(() => controller.abort());
    await call;
  }

  test("is nothing about attempts where debug is off", async () => {
    const { logger, entries } = logbook(false);
    await using server = await httpServer();
    await using service = await startedPayments(server, { logger });
    await service.get("/x");
    expect(entries.filter(({ message }) => message !== "service lifecycle")).toEqual([]);
  });
});

describe("no secret is shown", () => {
  const key = "sk_live_4242";

  test.each([
    [
      "an answer that echoes them",
      () =>
        httpServer((_q, response) => {
          response.writeHead(400, { "set-cookie": key, "x-api-key": key, "content-type": "application/problem+json" });
          response.end(JSON.stringify({ detail: key }));
        }),
    ],
    [
      "a rate limit that echoes them",
      () =>
        httpServer((_q, response) => {
          response.writeHead(429, { "retry-after": "3600", "set-cookie": key }).end(key);
        }),
    ],
    ["an answer that is not JSON", () => httpServer((_q, response) => void response.end(key))],
    ["an answer that does not match", () => httpServer(answerJson({ id: key }))],
    [
      "a redirect",
      () =>
        httpServer((_q, response) => {
          response.writeHead(302, { location: `https://x.test/?token=${key}` }).end();
        }),
    ],
    ["an answer that is not HTTP", () => rawAnswer(`${key}\n\n`)],
    ["a connection that breaks", () => rawServer((socket) => void socket.on("data", () => socket.resetAndDestroy()))],
  ])("by message, inspect, JSON or the log at debug, after %s", async (_what, serve) => {
    const { logger, entries } = logbook();
    await using server = await serve();
    await using service = await startedPayments(server, {
      logger,
      apiKey: new Secret(key),
      headers: { "x-auth-token": key },
    });
    const error = await anyFailureOf(
      service.postJson("/users/{id}?api_key=sk_live_4242", {
        path: { id: "u" },
        params: { access_token: key },
        headers: { cookie: key },
        json: { card: key },
        idempotencyKey: key,
        maxRetries: 0,
        schema: v.object({ id: v.number() }),
      }),
    );
    expect(isExternalServiceError(error)).toBe(true);
    const shown = [
      error.message,
      error.stack,
      inspect(error, { depth: 9 }),
      JSON.stringify(error),
      inspect(service, { depth: 9 }),
    ];
    for (const text of [...shown, ...entries.map((entry) => inspect(entry, { depth: 9 }))])
      expect(text).not.toContain(key);
    expect(entries.length).toBeGreaterThan(2);
  });

  test("a connection that could not be made shows none either", async () => {
    await using service = await startedPayments({ url: "http://no-such-host.invalid" }, { apiKey: key, retry: false });
    const error = await failureOf(service.get("/x", { params: { token: key } }), isServiceConnectionError);
    expect(inspect(error, { depth: 9 })).not.toContain(key);
  });
});

test("a call that succeeded leaves no timer that keeps the process up", async () => {
  const clock = new VirtualClock();
  await using server = await httpServer();
  const service = await startedPayments(server, { clock });
  await service.get("/x");
  await service.close();
  await settled();
  expect(clock.timers).toBe(0);
});
