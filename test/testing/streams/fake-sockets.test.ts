import { expect, test } from "vitest";
import { silentLogger } from "../../../src/core/logger.ts";
import { seededRandom } from "../../../src/core/seeded-random.ts";
import { VirtualClock } from "../../../src/core/virtual-clock.ts";
import { fakeSockets } from "../../../src/testing/streams/fake-sockets.ts";
import type { WebSocketServiceOptions } from "../../../src/websocket/options.ts";
import { Feed, thrownBy, until } from "../../websocket/peer.ts";

function feedOn(transport: WebSocketServiceOptions["transport"], options: Partial<WebSocketServiceOptions> = {}): Feed {
  return new Feed("wss://feed.example/live", {
    transport,
    logger: silentLogger,
    random: seededRandom(1),
    reconnect: { baseDelayMs: 500, maxDelayMs: 30_000 },
    ...options,
  });
}

test("an hour of outages passes in no time, and nothing is left set", async () => {
  using clock = new VirtualClock();
  using far = fakeSockets();
  const feed = feedOn(far.transport, { clock });
  const connecting = feed.connect();
  (await far.next()).accept();
  await connecting;
  far.sockets[0]?.cut();
  far.down();
  await clock.advance(3_600_000);
  expect(feed.state).toMatchObject({ name: "reconnecting" });
  expect(far.sockets).toHaveLength(1);
  expect(feed.errors.length).toBeGreaterThan(100);
  far.up();
  await clock.advanceToNext();
  while (far.sockets.length < 2) await clock.advanceToNext();
  (await far.next()).accept();
  await clock.advance(0);
  expect(feed.state.name).toBe("open");
  await feed.close();
});

test("a silent service is found by its pings within interval and limit, on the virtual clock", async () => {
  using clock = new VirtualClock();
  using far = fakeSockets({ onSocket: (socket) => void socket.accept() });
  await using feed = feedOn(far.transport, { clock, pingIntervalMs: 20_000, pingTimeoutMs: 5_000 });
  await feed.connect();
  await clock.advance(100_000);
  expect(far.sockets).toHaveLength(1);
  far.sockets[0]?.silence();
  await clock.advance(24_999);
  expect(feed.ended).toHaveLength(0);
  await clock.advance(1);
  expect(feed.ended).toMatchObject([{ error: { code: "timeout-pong" } }]);
  await clock.advance(1_000);
  expect(far.sockets).toHaveLength(2);
  expect(feed.state.name).toBe("open");
});

test("an upgrade that nobody answers runs into the connect limit", async () => {
  using clock = new VirtualClock();
  using far = fakeSockets();
  await using feed = feedOn(far.transport, { clock, reconnect: false });
  const connecting = thrownBy(feed.connect());
  await far.next();
  await clock.advance(10_000);
  expect(await connecting).toMatchObject({ code: "timeout-connect", phase: "open" });
});

test.each([
  ["ENOTFOUND", "connection-dns"],
  ["ECONNREFUSED", "connection-connect"],
  ["CERT_HAS_EXPIRED", "connection-tls"],
])("a network that fails with %s is told as %s", async (code, expected) => {
  using far = fakeSockets();
  far.down(code);
  await using feed = feedOn(far.transport, { reconnect: false });
  expect(await thrownBy(feed.connect())).toMatchObject({ code: expected, outcome: "not-sent" });
});

test("no name is resolved, no proxy asked and no TLS spoken", async () => {
  using far = fakeSockets({ onSocket: (socket) => void socket.accept() });
  await using feed = feedOn(far.transport, {
    proxy: "http://user:secret@proxy.invalid:1",
    tls: { rejectUnauthorized: true },
  });
  await feed.connect();
  expect(far.sockets[0]?.request.headers["host"]).toBe("feed.example");
});

test("what was said stands in the history, and disposing cuts what is open", async () => {
  const far = fakeSockets({ onSocket: (socket) => void socket.accept() });
  await using feed = feedOn(far.transport, { reconnect: false });
  await feed.connect();
  await feed.send("a");
  far.sockets[0]?.send({ b: 1 });
  await far.sockets[0]?.nextMessage();
  expect(far.history.toSorted((x, y) => x.direction.localeCompare(y.direction))).toEqual([
    { connection: 1, direction: "received", message: "a" },
    { connection: 1, direction: "sent", message: '{"b":1}' },
  ]);
  far[Symbol.dispose]();
  expect(await far.sockets[0]?.ended).toEqual({ code: 1006, reason: "" });
  await expect(far.next()).resolves.toBe(far.sockets[0]);
  await expect(far.next()).rejects.toThrow("the far side is disposed");
  await using late = feedOn(far.transport, { reconnect: false });
  expect(await thrownBy(late.connect())).toMatchObject({ code: "connection-connect" });
});

test("what onSocket throws cuts the connection, and is told when the sockets are disposed", async () => {
  const far = fakeSockets({ onSocket: (socket) => void socket.accept({ protocol: "v9" }) });
  await using feed = feedOn(far.transport, { reconnect: false });
  expect(await thrownBy(feed.connect())).toMatchObject({ code: "connection-reset" });
  expect(() => far[Symbol.dispose]()).toThrow('the client does not offer "v9"');
});

test("onSocket may take its time: what its promise is rejected with is told, too", async () => {
  const far = fakeSockets({
    onSocket: async (socket) => {
      socket.accept();
      if ((await socket.nextMessage()) !== "hello") throw new Error("no manners");
    },
  });
  await using feed = feedOn(far.transport, { reconnect: false });
  await feed.connect();
  await feed.send("hey");
  await until(() => feed.ended.length === 1);
  expect(() => far[Symbol.dispose]()).toThrow("no manners");
});

test("an onSocket that answers message for message is over with its connection", async () => {
  using far = fakeSockets({
    onSocket: async (socket) => {
      socket.accept();
      for (;;) socket.send(await socket.nextMessage());
    },
  });
  const feed = feedOn(far.transport);
  await feed.connect();
  await feed.send("a");
  await feed.send("b");
  await until(() => feed.got.length === 2);
  expect(feed.got).toEqual(["a", "b"]);
  await feed.close();
  await far.sockets[0]?.ended;
});

test("who waits for a stream that does not come is told so", async () => {
  using far = fakeSockets({ waitMs: 5 });
  await expect(far.next()).rejects.toThrow("no connection of a stream came within 5 ms");
  await using feed = feedOn(far.transport);
  const connecting = feed.connect();
  (await far.next({ timeoutMs: 5_000 })).accept();
  await connecting;
  await expect(far.next()).rejects.toThrow("within 5 ms; 1 came before, and was taken");
});

test("options that are wrong are told at once", () => {
  expect(() => fakeSockets({ onSocket: 1, waitMs: 0, bufferBytes: 0.5, wait: 1 } as never)).toThrow(
    /onSocket must be a function.*waitMs must be.*bufferBytes must be.*unknown option wait/s,
  );
});
