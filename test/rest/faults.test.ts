import type { Socket } from "node:net";
import type { Dispatcher } from "undici";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import {
  isServiceConnectionError,
  isServiceDecodeError,
  isServiceRateLimitError,
  isServiceResponseError,
  isServiceTimeoutError,
} from "../../src/core/errors.ts";
import { httpServer, rawAnswer, rawServer, refusingUrl } from "../support/http-server.ts";
import { failureOf, startedPayments } from "../support/rest-client.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const noRetry = { retry: false } as const;

/** Writes the start of an answer that announces 10 bytes and holds 3, after each request. */
const writePartAnswer = (socket: Socket): void => {
  socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
};

/** Sees a request come in, then does something to the connection. */
const onRequest =
  (act: (socket: Socket, number: number) => void): ((socket: Socket, number: number) => void) =>
  (socket, number) =>
    void socket.on("data", () => act(socket, number));

describe("a connection that is not made", () => {
  test("is not sent, and is tried again whatever the method", async () => {
    const url = await refusingUrl();
    await using service = await startedPayments({ url });
    const error = await failureOf(service.post("/x", { json: 1 }), isServiceConnectionError);
    expect(error).toMatchObject({ fault: "connect", outcome: "not-sent", phase: "connect", retryable: true });
    expect(error.attempts.map(({ outcome }) => outcome)).toEqual(["not-sent", "not-sent", "not-sent", "not-sent"]);
    expect(error.message).toContain("no connection could be made (ECONNREFUSED)");
  });

  test("for want of a name is a fault of DNS", async () => {
    await using service = await startedPayments({ url: "http://no-such-host.invalid" }, noRetry);
    const error = await failureOf(service.get("/x"), isServiceConnectionError);
    expect(error).toMatchObject({ fault: "dns", outcome: "not-sent" });
  });
});

describe("a connection that breaks after the request was sent", () => {
  test("upon a 100 that nobody asked for says so: it is no fault of the network", async () => {
    await using server = await rawAnswer("HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\ncontent-length: 0\n\n");
    await using service = await startedPayments(server);
    const error = await failureOf(service.post("/x", { json: 1 }), isServiceConnectionError);
    expect(error).toMatchObject({ fault: "reset", outcome: "unknown" });
    expect(error.message).toContain("the service sent 100 Continue, which nobody had asked for");
  });

  test.each([
    ["a FIN instead of an answer", (socket: Socket) => void socket.end()],
    ["a RST instead of an answer", (socket: Socket) => void socket.resetAndDestroy()],
    [
      "a RST amid the body",
      (socket: Socket) => {
        writePartAnswer(socket);
        socket.resetAndDestroy();
      },
    ],
    [
      "a FIN before the announced length was reached",
      (socket: Socket) => {
        writePartAnswer(socket);
        socket.end();
      },
    ],
    [
      "a FIN amid the chunks",
      (socket: Socket) => void socket.end("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"),
    ],
  ])("by %s: a POST is sent exactly once, and its effect is unknown", async (_how, act) => {
    await using server = await rawServer(onRequest(act));
    await using service = await startedPayments(server);
    const error = await failureOf(service.post("/x", { json: 1 }), isServiceConnectionError);
    expect(error).toMatchObject({ fault: "reset", outcome: "unknown", retryable: false });
    expect(error.attempts).toHaveLength(1);
    expect(server.connections).toBe(1);
  });

  test.each([
    ["a GET", "GET", {}],
    ["a PUT", "PUT", { json: 1 }],
    ["a DELETE", "DELETE", {}],
    ["a POST with a key", "POST", { json: 1, idempotencyKey: "order-7" }],
  ])("%s is sent again", async (_what, method, options) => {
    await using server = await rawServer(
      onRequest((socket, number) => {
        if (number === 1) socket.resetAndDestroy();
        else socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
      }),
    );
    await using service = await startedPayments(server);
    const { attempts } = await service.request(method, "/x", options);
    expect(attempts).toMatchObject([
      { number: 1, code: "connection-reset", outcome: "unknown" },
      { number: 2, status: 200, outcome: "accepted" },
    ]);
  });
});

describe("a keep-alive connection", () => {
  test("that the server closed between two calls is not used again", async () => {
    await using server = await httpServer((_request, response, number) => {
      const { socket } = response;
      response.end(() => number === 1 && socket?.end());
    });
    await using service = await startedPayments(server);
    await service.post("/x", { json: 1 });
    await (await server.request(1)).connectionClosed;
    const { attempts } = await service.post("/x", { json: 1 });
    expect(attempts).toHaveLength(1);
    expect(server.connections).toBe(2);
  });

  test("that the server breaks under the next call loses a GET nothing, and a POST is not repeated", async () => {
    await using server = await httpServer((request, response) => {
      if (request.url === "/break") response.socket?.resetAndDestroy();
      else response.end();
    });
    await using service = await startedPayments(server);
    await service.get("/fine");
    await failureOf(service.post("/break"), isServiceConnectionError);
    expect(server.requests.map(({ url }) => url)).toEqual(["/fine", "/break"]);
  });
});

describe("an answer that is not HTTP", () => {
  test.each([
    ["no status line", "garbage\n\n"],
    ["a chunk size that is none", "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\nZZ\nabc"],
    ["two lengths", "HTTP/1.1 200 OK\ncontent-length: 5\ncontent-length: 6\n\nhello"],
    ["more headers than there is room for", `HTTP/1.1 200 OK\nx: ${"a".repeat(40_000)}\n\n`],
  ])("by %s breaks the protocol, and its bytes are not shown", async (_how, answer) => {
    await using server = await rawAnswer(answer);
    await using service = await startedPayments(server, noRetry);
    const error = await failureOf(service.get("/x"), isServiceConnectionError);
    expect(error).toMatchObject({ fault: "protocol", outcome: "unknown" });
    expect(error.message).toContain("the answer is not valid HTTP");
  });

  test("but an upgrade that nobody asked for, is an error and not a hanging call", async () => {
    await using server = await rawAnswer("HTTP/1.1 101 Switching Protocols\nupgrade: x\nconnection: upgrade\n\n");
    await using service = await startedPayments(server, noRetry);
    const error = await failureOf(service.get("/x"), isServiceConnectionError);
    expect(error.outcome).toBe("unknown");
  });
});

describe("an answer that is unusual, and allowed", () => {
  test("may be preceded by informational ones", async () => {
    await using server = await rawAnswer(
      "HTTP/1.1 102 Processing\n\nHTTP/1.1 103 Early Hints\nlink: </a>\n\nHTTP/1.1 200 OK\ncontent-length: 2\n\n{}",
    );
    await using service = await startedPayments(server);
    const response = await service.get("/x");
    expect(response.status).toBe(200);
    expect(response.header("link")).toBeUndefined();
    expect(response.text()).toBe("{}");
  });

  test("may have no length and end with the connection", async () => {
    await using server = await rawAnswer("HTTP/1.1 200 OK\n\nuntil the end");
    await using service = await startedPayments(server);
    expect((await service.get("/x")).text()).toBe("until the end");
  });

  test("may carry headers with names that every object has", async () => {
    await using server = await rawAnswer(
      "HTTP/1.1 200 OK\nconstructor: a\nconstructor: b\n__proto__: c\ncontent-length: 0\n\n",
    );
    await using service = await startedPayments(server);
    const response = await service.get("/x");
    expect([response.header("constructor"), response.header("__proto__")]).toEqual(["a", "c"]);
  });

  test("may say that its encoding is none, in any case", async () => {
    await using server = await rawAnswer("HTTP/1.1 200 OK\ncontent-encoding: Identity\ncontent-length: 2\n\n{}");
    await using service = await startedPayments(server);
    expect((await service.get("/x")).text()).toBe("{}");
  });

  test.each([
    [204, "GET"],
    [304, "GET"],
    [200, "HEAD"],
  ])("may describe a body that it does not have: %i to a %s", async (status, method) => {
    await using server = await rawAnswer(
      `HTTP/1.1 ${status} X\ncontent-encoding: gzip\netag: "1"\n${status === 204 ? "" : "content-length: 99999999999\n"}\n`,
    );
    await using service = await startedPayments(server, noRetry);
    const response = await service.request(method, "/x");
    expect(response.status).toBe(status);
    expect(response.bytes()).toHaveLength(0);
  });

  test("may come before the server has read the body", async () => {
    await using server = await rawServer((socket) => {
      socket.once("data", () =>
        socket.write("HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"),
      );
    });
    await using service = await startedPayments(server);
    const upload = service.post("/x", { stream: () => [Buffer.alloc(1 << 20), Buffer.alloc(1 << 20)] });
    const error = await failureOf(upload, isServiceResponseError);
    expect(error).toMatchObject({ status: 413, outcome: "rejected", retryable: false });
    await server.allClosed();
  });
});

describe("an answer that is refused", () => {
  test("for an encoding that was not asked for says which", async () => {
    await using server = await httpServer((_request, response) => {
      response.setHeader("content-encoding", "gzip");
      response.end(gzipSync("{}"));
    });
    await using service = await startedPayments(server, { decompress: false });
    const error = await failureOf(service.getJson("/x"), isServiceDecodeError);
    expect(error).toMatchObject({ fault: "encoding", status: 200, outcome: "accepted", retryable: false });
    expect(error.message).toContain("the answer is encoded (gzip) although no encoding was asked for");
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    ["that declares it", { "content-length": "11" }],
    ["that does not declare it", {}],
  ])("for its size, %s, is not read on: the connection is closed", async (_how, headers) => {
    await using server = await httpServer((_request, response) => {
      response.writeHead(200, headers);
      response.write("12345678901");
    });
    await using service = await startedPayments(server, { maxResponseBytes: 10 });
    const error = await failureOf(service.get("/x"), isServiceDecodeError);
    expect(error).toMatchObject({ fault: "too-large", status: 200, outcome: "accepted", phase: "body" });
    expect(error.message).toContain("larger than maxResponseBytes (10)");
    await (await server.request(1)).connectionClosed;
  });

  test("only above the limit: as many bytes as that are taken", async () => {
    await using server = await httpServer((_request, response) => response.end("1234567890"));
    await using service = await startedPayments(server, { maxResponseBytes: 10 });
    expect((await service.get("/x")).text()).toBe("1234567890");
  });

  test.each([
    [200, "accepted"],
    [302, "rejected"],
  ])("with status %i has the outcome %s", async (status, outcome) => {
    await using server = await httpServer((_request, response) => {
      response.statusCode = status;
      response.end("too long");
    });
    await using service = await startedPayments(server, { maxResponseBytes: 1 });
    const error = await failureOf(service.get("/x"), isServiceDecodeError);
    expect(error).toMatchObject({ status, outcome });
  });

  test.each([
    ["larger than the limit", {}, "too long"],
    ["encoded unasked", { "content-encoding": "gzip" }, "what is not even gzip"],
  ])("but is an error is told by its status and its Retry-After, its body %s", async (_what, headers, body) => {
    await using server = await httpServer((_request, response) => {
      response.writeHead(429, { ...headers, "retry-after": "7" });
      response.end(body);
    });
    await using service = await startedPayments(server, { maxResponseBytes: 1, retry: false });
    const error = await failureOf(service.get("/x"), isServiceRateLimitError);
    expect(error).toMatchObject({ status: 429, outcome: "rejected", retryAfterMs: 7_000, body: "" });
  });
});

describe("an answer that does not end", () => {
  test("while it trickles is ended by the deadline, which reaches to the last byte", async () => {
    const clock = new VirtualClock();
    const trickling = Promise.withResolvers<Socket>();
    await using server = await rawServer((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\na");
        trickling.resolve(socket);
      });
    });
    await using service = await startedPayments(server, { clock, deadlineMs: 3_000, ...noRetry });
    const failed = failureOf(service.get("/x"), isServiceTimeoutError);
    const socket = await trickling.promise;
    for (let second = 0; second < 3; second++) {
      socket.write("b");
      await clock.advance(1_000);
    }
    expect(await failed).toMatchObject({ limit: "deadline", limitMs: 3_000, outcome: "unknown", elapsedMs: 3_000 });
    await server.allClosed();
  });

  test("and goes silent is ended by the body-idle limit, counted anew from each piece", async () => {
    const limits = { bodyIdleTimeoutMs: 40, attemptTimeoutMs: 10_000, ...noRetry };
    await using server = await rawServer(onRequest(writePartAnswer));
    await using service = await startedPayments(server, limits);
    const error = await failureOf(service.get("/x"), isServiceTimeoutError);
    expect(error).toMatchObject({ limit: "body-idle", limitMs: 40, phase: "body", outcome: "unknown" });
    await server.allClosed();
  });

  test("and goes on within the body-idle limit is read to its end, however long that takes", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(() => undefined);
    const begun = Promise.withResolvers<Dispatcher.DispatchHandler>();
    const dispatcher = {
      dispatch: (_options: unknown, handler: Dispatcher.DispatchHandler) => {
        begun.resolve(handler);
        return true;
      },
    };
    const limits = { bodyIdleTimeoutMs: 15_000, attemptTimeoutMs: 60_000, deadlineMs: 60_000 };
    await using service = await startedPayments(server, { clock, dispatcher, ...limits });
    const answered = service.getJson("/x", { maxRetries: 0 });
    const handler = await begun.promise;
    const controller = { abort: () => undefined } as unknown as Dispatcher.DispatchController;
    handler.onRequestStart?.(controller, {});
    handler.onResponseStart?.(controller, 200, { "content-length": "3" }, "OK");
    for (const piece of ["1", "2", "3"]) {
      await clock.advance(14_000);
      handler.onResponseData?.(controller, Buffer.from(piece));
    }
    handler.onResponseEnd?.(controller, {});
    expect(await answered).toBe(123);
  });

  test("and goes silent is tried again where that is safe", async () => {
    await using server = await rawServer(
      onRequest((socket, number) => {
        if (number === 1) writePartAnswer(socket);
        else socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
      }),
    );
    await using service = await startedPayments(server, { bodyIdleTimeoutMs: 40 });
    const { attempts } = await service.get("/x");
    expect(attempts).toMatchObject([{ code: "timeout-body-idle" }, { status: 200 }]);
  });

  test("nor begins is ended by the attempt limit", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(() => undefined);
    await using service = await startedPayments(server, { clock, ...noRetry });
    const failed = failureOf(service.post("/x", { json: 1 }), isServiceTimeoutError);
    const seen = await server.request(1);
    await clock.advance(10_000);
    expect(await failed).toMatchObject({ limit: "attempt", limitMs: 10_000, phase: "headers", outcome: "unknown" });
    await seen.connectionClosed;
  });
});

describe("a server that stops reading", () => {
  test("a body that cannot be sent is ended by the attempt limit, and its stream is destroyed", async () => {
    const clock = new VirtualClock();
    await using server = await rawServer((socket) => void socket.pause());
    await using service = await startedPayments(server, { clock, ...noRetry });
    const returned = Promise.withResolvers<void>();
    const pieceAsked = Promise.withResolvers<void>();
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          yield Buffer.alloc(1 << 16);
          pieceAsked.resolve();
        }
      } finally {
        returned.resolve();
      }
    }
    const failed = failureOf(service.put("/x", { stream: endless }), isServiceTimeoutError);
    await pieceAsked.promise;
    await clock.advance(10_000);
    expect(await failed).toMatchObject({ limit: "attempt", phase: "send", outcome: "unknown" });
    await returned.promise;
  });
});

test("a connection that fails is closed on both sides", async () => {
  await using server = await rawServer(onRequest((socket) => void socket.write("garbage\r\n\r\n")));
  await using service = await startedPayments(server, noRetry);
  await failureOf(service.get("/x"), isServiceConnectionError);
  await server.allClosed();
  expect(server.openConnections).toBe(0);
});
