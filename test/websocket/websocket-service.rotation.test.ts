import { expect, test } from "vitest";
import { settled, VirtualClock } from "../support/virtual-clock.ts";
import { deduping, resuming, startNumberedFeed, type Tick, Ticks, upTo } from "./numbered-feed.ts";
import { answer, thrownBy, turns, until } from "./peer.ts";

const successorOf = ({ state }: Ticks) => (state.name === "open" ? state.successor : undefined);
test("a peer that answers no pings is not waited for beyond a quarter of the connect limit", async () => {
  const clock = new VirtualClock();
  await using feed = await startNumberedFeed({ autoPong: false });
  await using ticks = new Ticks(feed.url, { ...deduping, clock });
  await ticks.connect();
  ticks.rotateNow();
  await until(() => ticks.connects === 2);
  await settled();
  expect(ticks.state.generation).toBe(1);
  await clock.advance(2_500);
  expect(ticks.state.generation).toBe(2);
  await until(() => feed.open.size === 1);
});

test("the old connection keeps what is owed on it: answers come, sends are written, then it is closed with 1000", async () => {
  await using feed = await startNumberedFeed();
  await using ticks = new Ticks(feed.url, resuming);
  await ticks.connect();
  const [old] = feed.connections;
  const answered = ticks.request({ ask: 1 }, { match: (message: Tick) => message.notice === "answer" });
  const sent = ticks.send({ big: "x".repeat(1_000_000) });
  await until(() => feed.received.length === 2);
  ticks.rotateNow();
  await until(() => ticks.state.generation === 2);
  await turns(10);
  expect(old?.readyState).toBe(1);
  const closed = new Promise<number>((done) => old?.once("close", done));
  old?.send(JSON.stringify({ notice: "answer" }));
  expect([await answered, await sent, await closed]).toEqual([{ notice: "answer" }, undefined, 1000]);
  await ticks.send({ to: "the new one" });
  await until(() => feed.received.length === 3);
  expect(ticks.ended).toEqual([{ willReconnect: true }]);
});

test("an old connection that owes an answer for ever is gone at the close limit, and the request says so", async () => {
  const clock = new VirtualClock();
  await using feed = await startNumberedFeed();
  await using ticks = new Ticks(feed.url, { ...resuming, clock, requestTimeoutMs: 60_000 });
  await ticks.connect();
  const lost = thrownBy(ticks.request({ ask: 1 }, { match: () => false }));
  await until(() => feed.received.length === 1);
  ticks.rotateNow();
  await until(() => ticks.state.generation === 2);
  await clock.advance(4_999);
  expect(feed.open.size).toBe(2);
  await clock.advance(1);
  expect(await lost).toMatchObject({ code: "connection-reset", outcome: "unknown" });
  await until(() => feed.open.size === 1);
  expect([ticks.state.name, ticks.errors]).toEqual(["open", []]);
});

test("an old connection whose peer does not close is destroyed at the close limit", async () => {
  const clock = new VirtualClock();
  await using feed = await startNumberedFeed();
  await using ticks = new Ticks(feed.url, { ...resuming, clock });
  await ticks.connect();
  feed.publish();
  await until(() => ticks.positions().get("") === 1);
  feed.connections[0]?.pause();
  ticks.rotateNow();
  await until(() => ticks.state.generation === 2);
  await turns(10);
  await clock.advance(5_000);
  feed.connections[0]?.resume();
  await until(() => feed.open.size === 1);
  expect([ticks.state, clock.timers]).toMatchObject([{ name: "open", generation: 2 }, 2]);
});

test("a connection gives way at its age, and the next one at its own", async () => {
  const clock = new VirtualClock();
  await using feed = await startNumberedFeed();
  await using ticks = new Ticks(feed.url, {
    ...resuming,
    clock,
    random: () => 0,
    pingIntervalMs: false,
    rotate: { everyMs: 60_000 },
  });
  await ticks.connect();
  for (const generation of [2, 3]) {
    await clock.advance(59_999);
    expect(ticks.state.generation).toBe(generation - 1);
    await clock.advance(1);
    await until(() => ticks.state.generation === generation && feed.open.size === 1);
  }
});

test("an announcement makes a connection give way once, however often the old one repeats it", async () => {
  await using feed = await startNumberedFeed();
  await using ticks = new Ticks(feed.url, { ...resuming, rotate: { when: ({ notice }) => notice === "closing" } });
  await ticks.connect();
  const [old] = feed.connections;
  // It stays for the answer that it owes.
  const enough = new AbortController();
  const given = thrownBy(ticks.request({ ask: 1 }, { match: () => false, signal: enough.signal }));
  await until(() => feed.received.length === 1);
  const announce = (): void => old?.send(JSON.stringify({ notice: "closing" }));
  announce();
  announce();
  await until(() => ticks.state.generation === 2);
  announce();
  await turns(50);
  expect([ticks.state.generation, feed.requests.length, successorOf(ticks)]).toEqual([2, 2, undefined]);
  enough.abort();
  await given;
});

test("an announcement that the next connection repeats, since it was not handled yet, rotates no second time", async () => {
  await using feed = await startNumberedFeed();
  const gate = Promise.withResolvers<void>();
  await using ticks = new Ticks(feed.url, { ...resuming, rotate: { when: ({ n }) => n === 2 } });
  await ticks.connect();
  feed.publish();
  await until(() => ticks.got.length === 1);
  await turns(2);
  ticks.pause = gate.promise;
  feed.publish();
  await until(() => ticks.state.generation === 2);
  await until(() => feed.received.length === 1);
  feed.publish();
  await turns(50);
  expect([feed.received, ticks.state.generation, feed.requests.length]).toEqual([['{"after":1}'], 2, 2]);
  gate.resolve();
  await until(() => ticks.got.length === 3);
  expect(ticks.got).toEqual(upTo(3));
});

test("an announcement that came while the first connection was prepared counts when it flows", async () => {
  await using feed = await startNumberedFeed({
    onConnection: (ws, number) => void (number === 1 && ws.send(JSON.stringify({ notice: "closing" }))),
  });
  await using ticks = new Ticks(feed.url, { ...resuming, rotate: { when: ({ notice }) => notice === "closing" } });
  ticks.greet = () => turns(20);
  await ticks.connect();
  await until(() => ticks.state.generation === 2);
  expect(ticks.notices).toEqual(["closing"]);
});

test("a successor that fails leaves the flow where it is, and is dialled again after the wait", async () => {
  const clock = new VirtualClock();
  await using feed = await startNumberedFeed({
    refuse: (socket, _request, number) => number > 1 && number < 4 && answer(socket, 503),
  });
  await using ticks = new Ticks(feed.url, { ...resuming, clock, random: () => 0.5, reconnect: {} });
  await ticks.connect();
  ticks.rotateNow();
  await until(() => ticks.errors.length === 1);
  feed.publish();
  await until(() => ticks.got.length === 1);
  expect(ticks.errors).toMatchObject([{ status: 503 }]);
  await clock.advance(249);
  expect(feed.requests.length).toBe(2);
  await clock.advance(1);
  await until(() => ticks.errors.length === 2);
  await clock.advance(500);
  await until(() => ticks.state.generation === 4);
  expect([ticks.connects, ticks.ended]).toEqual([2, [{ willReconnect: true }]]);
});

test("reconnectNow ends the wait for the next try of a successor", async () => {
  const clock = new VirtualClock();
  await using feed = await startNumberedFeed({ refuse: (socket, _request, n) => n === 2 && answer(socket, 503) });
  await using ticks = new Ticks(feed.url, { ...resuming, clock, reconnect: {} });
  await ticks.connect();
  ticks.rotateNow();
  await until(() => successorOf(ticks)?.step.at === "waiting");
  ticks.reconnectNow();
  await clock.advance(0);
  await until(() => ticks.state.generation === 3);
  expect(clock.now()).toBe(0);
});

test("a successor whose onConnect fails has its onDisconnect, and so has each connection", async () => {
  await using feed = await startNumberedFeed();
  const ticks = new Ticks(feed.url, resuming);
  ticks.greet = () => {
    if (ticks.connects === 2) throw new Error("not this one");
  };
  await ticks.connect();
  ticks.rotateNow();
  await until(() => ticks.state.generation === 3);
  expect(ticks.ended).toMatchObject([
    { error: { code: "connection-not-connected" }, willReconnect: true },
    { willReconnect: true },
  ]);
  await ticks.close();
  expect([ticks.connects, ticks.ended.length, ticks.ended.at(-1)?.willReconnect]).toEqual([3, 3, false]);
});

test("where the old connection is lost meanwhile, the successor becomes the next attempt, and no other is dialled", async () => {
  await using feed = await startNumberedFeed();
  const gate = Promise.withResolvers<void>();
  await using ticks = new Ticks(feed.url, deduping);
  ticks.greet = () => (ticks.connects === 2 ? gate.promise : undefined);
  await ticks.connect();
  feed.publish();
  await until(() => ticks.got.length === 1);
  ticks.rotateNow();
  await until(() => ticks.connects === 2);
  feed.connections[0]?.terminate();
  await until(() => ticks.state.name === "reconnecting");
  expect(ticks.state).toMatchObject({ generation: 2, step: { at: "preparing" } });
  feed.publish();
  const waiting = ticks.send({ x: 1 });
  gate.resolve();
  await waiting;
  await until(() => ticks.got.length === 2);
  expect([ticks.state, feed.requests.length]).toMatchObject([{ name: "open", generation: 2 }, 2]);
  expect(ticks.ended).toMatchObject([{ code: 1006, willReconnect: true }]);
});

test("a successor that waits for the last words of a connection takes over at once when that is lost", async () => {
  const clock = new VirtualClock();
  await using feed = await startNumberedFeed({ autoPong: false });
  await using ticks = new Ticks(feed.url, { ...deduping, clock });
  await ticks.connect();
  ticks.rotateNow();
  await until(() => ticks.connects === 2);
  await settled();
  feed.connections[0]?.terminate();
  await until(() => ticks.state.name === "open" && ticks.state.generation === 2);
  // Its heartbeat, and the watch over the clock.
  expect(clock.timers).toBe(2);
});

test.each(["dialing", "preparing"] as const)("close() while a successor is %s gives it up at once", async (at) => {
  const clock = new VirtualClock();
  let isGone = false;
  await using feed = await startNumberedFeed({
    refuse: (socket, _request, number) => {
      if (number === 2) socket.on("close", () => (isGone = true));
      if (at === "preparing" || number === 1) return false;
      socket.resume().on("end", () => socket.destroy());
      return true;
    },
  });
  const ticks = new Ticks(feed.url, { ...resuming, clock });
  ticks.greet = () => (ticks.connects > 1 ? new Promise<void>(() => undefined) : undefined);
  await ticks.connect();
  ticks.rotateNow();
  await until(() => feed.requests.length === 2 && successorOf(ticks)?.step.at === at);
  // Its peer does not answer the Close frame.
  feed.connections[0]?.pause();
  const closed = ticks.close();
  await until(() => isGone);
  expect(ticks.state.name).toBe("closing");
  await clock.advance(5_000);
  await closed;
  expect([ticks.state.name, clock.timers, ticks.connects]).toEqual(["closed", 0, ticks.ended.length]);
  feed.connections[0]?.resume();
  await until(() => feed.open.size === 0);
});

test("however often a rotation is asked for, there are two connections at most, and it is one rotation", async () => {
  await using feed = await startNumberedFeed();
  await using ticks = new Ticks(feed.url, resuming);
  await ticks.connect();
  for (let i = 0; i < 5; i++) ticks.rotateNow();
  await until(() => ticks.state.generation === 2);
  await until(() => feed.open.size === 1);
  expect([feed.most(), feed.requests.length]).toEqual([2, 2]);
});

test("a stream that cannot tell two connections apart says so, and one that is not open has nothing to rotate", async () => {
  const plain = new Ticks("ws://127.0.0.1:9", {});
  expect(() => plain.rotateNow()).toThrow("rotateNow needs reconnect, and resume or dedupe");
  const idle = new Ticks("ws://127.0.0.1:9", resuming);
  idle.rotateNow();
  expect(idle.state.name).toBe("idle");
});
