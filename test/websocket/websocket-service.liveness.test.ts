import { describe, expect, test } from "vitest";
import { silentLogger } from "../../src/core/logger.ts";
import { json } from "../../src/websocket/codecs/codecs.ts";
import { WebSocketService } from "../../src/websocket/websocket-service.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { frame, startUpgraded } from "./dialled.ts";
import { Feed, startPeer, turns, until } from "./peer.ts";

/** Accepts, reads, and never says another word. */
const startMute = () => startUpgraded((socket) => void socket.resume());

describe("a peer that has gone silent", () => {
  test("is found when interval and timeout have passed, and not before", async () => {
    const clock = new VirtualClock();
    await using peer = await startMute();
    const feed = new Feed(peer.url, { clock, reconnect: false });
    await feed.connect();
    await clock.advance(39_999);
    expect(feed.state.name).toBe("open");
    await clock.advance(1);
    expect(feed.state).toMatchObject({ name: "failed", error: { code: "timeout-pong", limitMs: 20_000 } });
    expect(feed.ended).toMatchObject([{ error: { code: "timeout-pong" }, willReconnect: false }]);
    await feed.close();
  });

  test("is found by reconnectNow within 5 s", async () => {
    const clock = new VirtualClock();
    await using peer = await startMute();
    const feed = new Feed(peer.url, { clock, reconnect: false });
    await feed.connect();
    await clock.advance(1_000);
    feed.reconnectNow();
    await clock.advance(4_999);
    expect(feed.state.name).toBe("open");
    await clock.advance(1);
    expect(feed.state).toMatchObject({ name: "failed", error: { code: "timeout-pong" } });
    await feed.close();
  });

  test.each([3_600_000, -3_600_000])("is found within 6 s after the wall clock jumped by %i ms", async (jumpMs) => {
    const clock = new VirtualClock();
    await using peer = await startMute();
    const feed = new Feed(peer.url, { clock, reconnect: false });
    await feed.connect();
    clock.jumpWall(jumpMs);
    await clock.advance(6_000);
    expect(feed.state).toMatchObject({ name: "failed", error: { code: "timeout-pong" } });
    await feed.close();
  });

  test("is not found while no pings are wanted", async () => {
    const clock = new VirtualClock();
    await using peer = await startMute();
    const feed = new Feed(peer.url, { clock, reconnect: false, pingIntervalMs: false });
    await feed.connect();
    await clock.advance(100_000);
    feed.reconnectNow();
    await clock.advance(10_000);
    expect(feed.state.name).toBe("open");
    const closed = feed.close();
    await clock.advance(5_000);
    await closed;
  });
});

test("any byte counts as life: a peer in the midst of a long message need not answer pings", async () => {
  const clock = new VirtualClock();
  let write = (_bytes: Buffer): void => undefined;
  await using peer = await startUpgraded((socket) => {
    socket.resume();
    write = (bytes) => void socket.write(bytes);
  });
  const feed = new Feed(peer.url, { clock, reconnect: false });
  const whole = frame(1, "x".repeat(100));
  await feed.connect();
  for (let i = 0; i < 5; i++) {
    await clock.advance(19_000);
    write(whole.subarray(i * 10, (i + 1) * 10));
    await turns(20);
  }
  expect([feed.state.name, feed.got]).toEqual(["open", []]);
  write(whole.subarray(50));
  await until(() => feed.got.length === 1);
  const closed = feed.close();
  await clock.advance(5_000);
  await closed;
});

test("there is no verdict while a consumer holds the reader, and the time counts anew from when it is read again", async () => {
  const clock = new VirtualClock();
  const gate = Promise.withResolvers<void>();
  await using peer = await startUpgraded((socket) => {
    socket.resume();
    for (let i = 0; i < 20; i++) socket.write(frame(1, `${i}`));
  });
  const feed = new Feed(peer.url, { clock, reconnect: false, inbox: { maxMessages: 4 } });
  const seen: unknown[] = [];
  feed.addMessageHandler(async (message) => {
    seen.push(message);
    await gate.promise;
  });
  await feed.connect();
  await until(() => feed.stats().isReadingPaused);
  await clock.advance(120_000);
  expect(feed.state.name).toBe("open");
  gate.resolve();
  await until(() => seen.length === 20 && !feed.stats().isReadingPaused);
  await clock.advance(19_999);
  expect(feed.state.name).toBe("open");
  await clock.advance(20_001);
  expect(feed.state).toMatchObject({ name: "failed", error: { code: "timeout-pong" } });
  await feed.close();
});

test("a jump of the clock pings every open connection once, and a live one stays", async () => {
  const clock = new VirtualClock();
  await using peer = await startPeer();
  await using one = new Feed(peer.url, { clock });
  await using two = new Feed(peer.url, { clock });
  let pings = 0;
  await Promise.all([one.connect(), two.connect()]);
  for (const ws of peer.connections) ws.on("ping", () => pings++);
  clock.jumpWall(60_000);
  await clock.advance(1_000);
  await until(() => pings === 2);
  await turns(20);
  await clock.advance(10_000);
  expect([one.state.generation, two.state.generation, pings]).toEqual([1, 1, 2]);
});

describe("pingMessage", () => {
  test("is sent in the place of a Ping frame, and any answer counts", async () => {
    const clock = new VirtualClock();
    let frames = 0;
    await using peer = await startPeer({
      onConnection: (ws) => {
        ws.on("ping", () => frames++);
        ws.on("message", () => ws.send("pong"));
      },
    });
    let made = 0;
    await using feed = new Feed(peer.url, { clock, pingMessage: () => ({ op: "ping", id: ++made }) });
    await feed.connect();
    for (let i = 1; i <= 3; i++) {
      await clock.advance(20_000);
      await until(() => feed.got.length === i);
    }
    expect(peer.received).toEqual(['{"op":"ping","id":1}', '{"op":"ping","id":2}', '{"op":"ping","id":3}']);
    expect([feed.state.name, feed.state.generation, frames]).toEqual(["open", 1, 0]);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("no ping today");
      },
    ],
    ["makes what cannot be encoded", () => ({ n: 1n })],
  ] as const)("that %s is told to onError, and ends nothing by itself", async (_what, pingMessage) => {
    const clock = new VirtualClock();
    await using peer = await startPeer();
    await using feed = new Feed(peer.url, { clock, pingMessage });
    await feed.connect();
    await clock.advance(20_000);
    await until(() => feed.errors.length === 1);
    expect([feed.state.name, feed.errors]).toMatchObject(["open", [{ from: { consumer: "pingMessage" } }]]);
    peer.connections[0]?.send("still here");
    await until(() => feed.got.length === 1);
    await clock.advance(20_000);
    expect(feed.state.name).toBe("open");
  });
});

test("stats() has the round-trip times of the pongs, over reconnects", async () => {
  const clock = new VirtualClock();
  await using peer = await startPeer();
  await using feed = new Feed(peer.url, { clock });
  await feed.connect();
  expect(feed.stats().rtt).toBeUndefined();
  for (let i = 1; i <= 3; i++) {
    await clock.advance(20_000);
    await until(() => feed.stats().rtt?.samples === i);
  }
  expect(feed.stats().rtt).toMatchObject({ samples: 3 });
  peer.connections[0]?.terminate();
  await until(() => feed.state.name === "reconnecting");
  await clock.advance(5);
  await until(() => feed.state.name === "open");
  expect(feed.stats()).toMatchObject({ rtt: { samples: 3 }, reconnects: 1 });
});

test("a message in the place of pings goes out as it is, past the codec, and its answer is no message", async () => {
  const clock = new VirtualClock();
  await using peer = await startPeer({
    onConnection: (ws) =>
      ws.on("message", (data: Buffer) => (ws.send("pong"), ws.send(`{"got":"${data.toString()}"}`))),
  });
  const got: unknown[] = [];
  const errors: unknown[] = [];
  class Json extends WebSocketService<unknown> {
    protected override onMessage(message: unknown): void {
      got.push(message);
    }
    protected override onError(error: unknown): void {
      errors.push(error);
    }
  }
  await using feed = new Json({
    baseUrl: peer.url,
    clock,
    logger: silentLogger,
    codec: json(),
    pingMessage: () => "ping",
    isPong: (answer) => answer === "pong",
  });
  await feed.connect();
  await clock.advance(20_000);
  await until(() => got.length === 1);
  expect([got, errors, peer.received]).toEqual([[{ got: "ping" }], [], ["ping"]]);
});
