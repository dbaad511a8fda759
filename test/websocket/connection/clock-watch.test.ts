import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import type { Clock } from "../../../src/core/clock.ts";
import { isJump, unwatchClock, watchClock } from "../../../src/websocket/connection/clock-watch.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

/** Watches, until it is told to stop. */
function watch(clock: Clock, onJump: () => void): () => void {
  const watcher = { onJump };
  watchClock(clock, watcher);
  return () => unwatchClock(clock, watcher);
}

/** Counts the jumps that it is told of. */
function counter() {
  const counted = { jumps: 0, onJump: () => void counted.jumps++ };
  return counted;
}

test.each([
  ["a tick in time is none", 1_000, 1_000, false],
  ["a tick that came 5 s late is none", 6_000, 6_000, false],
  ["a later one is", 6_001, 6_001, true],
  ["2 s of drift are none, either way", 1_000, 3_000, false],
  ["more is, ahead", 1_000, 3_001, true],
  ["more is, back", 1_000, -1_001, true],
  ["2 s back are none", 1_000, -1_000, false],
  ["a suspension that the monotonic scale slept through is one", 1_000, 3_600_000, true],
])("%s", (_rule, now, wallNow, expected) => {
  expect(isJump({ now: 0, wallNow: 0 }, { now, wallNow })).toBe(expected);
});

test("a clock that runs tells nobody anything", async () => {
  const clock = new VirtualClock();
  const one = counter();
  const stop = watch(clock, one.onJump);
  await clock.advance(60_000);
  stop();
  expect(one.jumps).toBe(0);
});

test("a clock that is set is told once, to everybody", async () => {
  const clock = new VirtualClock();
  const [one, other] = [counter(), counter()];
  const stops = [one, other].map(({ onJump }) => watch(clock, onJump));
  await clock.advance(1_500);
  clock.jumpWall(-3_600_000);
  await clock.advance(5_000);
  expect([one.jumps, other.jumps]).toEqual([1, 1]);
  for (const stop of stops) stop();
});

test("a process that stood still is told of it with the first tick", async () => {
  const clock = new VirtualClock();
  const one = counter();
  const stop = watch(clock, one.onJump);
  clock.jump(7_000);
  await clock.advance(0);
  expect(one.jumps).toBe(1);
  await clock.advance(5_000);
  expect(one.jumps).toBe(1);
  stop();
});

test("all who watch one clock share one timer, and the last to stop takes it away", () => {
  const clock = new VirtualClock();
  const stops = Array.from({ length: 3 }, () => watch(clock, () => undefined));
  expect(clock.timers).toBe(1);
  stops[0]?.();
  stops[0]?.();
  stops[1]?.();
  expect(clock.timers).toBe(1);
  stops[2]?.();
  expect(clock.timers).toBe(0);
});

test("its timer keeps no process alive", () => {
  const clock = new VirtualClock();
  const stop = watch(clock, () => undefined);
  expect(clock.pending).toMatchObject([{ isUnref: true }]);
  stop();
  expect(clock.pending).toEqual([]);
});

test("what happened while nobody watched is not told", async () => {
  const clock = new VirtualClock();
  watch(clock, () => undefined)();
  clock.jumpWall(60_000);
  clock.jump(60_000);
  const one = counter();
  const stop = watch(clock, one.onJump);
  await clock.advance(3_000);
  stop();
  expect(one.jumps).toBe(0);
});

test("one that stops another while it is told spares it", async () => {
  const clock = new VirtualClock();
  const other = counter();
  let stopOther = (): void => undefined;
  const stop = watch(clock, () => stopOther());
  stopOther = watch(clock, other.onJump);
  clock.jumpWall(60_000);
  await clock.advance(1_000);
  stop();
  expect([other.jumps, clock.timers]).toEqual([0, 0]);
});

test("nobody is told within the context of whoever began to watch", async () => {
  const clock = new VirtualClock();
  const context = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  // As a real timer does, this one calls back in the context that it was set in.
  const contextual = Object.assign(Object.create(clock) as VirtualClock, {
    now: () => clock.now(),
    wallNow: () => clock.wallNow(),
    setTimer: (ms: number, callback: () => void) => clock.setTimer(ms, AsyncLocalStorage.bind(callback)),
  });
  const stop = context.run("a call", () => watch(contextual, () => seen.push(context.getStore())));
  clock.jumpWall(60_000);
  await clock.advance(1_000);
  stop();
  expect(seen).toEqual([undefined]);
});
