import { expect, test } from "vitest";
import { readFill } from "../../../src/websocket/resume/fill.ts";
import type { Filling } from "../../../src/websocket/resume/resume-options.ts";
import { settled, VirtualClock } from "../../support/virtual-clock.ts";

function reading(begin: (signal: AbortSignal) => Filling<number> | Promise<Filling<number>>, room?: Promise<void>) {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const taken: number[] = [];
  const end = readFill(begin, {
    clock,
    limitMs: 100,
    controller,
    timedOut: (limitMs) => new Error(`late after ${limitMs}`),
    take: (message) => {
      taken.push(message);
      return room;
    },
  }).then(
    () => "read",
    (thrown: unknown) => (thrown instanceof Error ? thrown.message : thrown),
  );
  return { clock, controller, taken, end };
}

async function* slowly(clock: () => VirtualClock, ...delays: readonly number[]) {
  for (const [i, delayMs] of delays.entries()) {
    await new Promise<void>((done) => void clock().setTimer(delayMs, done));
    yield i;
  }
}

test.each<[string, () => Filling<number> | Promise<Filling<number>>]>([
  ["a list", () => [1, 2]],
  ["a promise of a list", async () => [1, 2]],
  ["an async iterable", () => slowly2()],
  ["a promise of an async iterable", async () => slowly2()],
])("%s is read to its end", async (_what, begin) => {
  const { taken, end, clock } = reading(begin);
  expect(await end).toBe("read");
  expect([taken, clock.timers]).toEqual([[1, 2], 0]);
});

async function* slowly2() {
  yield 1;
  yield 2;
}

test("what the fill throws is thrown, at once or later", async () => {
  const now = reading(() => {
    throw new Error("now");
  });
  const later = reading(async function* () {
    yield 1;
    throw new Error("later");
  });
  expect([await now.end, await later.end, later.taken]).toEqual(["now", "later", [1]]);
});

test("what is no iterable is an error", async () => {
  // @ts-expect-error: it gives nothing
  expect(await reading(() => undefined).end).toMatch(/must give an iterable/);
});

test("a fill that never answers ends by the limit, and hears of it", async () => {
  let heard: unknown;
  const { clock, end } = reading((signal) => {
    signal.addEventListener("abort", () => (heard = signal.reason));
    return new Promise(() => undefined);
  });
  await clock.advance(100);
  expect(await end).toBe("late after 100");
  expect(heard).toBeInstanceOf(Error);
  expect(clock.timers).toBe(0);
});

test("the limit is for all that is waited, not for each message", async () => {
  const fill = reading(() => slowly(() => fill.clock, 40, 40, 40));
  await fill.clock.advance(200);
  expect([await fill.end, fill.taken]).toEqual(["late after 100", [0, 1]]);
});

test("the time that consumers take is not the fill's", async () => {
  const room = Promise.withResolvers<void>();
  const fill = reading(() => slowly(() => fill.clock, 40, 40), room.promise);
  await fill.clock.advance(1_000);
  expect(fill.taken).toEqual([0]);
  room.resolve();
  await fill.clock.advance(40);
  expect([await fill.end, fill.taken]).toEqual(["read", [0, 1]]);
});

test("the next message is asked for only when there is room", async () => {
  const room = Promise.withResolvers<void>();
  const { taken, end } = reading(() => [1, 2], room.promise);
  await settled();
  expect(taken).toEqual([1]);
  room.resolve();
  expect([await end, taken]).toEqual(["read", [1, 2]]);
});

test("to abort it ends it with the reason at once, leaves no timer, and lets a generator go", async () => {
  let isLeft = false;
  const generate = async function* () {
    try {
      yield 1;
      yield 2;
    } finally {
      isLeft = true;
    }
  };
  const room = new Promise<void>(() => undefined);
  const { controller, end, taken } = reading(generate, room);
  await settled();
  controller.abort("enough");
  expect([await end, taken]).toEqual(["enough", [1]]);
  await settled();
  expect(isLeft).toBe(true);
  const waiting = reading(() => new Promise(() => undefined));
  waiting.controller.abort("enough");
  expect(waiting.clock.timers).toBe(0);
  expect(await waiting.end).toBe("enough");
});

test("a list is not read on after it was aborted", async () => {
  const fill = reading(() => [1, 2, 3]);
  fill.controller.abort("enough");
  expect(await fill.end).toBe("enough");
  expect(fill.taken).toEqual([]);
});
