import { describe, expect, test } from "vitest";
import { withoutDeadline } from "../../src/core/deadline.ts";
import { isExternalServiceError } from "../../src/core/errors.ts";
import { withRequest } from "../../src/core/request-scope.ts";
import { hmac } from "../../src/rest/auth/hmac.ts";
import { answerJson, answerStatuses, httpServer } from "../support/http-server.ts";
import { type LogEntry, logbook, reasonOf, startedPayments } from "../support/rest-client.ts";

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const tracestate = "rojo=00f067aa0ba902b7";
const mine = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-00";
const traced = <T>(work: () => T): T => withRequest({ trace: { traceparent, tracestate } }, work);

describe("the trace of a request", () => {
  test("goes unchanged with every attempt of its calls", async () => {
    await using server = await httpServer(answerStatuses(503, 200));
    await using service = await startedPayments(server);
    await traced(() => service.get("/a"));
    await service.get("/b");
    expect(server.requests.map(({ headers }) => [headers.traceparent, headers["tracestate"]])).toEqual([
      [traceparent, tracestate],
      [traceparent, tracestate],
      [undefined, undefined],
    ]);
  });

  test("goes with what is read as it comes, and with what outlives the request", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    await traced(async () => {
      await using answer = await service.stream("/a");
      await answer.text();
      await withoutDeadline(() => service.get("/b"));
    });
    expect(server.requests.map(({ headers }) => headers.traceparent)).toEqual([traceparent, traceparent]);
  });

  test("yields to what the call says of its own, whatever the case of the name", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    await traced(async () => {
      await service.get("/own", { headers: { TraceParent: mine } });
      await service.get("/none", { headers: { traceparent: undefined } });
      await service.get("/state", { headers: { tracestate: "own=1" } });
    });
    expect(server.requests.map(({ headers }) => [headers.traceparent, headers["tracestate"]])).toEqual([
      // Another's state would say something of a trace that it is not of.
      [mine, undefined],
      [undefined, undefined],
      [traceparent, "own=1"],
    ]);
  });

  test("yields to what the service always sends, and can be switched off", async () => {
    await using server = await httpServer();
    await using fixed = await startedPayments(server, { headers: { traceparent: mine } });
    await using off = await startedPayments(server, { propagateTrace: false });
    await traced(async () => {
      await fixed.get("/fixed");
      await off.get("/off");
    });
    expect(server.requests.map(({ headers }) => headers.traceparent)).toEqual([mine, undefined]);
  });

  test("goes beside credentials, and is not signed", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server, {
      auth: { name: "seen", apply: ({ headers }) => ({ headers: { "x-seen": String(headers["traceparent"]) } }) },
    });
    await using signing = await startedPayments(server, { auth: hmac({ key: "secret" }) });
    await traced(async () => {
      await service.get("/a");
      await signing.get("/b");
    });
    expect(server.requests[0]?.headers).toMatchObject({ traceparent, "x-seen": "undefined" });
    expect(server.requests[1]?.headers).toMatchObject({ traceparent });
  });

  test("does not make two calls different: they are coalesced, and answered from the cache", async () => {
    await using server = await httpServer((request, response) => {
      response.setHeader("cache-control", "max-age=60");
      answerJson({ at: request.url })(request, response, 1);
    });
    await using shared = await startedPayments(server, { coalesce: true });
    const other = <T>(work: () => T): T => withRequest({ trace: { traceparent: mine } }, work);
    await Promise.all([traced(() => shared.get("/a")), other(() => shared.get("/a"))]);
    expect(server.requests).toHaveLength(1);
    await using cached = await startedPayments(server, { cache: true });
    await traced(() => cached.get("/b"));
    await other(() => cached.get("/b"));
    expect(server.requests).toHaveLength(2);
  });
});

describe("the logger of a request", () => {
  const said = (entries: readonly LogEntry[]): unknown[] =>
    entries.map(({ level, fields, message }) => [level, message, fields["service"]]);

  test("takes the lines of its calls, each with the service, and the service's own takes none of them", async () => {
    await using server = await httpServer(answerStatuses(404));
    const [own, request] = [logbook(), logbook()];
    await using service = await startedPayments(server, { logger: own.logger });
    const before = own.entries.length;
    await withRequest({ logger: request.logger }, () => reasonOf(service.get("/a")));
    expect(said(request.entries)).toEqual([
      ["debug", "request", "payments"],
      ["debug", "response", "payments"],
      ["warn", "call failed", "payments"],
    ]);
    expect(own.entries).toHaveLength(before);
  });

  test("is the service's own again outside of the request, whose lines say nothing twice", async () => {
    await using server = await httpServer(answerStatuses(404));
    const own = logbook(false);
    await using service = await startedPayments(server, { logger: own.logger });
    const before = own.entries.length;
    await reasonOf(service.get("/a"));
    expect(said(own.entries.slice(before))).toEqual([["warn", "call failed", undefined]]);
  });

  test("decides which lines are written", async () => {
    await using server = await httpServer();
    const [own, request] = [logbook(true), logbook(false)];
    await using service = await startedPayments(server, { logger: own.logger });
    const before = own.entries.length;
    await withRequest({ logger: request.logger }, () => service.get("/a"));
    expect([request.entries, own.entries.length]).toEqual([[], before]);
  });

  test("takes the line of a body that cannot be decoded", async () => {
    await using server = await httpServer((_request, response) => void response.end("no JSON"));
    const request = logbook(false);
    await using service = await startedPayments(server);
    await withRequest({ logger: request.logger }, () => reasonOf(service.getJson("/a")));
    expect(said(request.entries)).toEqual([["warn", "call failed", "payments"]]);
  });

  test("takes the line of an answer that breaks while it is read, on a connection that another request made", async () => {
    await using server = await httpServer((request, response) => {
      if (request.url === "/first") response.end("{}");
      else response.write("half", () => response.destroy());
    });
    const [first, second] = [logbook(false), logbook(false)];
    await using service = await startedPayments(server, { maxConnections: 1 });
    await withRequest({ logger: first.logger }, () => service.get("/first"));
    const reason = await withRequest({ logger: second.logger }, async () => {
      await using answer = await service.stream("/second");
      return await reasonOf(answer.text());
    });
    expect(isExternalServiceError(reason)).toBe(true);
    expect([said(first.entries), said(second.entries)]).toEqual([[], [["warn", "call failed", "payments"]]]);
  });
});
