import { Readable } from "node:stream";
import { Agent, type Dispatcher, MockAgent } from "undici";
import { beforeAll, describe, expect, test } from "vitest";
import {
  isServiceConfigurationError,
  isServiceConnectionError,
  isServiceTimeoutError,
  isServiceUnavailableError,
} from "../../src/core/errors.ts";
import { type Certificates, makeCertificates } from "../support/certificates.ts";
import {
  answerNothing,
  answerStatuses,
  httpServer,
  httpsServer,
  rawServer,
  refusingUrl,
} from "../support/http-server.ts";
import { failureOf, reasonOf, startedPayments } from "../support/rest-client.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const noRetry = { retry: false } as const;

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("ab");
  yield Buffer.from("cd");
}

describe("the pool", () => {
  test("200 calls at once on 4 connections all succeed, and never open a fifth", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server, { maxConnections: 4 });
    const responses = await Promise.all(Array.from({ length: 200 }, () => service.get("/x")));
    expect(responses.every(({ status }) => status === 200)).toBe(true);
    expect(server.mostOpenConnections).toBeLessThanOrEqual(4);
    expect(server.connections).toBe(4);
  });

  // Two, not one: undici takes a connection for free only one turn of the loop after it told the end of an answer.
  test("calls one after the other use connections again", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    for (let i = 0; i < 20; i++) await service.post("/x", { json: i });
    expect(server.connections).toBeLessThanOrEqual(2);
  });

  test("a call that waits for a connection until its limit was not sent", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerNothing);
    const service = await startedPayments(server, { clock, maxConnections: 1, concurrency: false, ...noRetry });
    const first = failureOf(service.post("/first"), isServiceTimeoutError);
    await server.request(1);
    const second = failureOf(service.post("/second"), isServiceTimeoutError);
    await clock.advance(10_000);
    expect(await first).toMatchObject({ limit: "attempt", phase: "headers", outcome: "unknown", retryable: false });
    expect(await second).toMatchObject({ limit: "attempt", phase: "queue", outcome: "not-sent", retryable: true });
    await service.close();
    expect(server.requests.map(({ url }) => url)).toEqual(["/first"]);
  });

  test("a call that is aborted while it waits for a connection is not sent later", async () => {
    const held = Promise.withResolvers<() => void>();
    await using server = await httpServer((_request, response, number) => {
      if (number === 1) held.resolve(() => response.end());
      else response.end();
    });
    await using service = await startedPayments(server, { maxConnections: 1 });
    const first = service.post("/first");
    const release = await held.promise;
    const controller = new AbortController();
    const second = reasonOf(service.post("/second", { stream: pieces(), signal: controller.signal }));
    const third = service.post("/third");
    controller.abort("changed my mind");
    expect(await second).toBe("changed my mind");
    release();
    await Promise.all([first, third]);
    expect(server.requests.map(({ url }) => url)).toEqual(["/first", "/third"]);
  });
});

describe("the connect limit", () => {
  test("covers the TLS handshake: nothing was sent, so any method is tried again", async () => {
    const clock = new VirtualClock();
    await using server = await rawServer((socket) => void socket.resume());
    const url = server.url.replace("http:", "https:");
    const options = { clock, connectTimeoutMs: 20, retry: { maxRetries: 1 } };
    await using service = await startedPayments({ url }, options);
    const failure = failureOf(service.post("/x", { json: 1 }), isServiceTimeoutError);
    await server.connected(1);
    await clock.advance(20);
    await server.connected(2);
    await clock.advance(20);
    const error = await failure;
    expect(error).toMatchObject({
      limit: "connect",
      limitMs: 20,
      phase: "connect",
      outcome: "not-sent",
      retryable: true,
    });
    expect(error.attempts).toHaveLength(2);
    expect(server.connections).toBe(2);
  });
});

describe("TLS", () => {
  let certificates: Certificates;

  beforeAll(async () => {
    certificates = await makeCertificates();
  });

  test("a certificate of a CA that was given is trusted", async () => {
    const { ca, server: own } = certificates;
    await using server = await httpsServer(own);
    await using service = await startedPayments(server, { tls: { ca } });
    await expect(service.getJson("/x")).resolves.toEqual({});
  });

  test.each([["127.0.0.1"], ["localhost"]])("a certificate for another host than %s is refused, once", async (host) => {
    const { ca, elsewhere } = certificates;
    await using server = await httpsServer(elsewhere, undefined, host);
    await using service = await startedPayments(server, { tls: { ca } });
    const error = await failureOf(service.get("/x"), isServiceConnectionError);
    expect(error).toMatchObject({ fault: "tls", outcome: "not-sent", retryable: false });
    expect(error.message).toContain("the TLS handshake failed (ERR_TLS_CERT_ALTNAME_INVALID)");
    expect(error.attempts).toHaveLength(1);
    expect(server.requests).toEqual([]);
  });

  test("a certificate of an unknown CA is refused, once", async () => {
    await using server = await httpsServer(certificates.server);
    await using service = await startedPayments(server);
    const error = await failureOf(service.get("/x"), isServiceConnectionError);
    expect(error).toMatchObject({ fault: "tls", outcome: "not-sent" });
    expect(error.attempts).toHaveLength(1);
  });

  test("rejectUnauthorized: false lets anybody be the service", async () => {
    await using server = await httpsServer(certificates.elsewhere);
    await using service = await startedPayments(server, { tls: { rejectUnauthorized: false } });
    await expect(service.getJson("/x")).resolves.toEqual({});
  });

  test("a server that speaks no TLS is a fault of TLS", async () => {
    await using server = await httpServer();
    await using service = await startedPayments({ url: server.url.replace("http:", "https:") });
    const error = await failureOf(service.get("/x"), isServiceConnectionError);
    expect(error).toMatchObject({ fault: "tls", outcome: "not-sent" });
  });

  test("a service that asks for our certificate gets it", async () => {
    const { ca, server: own, client } = certificates;
    await using server = await httpsServer({ ...own, ca, requestCert: true, rejectUnauthorized: true });
    await using service = await startedPayments(server, { tls: { ca, ...client } });
    await expect(service.getJson("/x")).resolves.toEqual({});
  });

  test("a service that misses our certificate says so after the handshake in TLS 1.3, and is not asked again", async () => {
    const { ca, server: own } = certificates;
    await using server = await httpsServer({ ...own, ca, requestCert: true, rejectUnauthorized: true });
    await using service = await startedPayments(server, { tls: { ca } });
    const error = await failureOf(service.get("/x"), isServiceConnectionError);
    expect(error).toMatchObject({ fault: "tls", outcome: "unknown", retryable: false });
    expect(error.message).toContain("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED");
    expect(error.attempts).toHaveLength(1);
    expect(server.requests).toEqual([]);
  });
});

describe("a streamed body", () => {
  test.each([
    ["a Node stream", () => Readable.from(pieces())],
    ["a web stream", () => new Blob(["abcd"]).stream()],
    ["an async generator", pieces],
    ["a list of pieces", () => [Buffer.from("ab"), Buffer.from("cd")]],
  ])("from a function that makes %s is whole on every attempt", async (_kind, stream) => {
    await using server = await httpServer(answerStatuses(503, 503, 200));
    await using service = await startedPayments(server);
    const { attempts } = await service.put("/x", { stream });
    expect(attempts).toHaveLength(3);
    expect(server.requests.map(({ body }) => body)).toEqual(["abcd", "abcd", "abcd"]);
  });

  test.each([
    ["a Node stream", () => Readable.from(pieces())],
    ["a web stream", () => new Blob(["abcd"]).stream()],
    ["an async generator", pieces],
  ])("given as %s is sent once and never tried again", async (_kind, make) => {
    await using server = await httpServer(answerStatuses(503, 200));
    await using service = await startedPayments(server);
    await expect(service.put("/x", { stream: make() })).rejects.toMatchObject({
      status: 503,
      attempts: [{ number: 1 }],
    });
    expect(server.requests.map(({ body }) => body)).toEqual(["abcd"]);
  });

  test("given as it is, is not tried again even where nothing was sent", async () => {
    await using service = await startedPayments({ url: await refusingUrl() });
    const error = await failureOf(service.put("/x", { stream: pieces() }), isServiceConnectionError);
    expect(error).toMatchObject({ fault: "connect", outcome: "not-sent" });
    expect(error.attempts).toHaveLength(1);
  });

  test("used by an earlier call is refused and never sent empty", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    const stream = pieces();
    await service.put("/x", { stream });
    const refusal = await failureOf(service.put("/x", { stream }), isServiceConfigurationError);
    expect(refusal.message).toContain("would be sent empty");
    expect(server.requests).toHaveLength(1);
  });

  test("handed out twice by its function fails the call: the second attempt is not sent empty", async () => {
    await using server = await httpServer(answerStatuses(500, 200));
    await using service = await startedPayments(server);
    const stream = pieces();
    const error = await failureOf(service.put("/x", { stream: () => stream }), isServiceConnectionError);
    expect(error.message).toContain("the stream of the body failed");
    expect(error).toMatchObject({ outcome: "unknown", attempts: [{ status: 500 }, { outcome: "not-sent" }] });
    expect(error.cause).toHaveProperty("message", expect.stringContaining("would be sent empty"));
    expect(server.requests.map(({ body }) => body)).toEqual(["abcd"]);
  });

  test.each([
    ["throws an error", new Error("no such file"), "no such file"],
    ["throws something else", "no such file", "no such file"],
  ])(
    "whose function %s is the caller's to mend: nothing is sent and nothing tried again",
    async (_how, thrown, text) => {
      let asked = 0;
      await using server = await httpServer();
      await using service = await startedPayments(server);
      const stream = (): Readable => {
        asked += 1;
        // oxlint-disable-next-line typescript/only-throw-error
        throw thrown;
      };
      const refusal = await failureOf(service.put("/x", { stream }), isServiceConfigurationError);
      expect(refusal.problems).toEqual([`PUT /x: the stream of the body cannot be read: ${text}`]);
      expect(asked).toBe(1);
      expect(server.connections).toBe(0);
    },
  );

  test.each([
    ["a generator", () => failing()],
    ["a Node stream", () => Readable.from(failing())],
  ])(
    "as %s that fails amid the body ends the call with its cause, and closes the connection",
    async (_kind, stream) => {
      await using server = await httpServer();
      await using service = await startedPayments(server);
      const error = await failureOf(service.put("/x", { stream }), isServiceConnectionError);
      expect(error).toMatchObject({ fault: "reset", outcome: "unknown" });
      expect(error.cause).toHaveProperty("message", "disk");
      expect(error.attempts).toHaveLength(1);
      await server.allClosed();
      expect(server.requests).toEqual([]);
    },
  );

  async function* failing(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("ab");
    throw new Error("disk");
  }

  test("shorter than its content-length is an error, not a hanging call", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    const call = service.put("/x", { stream: pieces, headers: { "content-length": "9" } });
    const error = await failureOf(call, isServiceConnectionError);
    expect(error.attempts).toHaveLength(1);
    expect(server.requests).toEqual([]);
  });

  test("is given back when the call is aborted", async () => {
    const controller = new AbortController();
    const started = Promise.withResolvers<void>();
    const returned = Promise.withResolvers<void>();
    async function* waiting(): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.from("ab");
        started.resolve();
        for (;;) yield Buffer.alloc(1 << 16);
      } finally {
        returned.resolve();
      }
    }
    await using server = await rawServer((socket) => void socket.pause());
    await using service = await startedPayments(server);
    const reason = new Error("enough");
    const call = reasonOf(service.put("/x", { stream: waiting, signal: controller.signal }));
    await started.promise;
    controller.abort(reason);
    expect(await call).toBe(reason);
    await returned.promise;
  });
});

describe("a dispatcher of the caller's", () => {
  test("is used instead of a pool, and left open", async () => {
    const agent = new MockAgent();
    agent.disableNetConnect();
    const upstream = agent.get("https://api.test");
    upstream.intercept({ path: "/x", method: "POST" }).reply(503);
    upstream.intercept({ path: "/x", method: "POST" }).reply(200, { id: "p_1" });
    const service = await startedPayments({ url: "https://api.test" }, { dispatcher: agent });
    await expect(service.postJson("/x", { json: 1, idempotencyKey: "k" })).resolves.toEqual({ id: "p_1" });
    await service.close();
    const again = await startedPayments({ url: "https://api.test" }, { dispatcher: agent });
    upstream.intercept({ path: "/y" }).reply(204);
    expect((await again.get("/y")).status).toBe(204);
    await again.close();
    await agent.close();
  });

  test("may write into the headers of one call, and does so into those of no other", async () => {
    await using server = await httpServer();
    const agent = new Agent();
    let calls = 0;
    const tracing = agent.compose((dispatch) => (options, handler) => {
      Object.assign(options.headers ?? {}, { [`x-span-${(calls += 1)}`]: "1" });
      return dispatch(options, handler);
    });
    await using service = await startedPayments(server, { dispatcher: tracing });
    await service.get("/x");
    await service.get("/x");
    await service.post("/x", { json: 1 });
    await service.post("/x", { json: 1 });
    const spans = server.requests.map(({ headers }) =>
      Object.keys(headers).filter((name) => name.startsWith("x-span")),
    );
    expect(spans).toEqual([["x-span-1"], ["x-span-2"], ["x-span-3"], ["x-span-4"]]);
    await agent.close();
  });

  test("that throws fails the call as a connection that was not made", async () => {
    const broken = {
      dispatch: () => {
        // oxlint-disable-next-line typescript/only-throw-error
        throw "out of order";
      },
    } as unknown as Dispatcher;
    await using service = await startedPayments({ url: "https://api.test" }, { dispatcher: broken, ...noRetry });
    const error = await failureOf(service.get("/x"), isServiceConnectionError);
    expect(error).toMatchObject({ fault: "connect", outcome: "not-sent" });
    expect(error.cause).toHaveProperty("message", "out of order");
  });

  test("that goes on after the attempt was given up is told to stop, and changes nothing", async () => {
    const clock = new VirtualClock();
    const dispatched = Promise.withResolvers<Dispatcher.DispatchHandler>();
    const slow = {
      dispatch: (_options: unknown, handler: Dispatcher.DispatchHandler) => {
        dispatched.resolve(handler);
        return true;
      },
    } as unknown as Dispatcher;
    await using service = await startedPayments({ url: "https://api.test" }, { dispatcher: slow, clock, ...noRetry });
    const failed = failureOf(service.post("/x"), isServiceTimeoutError);
    const handler = await dispatched.promise;
    await clock.advance(10_000);
    expect(await failed).toMatchObject({ limit: "attempt", outcome: "not-sent", phase: "queue" });
    let aborts = 0;
    const controller = { abort: () => (aborts += 1) } as unknown as Dispatcher.DispatchController;
    handler.onRequestStart?.(controller, undefined);
    expect(aborts).toBe(1);
    handler.onRequestSent?.();
    handler.onResponseStart?.(controller, 200, {});
    handler.onResponseData?.(controller, Buffer.from("late"));
    handler.onResponseEnd?.(controller, {});
    handler.onResponseError?.(controller, new Error("late"));
    expect(aborts).toBe(1);
  });
});

describe("timings", () => {
  test("tell the wait for a connection, for the answer, and the reading of it", async () => {
    const clock = new VirtualClock();
    const headSent = Promise.withResolvers<() => void>();
    await using server = await httpServer((_request, response) => {
      clock.jump(20);
      response.write("a");
      headSent.resolve(() => response.end("b"));
    });
    await using service = await startedPayments(server, { clock });
    const call = service.get("/x");
    clock.jump(5);
    const finish = await headSent.promise;
    finish();
    const { timings } = await call;
    expect(timings).toMatchObject({ queueMs: 5, waitMs: 20, totalMs: 25 });
  });
});

describe("closing", () => {
  test("closes the idle keep-alive connections", async () => {
    await using server = await httpServer();
    const service = await startedPayments(server);
    await service.get("/x");
    expect(server.openConnections).toBe(1);
    await service.close();
    await server.allClosed();
    expect(server.openConnections).toBe(0);
  });

  test("ends the calls that wait for a connection as not sent", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerNothing);
    const service = await startedPayments(server, { clock, maxConnections: 1, closeTimeoutMs: 100 });
    const first = failureOf(service.post("/first"), isServiceUnavailableError);
    await server.request(1);
    const second = failureOf(service.post("/second"), isServiceUnavailableError);
    const closing = service.close();
    await clock.advance(100);
    await closing;
    expect([(await first).outcome, (await second).outcome]).toEqual(["unknown", "not-sent"]);
    expect(server.requests).toHaveLength(1);
  });
});
