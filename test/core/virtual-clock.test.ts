import { expect, onTestFinished, test, vi } from "vitest";
import { settled, VirtualClock } from "../../src/core/virtual-clock.ts";

test("events happen in order of time, and those of one moment in order of creation", async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  clock.setTimer(20, () => seen.push("c"));
  clock.setTimer(10, () => seen.push("a"));
  clock.setTimer(10, () => seen.push("b"));
  await clock.run(100);
  expect(seen).toEqual(["a", "b", "c"]);
  expect(clock.now()).toBe(100);
});

test("every promise that can settle has settled before the next event, however long the chain", async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  const chain = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) await Promise.resolve();
    await new Promise<void>((done) => process.nextTick(done));
    seen.push("chain");
  };
  clock.setTimer(1, () => void chain());
  clock.setTimer(1, () => seen.push("next event"));
  await clock.run(1);
  expect(seen).toEqual(["chain", "next event"]);
});

test("a timer that was cancelled does not fire, and what lies beyond the end does not either", async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  clock.setTimer(5, () => seen.push("cancelled")).cancel();
  clock.setTimer(11, () => seen.push("beyond"));
  await clock.run(10);
  expect(seen).toEqual([]);
  await clock.run(11);
  expect(seen).toEqual(["beyond"]);
});

test("a delay below 0, or none at all, is now", async () => {
  const clock = new VirtualClock();
  const at: number[] = [];
  await clock.run(10);
  clock.setTimer(-5, () => at.push(clock.now()));
  clock.setTimer(Number.NaN, () => at.push(clock.now()));
  clock.at(3, () => at.push(clock.now()));
  await clock.run(20);
  expect(at).toEqual([10, 10, 10]);
});

test("what an event throws ends the run", async () => {
  const clock = new VirtualClock();
  clock.setTimer(1, () => {
    throw new Error("broken");
  });
  await expect(clock.run(10)).rejects.toThrow("broken");
});

test("advance fires what is due, with what that sets, and lets promises settle in between", async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  clock.setTimer(10, () => {
    seen.push(`first at ${clock.now()}`);
    void settled().then(() => clock.setTimer(5, () => seen.push(`second at ${clock.now()}`)));
  });
  clock.setTimer(21, () => seen.push("beyond"));
  await clock.advance(20);
  expect(seen).toEqual(["first at 10", "second at 15"]);
  expect(clock.now()).toBe(20);
});

test("advance may be called by a timer that it fires, and never sets time back", async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  let inner: Promise<void> | undefined;
  clock.setTimer(10, () => {
    inner = clock.advance(15).then(() => void seen.push(`inner is over at ${clock.now()}`));
  });
  clock.setTimer(12, () => seen.push(`second at ${clock.now()}`));
  clock.setTimer(22, () => seen.push(`third at ${clock.now()}`));
  await clock.advance(20);
  await inner;
  expect(seen).toEqual(["second at 12", "third at 22", "inner is over at 25"]);
  expect(clock.now()).toBe(25);
});

test("what a timer throws is thrown by advance, at its time; the rest is still set", async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  clock.setTimer(5, () => {
    throw new Error("broken");
  });
  clock.setTimer(5, () => seen.push("beside it"));
  await expect(clock.advance(10)).rejects.toThrow("broken");
  expect(clock.now()).toBe(5);
  await clock.advance(0);
  expect(seen).toEqual(["beside it"]);
});

test("it runs where the timers of the test are false ones", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const clock = new VirtualClock();
  const seen: number[] = [];
  clock.setTimer(5, () => seen.push(clock.now()));
  await clock.advance(10);
  clock.setTimer(5, () => seen.push(clock.now()));
  await clock.run(20);
  expect(seen).toEqual([5, 15]);
});

test("advanceToNext passes exactly the time up to the next timer, and says how long that was", async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  clock.setTimer(250, () => seen.push("a"));
  clock.setTimer(250, () => seen.push("b"));
  clock.setTimer(400, () => seen.push("c"));
  clock.setTimer(Number.POSITIVE_INFINITY, () => seen.push("never"));
  expect(await clock.advanceToNext()).toBe(250);
  expect(seen).toEqual(["a", "b"]);
  expect(await clock.advanceToNext()).toBe(150);
  expect(await clock.advanceToNext()).toBeUndefined();
  expect(clock.now()).toBe(400);
});

test("what is set is visible, the next one first, without what was cancelled or has fired", async () => {
  const clock = new VirtualClock();
  clock.setTimer(30, () => undefined).unref();
  clock.setTimer(20, () => undefined);
  clock.setTimer(10, () => undefined);
  clock.setTimer(5, () => undefined).cancel();
  await clock.advance(10);
  expect(clock.pending).toEqual([
    { at: 20, dueInMs: 10, isUnref: false },
    { at: 30, dueInMs: 20, isUnref: true },
  ]);
  expect(clock.timers).toBe(2);
});

test("a timer that was forgotten is told, one that was unref'd is not", () => {
  const forgotten = (): void => {
    using clock = new VirtualClock();
    clock.setTimer(10, () => undefined);
    clock.setTimer(40, () => undefined);
  };
  expect(forgotten).toThrow("2 timers are still set (due in 10 ms, in 40 ms)");
  const tidy = (): void => {
    using clock = new VirtualClock();
    clock.setTimer(10, () => undefined).unref();
    clock.setTimer(10, () => undefined).cancel();
  };
  expect(tidy).not.toThrow();
  const kept = (): void => {
    using clock = new VirtualClock();
    const timer = clock.setTimer(10, () => undefined);
    timer.unref();
    timer.ref();
  };
  expect(kept).toThrow("1 timer is still set (due in 10 ms)");
});

test("a jump fires nothing by itself; what it passed comes with the next move, at the time it is then", async () => {
  const clock = new VirtualClock();
  const at: number[] = [];
  clock.setTimer(10, () => at.push(clock.now()));
  clock.jump(1_000);
  expect(at).toEqual([]);
  await clock.advance(0);
  expect(at).toEqual([1_000]);
});

test("the wall clock begins where it is told to, and can be set alone", () => {
  const clock = new VirtualClock({ startAt: new Date("2030-06-01T12:00:00Z") });
  clock.jump(1_000);
  clock.jumpWall(-500);
  expect(new Date(clock.wallNow()).toISOString()).toBe("2030-06-01T12:00:00.500Z");
  expect(clock.now()).toBe(1_000);
});

test("what is no length of time is refused", async () => {
  const clock = new VirtualClock();
  await expect(clock.advance(-1)).rejects.toThrow("advance needs milliseconds of at least 0, not -1");
  await expect(clock.advance(Number.POSITIVE_INFINITY)).rejects.toThrow("not Infinity");
  expect(() => clock.jump(Number.NaN)).toThrow("jump needs milliseconds");
  expect(() => clock.jumpWall("1" as never)).toThrow("jumpWall needs milliseconds");
  expect(() => new VirtualClock({ startAt: new Date("nonsense") })).toThrow("startAt must be a valid Date");
  expect(() => new VirtualClock({ startsAt: new Date() } as never)).toThrow("did you mean startAt?");
});
