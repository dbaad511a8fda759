import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { isServiceConfigurationError, isServiceDecodeError, isServiceRateLimitError } from "../../src/core/errors.ts";
import { hasErrorBody, schemaFor, type StatusSchemas, statusSchemasProblem } from "../../src/rest/status-schemas.ts";
import { type Answering, httpServer } from "../support/http-server.ts";
import { failureOf, reasonOf, startedPayments } from "../support/rest-client.ts";

const Payment = z.object({ id: z.string() });
const Pending = z.object({ position: z.number() });
const NotFound = z.object({ missing: z.string().transform((text) => text.toUpperCase()) });
const Trouble = z.object({ trace: z.string() });
const schema = { 200: Payment, 202: Pending, 404: NotFound, "5xx": Trouble };

const answer =
  (status: number, body: unknown): Answering =>
  (_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };

describe("schemas by status", () => {
  test.each([
    [200, { id: "pay_1" }],
    [202, { position: 3 }],
  ])("a success with status %d is read by its own schema", async (status, body) => {
    await using server = await httpServer(answer(status, body));
    await using service = await startedPayments(server);
    expect(await service.getJson("/", { schema })).toEqual(body);
  });

  test("a success whose status has no schema is not what was asked for", async () => {
    await using server = await httpServer(answer(201, { id: "pay_1" }));
    await using service = await startedPayments(server);
    const error = await failureOf(service.getJson("/", { schema }), isServiceDecodeError);
    expect(error).toMatchObject({ code: "decode-schema", status: 201, outcome: "accepted" });
    expect(error.message).toContain("there is no schema for an answer with status 201");
  });

  test("2xx stands for every success that has no schema of its own", async () => {
    await using server = await httpServer(answer(201, { id: "pay_1" }));
    await using service = await startedPayments(server);
    expect(await service.postJson("/", { schema: { 202: Pending, "2xx": Payment } })).toEqual({ id: "pay_1" });
  });

  test("an error is matched by its status, with what the schema made of its body", async () => {
    await using server = await httpServer(answer(404, { missing: "pay_9" }));
    await using service = await startedPayments(server);
    const result = await service.getJson("/", { schema }).safe();
    expect(result).toMatchObject({ ok: false, matched: 404, body: { missing: "PAY_9" } });
    const error = await reasonOf(service.getJson("/", { schema }));
    expect(hasErrorBody(error, NotFound) && error.body.missing).toBe("PAY_9");
    expect(hasErrorBody(error, Trouble)).toBe(false);
    expect(inspect(error)).not.toContain("PAY_9");
  });

  test("an error of a class is matched by the class", async () => {
    await using server = await httpServer(answer(503, { trace: "t" }));
    await using service = await startedPayments(server, { retry: false });
    const result = await service.getJson("/", { schema }).safe();
    expect(result).toMatchObject({ ok: false, matched: "5xx", body: { trace: "t" } });
  });

  test("an error that no schema describes, or whose body does not fit, stays as it is", async () => {
    await using server = await httpServer((request, response, number) => {
      answer(request.url === "/a" ? 409 : 404, { found: "x" })(request, response, number);
    });
    await using service = await startedPayments(server);
    for (const endpoint of ["/a", "/b"]) {
      const result = await service.getJson(endpoint, { schema }).safe();
      expect(result).toMatchObject({ ok: false, error: { body: { found: "x" } } });
      expect(result).not.toHaveProperty("matched");
      expect(hasErrorBody(!result.ok && result.error, NotFound)).toBe(false);
    }
  });

  test("a 429 is matched too", async () => {
    await using server = await httpServer(answer(429, { trace: "slow down" }));
    await using service = await startedPayments(server, { retry: false });
    const error = await failureOf(service.getJson("/", { schema: { 429: Trouble } }), isServiceRateLimitError);
    expect(hasErrorBody(error, Trouble) && error.body.trace).toBe("slow down");
  });

  test("are found for a status before those of its class", () => {
    const both: StatusSchemas = { 404: NotFound, "4xx": Trouble };
    expect(schemaFor(both, 404)).toEqual({ key: 404, schema: NotFound });
    expect(schemaFor(both, 409)).toEqual({ key: "4xx", schema: Trouble });
    expect(schemaFor(both, 500)).toBeUndefined();
    expect(schemaFor({}, 1e9)).toBeUndefined();
  });

  test("json() of a response takes them as well", async () => {
    await using server = await httpServer(answer(202, { position: 1 }));
    await using service = await startedPayments(server);
    expect(await (await service.get("/")).json(schema)).toEqual({ position: 1 });
  });

  test.each([
    ["nothing", {}, /^schema must be a Standard Schema/],
    ["a function", () => 1, /^schema must be a Standard Schema/],
    ["null", null, /^schema must be a Standard Schema/],
    ["a class that there is not", { "3xx": Payment }, "schema.3xx is not a status, 2xx, 4xx or 5xx"],
    ["a class in capitals", { "4XX": Payment }, "schema.4XX is not a status, 2xx, 4xx or 5xx"],
    ["no status", { 99: Payment }, "schema.99 is not a status, 2xx, 4xx or 5xx"],
    ["no schema", { 200: { id: "string" } }, /^schema.200 must be a Standard Schema/],
  ])("%s is refused", (_kind, schemas, problem) => {
    expect(statusSchemasProblem(schemas)).toMatch(problem);
  });

  test("what is no schema is refused before any I/O", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    await failureOf(service.getJson("/", { schema: { 99: Payment } }), isServiceConfigurationError);
    expect(server.connections).toBe(0);
  });
});
