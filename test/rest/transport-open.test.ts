import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import {
  isServiceConfigurationError,
  isServiceConnectionError,
  isServiceDecodeError,
  isServiceResponseError,
  isServiceTimeoutError,
  isServiceUnavailableError,
} from "../../src/core/errors.ts";
import { answerStatuses, httpServer, rawServer } from "../support/http-server.ts";
import { failureOf, reasonOf } from "../support/rest-client.ts";
import { textOfBody, TransportCalls } from "../support/transport-calls.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";

const first = async (body: AsyncIterable<Uint8Array>): Promise<string> => {
  const { value } = await body[Symbol.asyncIterator]().next();
  return Buffer.from(value as Uint8Array).toString();
};

/** A server whose answers are begun, and go on when the test says so. */
async function slowServer(): Promise<{
  readonly server: Awaited<ReturnType<typeof httpServer>>;
  readonly answer: Promise<ServerResponse>;
}> {
  const answered = Promise.withResolvers<ServerResponse>();
  const server = await httpServer((_request, response) => {
    response.on("error", () => undefined);
    response.write("begun ");
    answered.resolve(response);
  });
  return { server, answer: answered.promise };
}

describe("an open answer", () => {
  test("is there with its head, and its body comes as it is sent", async () => {
    const { server, answer } = await slowServer();
    await using _ = server;
    await using calls = new TransportCalls(server);
    const { value, attempts } = await calls.open("/x");
    expect(value.status).toBe(200);
    expect(value.headers["transfer-encoding"]).toBe("chunked");
    expect(attempts).toMatchObject([{ status: 200, outcome: "accepted" }]);
    const iterator = value.body[Symbol.asyncIterator]();
    expect(Buffer.from((await iterator.next()).value as Uint8Array).toString()).toBe("begun ");
    const next = iterator.next();
    (await answer).end("and done");
    expect(Buffer.from((await next).value as Uint8Array).toString()).toBe("and done");
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test("without a body is read to its end at once", async () => {
    await using server = await httpServer(answerStatuses(204));
    await using calls = new TransportCalls(server);
    const { value } = await calls.open("/x");
    expect(await textOfBody(value.body)).toBe("");
    expect(calls.pipeline.inFlight).toBe(0);
  });

  test("is tried again until its head is a success; what is no success is an error with its body", async () => {
    await using server = await httpServer((_request, response, number) => {
      response.statusCode = number === 1 ? 503 : 404;
      response.end("gone");
    });
    await using calls = new TransportCalls(server);
    const error = await failureOf(calls.open("/x"), isServiceResponseError);
    expect(error).toMatchObject({ status: 404, body: "gone", attempts: [{ status: 503 }, { status: 404 }] });
  });

  test("can be read once only", async () => {
    await using server = await httpServer();
    await using calls = new TransportCalls(server);
    const { value } = await calls.open("/x");
    expect(await textOfBody(value.body)).toBe("{}");
    const refusal = await reasonOf(textOfBody(value.body));
    expect(isServiceConfigurationError(refusal)).toBe(true);
  });

  test("is under way until its last byte has come, read or not", async () => {
    const { server, answer } = await slowServer();
    await using _ = server;
    await using calls = new TransportCalls(server);
    const { value } = await calls.open("/x");
    expect(calls.pipeline.inFlight).toBe(1);
    const iterator = value.body[Symbol.asyncIterator]();
    await iterator.next();
    const rest = iterator.next();
    (await answer).end("end");
    await rest;
    await iterator.next();
    expect(calls.pipeline.inFlight).toBe(0);
  });
});

describe("an open body that is not read to its end", () => {
  test("left early closes its connection and gives its place to the next call", async () => {
    const { server } = await slowServer();
    await using _ = server;
    await using calls = new TransportCalls(server, { maxConnections: 1 });
    const { value } = await calls.open("/x");
    for await (const chunk of value.body) if (chunk.byteLength > 0) break;
    expect(calls.pipeline.inFlight).toBe(0);
    const [seen] = server.requests;
    await seen?.connectionClosed;
    const again = await calls.open("/y");
    expect(await first(again.value.body)).toBe("begun ");
    await again.value.body[Symbol.asyncDispose]();
    expect(calls.pipeline.inFlight).toBe(0);
  });

  test("and disposed closes its connection, and is done for whoever waits for more", async () => {
    const { server } = await slowServer();
    await using _ = server;
    await using calls = new TransportCalls(server);
    const { value } = await calls.open("/x");
    const iterator = value.body[Symbol.asyncIterator]();
    await iterator.next();
    const waiting = [iterator.next(), iterator.next()];
    await value.body[Symbol.asyncDispose]();
    await value.body[Symbol.asyncDispose]();
    expect(await Promise.all(waiting)).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
    await server.allClosed();
  });

  test("does not keep close() beyond its limit", async () => {
    const clock = new VirtualClock();
    const { server } = await slowServer();
    await using _ = server;
    const calls = new TransportCalls(server, { clock, closeTimeoutMs: 100 });
    const { value } = await calls.open("/x");
    const closing = calls.close();
    await clock.advance(100);
    await closing;
    await server.allClosed();
    const error = await failureOf(textOfBody(value.body), isServiceUnavailableError);
    expect(error).toMatchObject({ outcome: "accepted", phase: "body", attempts: [{ status: 200 }] });
  });

  test("but has come whole keeps neither close() nor the connection", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer();
    const calls = new TransportCalls(server, { clock, maxConnections: 1 });
    const one = await calls.open("/x");
    const two = await calls.open("/y");
    while (calls.pipeline.inFlight > 0) await settled();
    await calls.close();
    expect(await textOfBody(one.value.body)).toBe("{}");
    expect(await textOfBody(two.value.body)).toBe("{}");
  });

  test("stops the socket and not the memory, and comes whole once it is read", async () => {
    const size = 32 * 1024 * 1024;
    const written = { bytes: 0 };
    const drained = Promise.withResolvers<void>();
    await using server = await rawServer((socket) => {
      socket.once("data", () => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`);
        const piece = Buffer.alloc(1024 * 1024);
        const more = (): void => {
          while (written.bytes < size) {
            written.bytes += piece.byteLength;
            if (!socket.write(piece)) {
              socket.once("drain", more);
              drained.resolve();
              return;
            }
          }
        };
        more();
      });
    });
    await using calls = new TransportCalls(server);
    const { value } = await calls.open("/x");
    await drained.promise;
    let before = -1;
    while (before !== written.bytes) {
      before = written.bytes;
      for (let turn = 0; turn < 50; turn++) await settled();
    }
    expect(written.bytes).toBeLessThan(size);
    let read = 0;
    for await (const chunk of value.body) read += chunk.byteLength;
    expect(read).toBe(size);
  });
});

describe("an open body stays under", () => {
  test("the deadline of its call, which ends it at once", async () => {
    const clock = new VirtualClock();
    const { server } = await slowServer();
    await using _ = server;
    await using calls = new TransportCalls(server, { clock, bodyIdleTimeoutMs: 30_000 });
    const { value } = await calls.open("/x", { deadlineMs: 20_000 });
    const iterator = value.body[Symbol.asyncIterator]();
    await iterator.next();
    const failed = failureOf(iterator.next(), isServiceTimeoutError);
    await clock.advance(20_000);
    expect(await failed).toMatchObject({ limit: "deadline", phase: "body", outcome: "accepted", elapsedMs: 20_000 });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(calls.pipeline.inFlight).toBe(0);
    await server.allClosed();
  });

  test("not the limit of its attempt, which was over with the head", async () => {
    const clock = new VirtualClock();
    const { server, answer } = await slowServer();
    await using _ = server;
    await using calls = new TransportCalls(server, { clock });
    const { value } = await calls.open("/x", { deadlineMs: 60_000 });
    const iterator = value.body[Symbol.asyncIterator]();
    await iterator.next();
    const next = iterator.next();
    await clock.advance(14_000);
    (await answer).write("more");
    expect(Buffer.from((await next).value as Uint8Array).toString()).toBe("more");
    const last = iterator.next();
    await clock.advance(14_000);
    (await answer).end();
    expect(await last).toMatchObject({ done: true });
  });

  test("the limit between two pieces", async () => {
    const clock = new VirtualClock();
    const { server } = await slowServer();
    await using _ = server;
    await using calls = new TransportCalls(server, { clock });
    const { value } = await calls.open("/x");
    const failed = failureOf(textOfBody(value.body), isServiceTimeoutError);
    await settled();
    await clock.advance(15_000);
    expect(await failed).toMatchObject({ limit: "body-idle", phase: "body", outcome: "accepted", retryable: true });
    await server.allClosed();
  });

  test("the caller's signal, whose reason is thrown as it is", async () => {
    const { server } = await slowServer();
    await using _ = server;
    await using calls = new TransportCalls(server);
    const controller = new AbortController();
    const { value } = await calls.open("/x", { signal: controller.signal });
    const iterator = value.body[Symbol.asyncIterator]();
    await iterator.next();
    const failed = reasonOf(iterator.next());
    const reason = { why: "enough" };
    controller.abort(reason);
    expect(await failed).toBe(reason);
    expect(calls.pipeline.inFlight).toBe(0);
    await server.allClosed();
  });

  test("the caller's signal also while nobody reads, and nothing goes unhandled", async () => {
    const { server } = await slowServer();
    await using _ = server;
    await using calls = new TransportCalls(server);
    const controller = new AbortController();
    const { value } = await calls.open("/x", { signal: controller.signal });
    controller.abort("enough");
    await server.allClosed();
    expect(await reasonOf(textOfBody(value.body))).toBe("enough");
  });

  test("its own limit of bytes, where it has one", async () => {
    const { server, answer } = await slowServer();
    await using _ = server;
    await using calls = new TransportCalls(server);
    const { value } = await calls.open("/x", { maxBytes: 8 });
    const iterator = value.body[Symbol.asyncIterator]();
    await iterator.next();
    const failed = failureOf(iterator.next(), isServiceDecodeError);
    (await answer).write("and more");
    expect(await failed).toMatchObject({ fault: "too-large", outcome: "accepted", status: 200 });
    await server.allClosed();
  });
});

test("an open body whose connection breaks gives what came, and then the error", async () => {
  await using server = await rawServer((socket) => {
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"));
  });
  await using calls = new TransportCalls(server);
  const { value } = await calls.open("/x");
  await server.allClosed();
  while (calls.pipeline.inFlight > 0) await settled();
  const iterator = value.body[Symbol.asyncIterator]();
  expect(Buffer.from((await iterator.next()).value as Uint8Array).toString()).toBe("abc");
  const error = await failureOf(iterator.next(), isServiceConnectionError);
  expect(error).toMatchObject({ phase: "body", outcome: "accepted", attempts: [{ status: 200 }] });
  expect(await iterator.next()).toMatchObject({ done: true });
});
