import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import {
  isServiceConnectionError,
  isServiceDecodeError,
  isServiceRateLimitError,
  isServiceResponseError,
  isServiceTimeoutError,
} from "../../src/core/errors.ts";
import { withRequest } from "../../src/core/request-scope.ts";
import { type Answering, answerNothing, httpServer, refusingUrl } from "../support/http-server.ts";
import { failureOf, startedPayments } from "../support/rest-client.ts";
import { textOfBody, TransportCalls } from "../support/transport-calls.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const noRetry = { retry: false } as const;

/** Redirects every request for `/from…` there, with the status that follows in its path. */
const redirectTo =
  (location: string, status = 302, body = ""): Answering =>
  (request, response) => {
    if (!request.url.startsWith("/from")) {
      response.end(JSON.stringify({ at: request.url }));
      return;
    }
    response.writeHead(status, { location });
    response.end(body);
  };

describe("a redirect is followed", () => {
  test("within the origin, with all headers and on the same connection", async () => {
    await using server = await httpServer(redirectTo("/to?a=1"));
    await using service = await startedPayments(server, { apiKey: "sk_1" });
    const response = await service.get("/from", { headers: { "x-tenant": "a" } });
    expect(response.json()).toEqual({ at: "/to?a=1" });
    expect(response.attempts).toMatchObject([{ status: 200 }]);
    expect(server.requests.map(({ headers }) => [headers.authorization, headers["x-tenant"]])).toEqual([
      ["Bearer sk_1", "a"],
      ["Bearer sk_1", "a"],
    ]);
  });

  test("to another origin without credentials, keys and cookies, whatever their names", async () => {
    await using other = await httpServer();
    await using server = await httpServer(redirectTo(`${other.url}/to`, 307));
    await using service = await startedPayments(server, { apiKey: "sk_1", headers: { "x-custom-credential": "sk_2" } });
    await service.delete("/from", { idempotencyKey: "k", headers: { cookie: "a=1" } });
    const [seen] = other.requests;
    expect(seen).toMatchObject({ method: "DELETE", url: "/to" });
    const names = Object.keys(seen?.headers ?? {}).filter((name) => name !== "content-length");
    expect(names.toSorted()).toEqual(["accept-encoding", "connection", "host", "user-agent"]);
    expect(`http://${seen?.headers.host}`).toBe(other.url);
  });

  test("with the trace of the request within the origin, and without it to another one", async () => {
    await using other = await httpServer();
    await using server = await httpServer((request, response) => {
      const location = request.url === "/from" ? "/between" : `${other.url}/to`;
      response.writeHead(302, { location }).end();
    });
    await using service = await startedPayments(server);
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await withRequest({ trace: { traceparent, tracestate: "tenant=a" } }, () => service.get("/from"));
    const traces = [...server.requests, ...other.requests].map(({ headers: h }) => [h.traceparent, h["tracestate"]]);
    expect(traces).toEqual([
      [traceparent, "tenant=a"],
      [traceparent, "tenant=a"],
      [undefined, undefined],
    ]);
  });

  test("never with its body to another origin: it was meant for the service alone", async () => {
    await using other = await httpServer();
    await using server = await httpServer(redirectTo(`${other.url}/to`, 307));
    await using service = await startedPayments(server, noRetry);
    const error = await failureOf(service.put("/from", { json: { card: "4242" } }), isServiceResponseError);
    expect(error.message).toContain(`it leads to ${other.url}, and the body was meant for the service alone`);
    expect(other.requests).toEqual([]);
  });

  test("with its body where the status keeps it, from a function anew", async () => {
    await using server = await httpServer(redirectTo("/to", 308));
    await using service = await startedPayments(server);
    await service.post("/from", { stream: () => Readable.from([Buffer.from("ab")]) });
    expect(server.requests.map(({ method, url, body }) => [method, url, body])).toEqual([
      ["POST", "/from", "ab"],
      ["POST", "/to", "ab"],
    ]);
  });

  test("as GET without a body where the status says so", async () => {
    await using server = await httpServer(redirectTo("/to", 303));
    await using service = await startedPayments(server);
    expect(await service.postJson("/from", { json: 1 })).toEqual({ at: "/to" });
    expect(server.requests.map(({ method, body }) => [method, body])).toEqual([
      ["POST", "1"],
      ["GET", ""],
    ]);
    expect(server.requests[1]?.headers).not.toHaveProperty("content-type");
  });

  test("past a body of its own that nobody wants, however long", async () => {
    await using server = await httpServer((request, response) => {
      if (request.url === "/to") {
        response.end("{}");
        return;
      }
      response.on("error", () => undefined);
      response.writeHead(302, { location: "/to", "content-length": String(1 << 30) });
      response.write(Buffer.alloc(1 << 20));
    });
    await using service = await startedPayments(server);
    expect(await service.getJson("/from")).toEqual({});
  });

  test("for an open answer too", async () => {
    await using server = await httpServer(redirectTo("/to"));
    await using calls = new TransportCalls(server);
    const { value } = await calls.open("/from");
    expect(await textOfBody(value.body)).toBe('{"at":"/to"}');
  });

  test("for HEAD", async () => {
    await using server = await httpServer(redirectTo("/to"));
    await using service = await startedPayments(server);
    expect((await service.head("/from")).status).toBe(200);
    expect(server.requests.map(({ method }) => method)).toEqual(["HEAD", "HEAD"]);
  });
});

describe("a redirect that is not followed is an error", () => {
  test("which says why, once, with origins alone", async () => {
    await using server = await httpServer((_request, response) => {
      response.writeHead(302, { location: "/from?token=sk_1" });
      response.end();
    });
    await using service = await startedPayments(server);
    const error = await failureOf(service.get("/from?token=sk_1"), isServiceResponseError);
    expect(error).toMatchObject({ status: 302, outcome: "rejected", retryable: false });
    expect(error.message).toContain(`it leads back to where it came from, at ${server.url}: a loop`);
    expect(error.message).not.toContain("sk_1");
    expect(error.attempts).toHaveLength(1);
    expect(server.requests).toHaveLength(1);
  });

  test("past maxRedirects", async () => {
    await using server = await httpServer((_request, response, number) => {
      response.writeHead(302, { location: `/${number}` });
      response.end();
    });
    await using service = await startedPayments(server, { maxRedirects: 3 });
    const error = await failureOf(service.get("/0"), isServiceResponseError);
    expect(error.message).toContain("one more than maxRedirects (3)");
    expect(server.requests).toHaveLength(4);
  });

  test("where none is allowed", async () => {
    await using server = await httpServer(redirectTo("/to"));
    await using service = await startedPayments(server, { maxRedirects: 0 });
    const error = await failureOf(service.get("/from"), isServiceResponseError);
    expect(error.message).toContain("point the base URL at its goal");
  });

  test("where the body was a stream that was read", async () => {
    await using server = await httpServer(redirectTo("/to", 307));
    await using service = await startedPayments(server);
    const call = service.put("/from", { stream: Readable.from([Buffer.from("ab")]) });
    const error = await failureOf(call, isServiceResponseError);
    expect(error.message).toContain("a stream that can be read once: give a function");
    expect(server.requests).toHaveLength(1);
  });
});

describe("beyond a redirect", () => {
  test("the size cap holds", async () => {
    await using server = await httpServer(redirectTo(`/to${"x".repeat(200)}`));
    await using service = await startedPayments(server, { maxResponseBytes: 100, ...noRetry });
    expect(await failureOf(service.get("/from"), isServiceDecodeError)).toMatchObject({ fault: "too-large" });
  });

  test("the limit of the attempt holds, and covers all hops", async () => {
    const clock = new VirtualClock();
    await using other = await httpServer(answerNothing);
    await using server = await httpServer(redirectTo(other.url));
    await using service = await startedPayments(server, { clock, ...noRetry });
    const failed = failureOf(service.get("/from"), isServiceTimeoutError);
    await other.request(1);
    await clock.advance(10_000);
    expect(await failed).toMatchObject({ limit: "attempt", phase: "headers", outcome: "unknown" });
    await other.allClosed();
  });

  test("an abort holds also while the redirect's own body is under way", async () => {
    const controller = new AbortController();
    const begun = Promise.withResolvers<void>();
    await using server = await httpServer((_request, response) => {
      response.writeHead(302, { location: "/to" });
      response.write("x", () => begun.resolve());
    });
    await using service = await startedPayments(server);
    const call = service.get("/from", { signal: controller.signal });
    await begun.promise;
    controller.abort("enough");
    await expect(call).rejects.toBe("enough");
    await server.allClosed();
    expect(server.requests).toHaveLength(1);
  });

  test("a call that has become a GET may have taken effect, and is not begun anew", async () => {
    await using server = await httpServer((request, response) => {
      response.writeHead(request.method === "POST" ? 303 : 503, { location: "/to" });
      response.end();
    });
    await using service = await startedPayments(server);
    const error = await failureOf(service.post("/from", { json: 1 }), isServiceResponseError);
    expect(error).toMatchObject({ status: 503, outcome: "unknown", retryable: false });
    expect(server.requests.map(({ method }) => method)).toEqual(["POST", "GET"]);
  });

  test("not even where the GET is answered 429", async () => {
    await using server = await httpServer((request, response) => {
      response.writeHead(request.method === "POST" ? 303 : 429, { location: "/to" });
      response.end();
    });
    await using service = await startedPayments(server);
    const error = await failureOf(service.post("/from", { json: 1 }), isServiceRateLimitError);
    expect(error.outcome).toBe("unknown");
    expect(server.requests.map(({ method }) => method)).toEqual(["POST", "GET"]);
  });

  test("a place that cannot be reached leaves a GET unknown, and a POST that was passed on refused", async () => {
    const nowhere = await refusingUrl();
    await using server = await httpServer((request, response) => {
      response.writeHead(request.url === "/see-other" ? 303 : 307, { location: nowhere });
      response.end();
    });
    await using service = await startedPayments(server);
    const seeOther = await failureOf(service.post("/see-other", { json: 1 }), isServiceConnectionError);
    expect(seeOther).toMatchObject({ fault: "connect", outcome: "unknown", retryable: false });
    const passedOn = await failureOf(service.post("/passed-on"), isServiceConnectionError);
    expect(passedOn).toMatchObject({ fault: "connect", outcome: "rejected" });
    expect(server.requests).toHaveLength(2);
  });

  test("an idempotent call is begun anew", async () => {
    await using server = await httpServer((request, response, number) => {
      response.writeHead(request.url === "/from" ? 302 : number < 4 ? 503 : 200, { location: "/to" });
      response.end();
    });
    await using service = await startedPayments(server);
    const { attempts } = await service.get("/from");
    expect(attempts).toMatchObject([{ status: 503 }, { status: 200 }]);
  });
});
