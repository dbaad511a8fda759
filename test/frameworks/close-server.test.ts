import { EventEmitter, once } from "node:events";
import { Agent, createServer, request, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test, vi } from "vitest";
import { isServiceConfigurationError } from "../../src/core/errors.ts";
import { closeServer, endConnectionsUntilClosed } from "../../src/frameworks/close-server.ts";
import { reasonOf } from "../support/rest-client.ts";

afterEach(() => void vi.useRealTimers());

/** A server whose answers wait for the test. */
async function listening(): Promise<{ server: Server; url: string; arrived: Promise<ServerResponse> }> {
  const { promise: arrived, resolve } = Promise.withResolvers<ServerResponse>();
  const server = createServer((_request, response) => resolve(response));
  // What a client would find in its way, were nobody to look for idle connections again.
  server.keepAliveTimeout = 60_000;
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, arrived };
}

async function statusOf(url: string, agent: Agent): Promise<number | undefined> {
  const client = request(url, { agent }).end();
  const [answer] = await once(client, "response");
  answer.resume();
  return answer.statusCode as number | undefined;
}

test("a request under way is answered, and then its kept connection closed", async () => {
  const { server, url, arrived } = await listening();
  const agent = new Agent({ keepAlive: true });
  const status = statusOf(url, agent);
  const response = await arrived;
  const closed = closeServer(server);
  expect(await reasonOf(statusOf(url, new Agent()))).toMatchObject({ code: "ECONNREFUSED" });
  response.end();
  expect(await status).toBe(200);
  await closed;
  agent.destroy();
});

test("a request that still comes on a connection is answered as the last one, so that no client keeps it open", async () => {
  const { server, url, arrived } = await listening();
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write("GET /one HTTP/1.1\r\nhost: a\r\n\r\n");
  const first = await arrived;
  const closed = closeServer(server);
  socket.write("GET /two HTTP/1.1\r\nhost: a\r\n\r\n");
  const [, second] = (await once(server, "request")) as [unknown, ServerResponse];
  first.end();
  second.end();
  const answers = await text(socket);
  expect(answers.match(/^connection: .*$/gim)).toEqual(["Connection: keep-alive", "connection: close"]);
  await closed;
  expect(server.listenerCount("request")).toBe(1);
});

test("for a server that somebody else closes, idle connections end when it no longer listens, and until it is closed", () => {
  vi.useFakeTimers();
  let asked = 0;
  const parts = { listening: true, closeIdleConnections: (): void => void asked++ };
  const server = Object.assign(new EventEmitter(), parts);
  endConnectionsUntilClosed(server as unknown as Server);
  vi.advanceTimersByTime(1_000);
  expect(asked).toBe(0);
  server.listening = false;
  vi.advanceTimersByTime(50);
  expect(asked).toBe(1);
  server.emit("close");
  vi.advanceTimersByTime(1_000);
  expect([asked, server.listenerCount("request")]).toEqual([1, 0]);
});

test("a request that takes longer than the limit is cut", async () => {
  const { server, url, arrived } = await listening();
  const status = reasonOf(statusOf(url, new Agent()));
  await arrived;
  await closeServer(server, { timeoutMs: 0 });
  expect(await status).toMatchObject({ code: "ECONNRESET" });
});

test("a connection that cannot be cut does not hold the close up past its limit", async () => {
  let isAsked = false;
  const close = (): void => void (isAsked = true);
  await closeServer({ close }, { timeoutMs: 0 });
  expect(isAsked).toBe(true);
});

test("a server that does not listen is closed already", async () => {
  expect(await closeServer(createServer())).toBeUndefined();
});

test("any other failure of the close is the caller's", async () => {
  const own = new Error("mine");
  expect(await reasonOf(closeServer({ close: (closed) => closed(own) }))).toBe(own);
});

test("wrong options are one clear error, and nothing is closed", async () => {
  const { server } = await listening();
  const reason = await reasonOf(closeServer(server, { timeoutMs: -1, timeout: 1 } as never));
  expect(isServiceConfigurationError(reason) && reason.problems).toEqual([
    "timeoutMs must be a number from 0 to 2147483647, not -1",
    expect.stringMatching(/^unknown option timeout/),
  ]);
  expect(server.listening).toBe(true);
  await closeServer(server);
  expect(isServiceConfigurationError(await reasonOf(closeServer(undefined as never)))).toBe(true);
});
