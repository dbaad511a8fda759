import { connect } from "node:net";
import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { silentLogger } from "../../../src/core/logger.ts";
import { VirtualClock } from "../../../src/core/virtual-clock.ts";
import type { StreamTransport } from "../../../src/websocket/dial/stream-transport.ts";
import type { WebSocketServiceOptions } from "../../../src/websocket/options.ts";
import { Feed, startPeer, thrownBy, turns, until } from "../peer.ts";

const feedOver = (connectBy: unknown, options: Partial<WebSocketServiceOptions> = {}): Feed =>
  new Feed("ws://feed.example", {
    endpoint: "/live?token=t",
    transport: { connect: connectBy } as StreamTransport,
    logger: silentLogger,
    reconnect: false,
    ...options,
  });

async function failureOf(connectBy: () => unknown): Promise<unknown> {
  await using feed = feedOver(connectBy);
  const thrown = await thrownBy(feed.connect());
  return thrown;
}

test.each<[string, (port: number) => unknown]>([
  ["a connection", (port) => connect(port, "127.0.0.1")],
  ["its promise", async (port) => Promise.resolve(connect(port, "127.0.0.1"))],
])("a stream goes over what the transport gives: %s", async (_what, made) => {
  await using peer = await startPeer({ onConnection: (socket) => socket.send("hello") });
  const asked: unknown[] = [];
  await using feed = feedOver((target: unknown) => {
    asked.push(target);
    return made(Number(new URL(peer.url).port));
  });
  await feed.connect();
  await until(() => feed.got.length === 1);
  expect(asked).toEqual([{ url: "ws://feed.example/live?token=t" }]);
  expect(peer.requests[0]?.headers.host).toBe("feed.example");
});

test("one that throws, gives no stream or a broken one is told as such", async () => {
  const broken = (): never => {
    // oxlint-disable-next-line typescript/only-throw-error
    throw "text";
  };
  const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
  expect(await failureOf(broken)).toMatchObject({ code: "connection-protocol", outcome: "not-sent" });
  expect(await failureOf(async () => Promise.reject(reset))).toMatchObject({ code: "connection-reset" });
  expect(await failureOf(() => ({}))).toMatchObject({ code: "configuration-invalid" });
  expect(await failureOf(() => new Duplex().destroy())).toMatchObject({ outcome: "not-sent" });
  expect(() => feedOver(undefined)).toThrow("transport must be an object with connect(), not an object");
});

test("one that never gives anything ends by the connect limit, and what it gives then is destroyed", async () => {
  using clock = new VirtualClock();
  const late = Promise.withResolvers<Duplex>();
  await using feed = feedOver(() => late.promise, { clock, connectTimeoutMs: 1_000 });
  const connecting = thrownBy(feed.connect());
  await clock.advance(1_000);
  expect(await connecting).toMatchObject({ code: "timeout-connect", outcome: "not-sent" });
  const connection = new Duplex();
  late.resolve(connection);
  await turns(2);
  expect(connection.destroyed).toBe(true);
  connection.emit("error", new Error("nobody minds"));
});
