import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { systemClock, systemRandom } from "../../src/core/clock.ts";
import { DeadlineList } from "../../src/core/deadline-list.ts";

const dayMs = 86_400_000;

describe("the machine's clock", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] }));
  afterEach(() => void vi.useRealTimers());

  test("now does not depend on the date, which may be set; wallNow is the date", () => {
    const before = systemClock.now();
    vi.setSystemTime(Date.UTC(2000, 0, 1));
    expect(systemClock.now()).toBe(before);
    expect(systemClock.wallNow()).toBe(Date.UTC(2000, 0, 1));
  });

  test("a timer fires once, after its delay", () => {
    const fired = vi.fn<() => void>();
    systemClock.setTimer(100, fired);
    vi.advanceTimersByTime(99);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    expect(fired).toHaveBeenCalledOnce();
  });

  test("a cancelled timer does not fire, and to cancel it again is harmless", () => {
    const fired = vi.fn<() => void>();
    const timer = systemClock.setTimer(100, fired);
    timer.cancel();
    timer.cancel();
    vi.advanceTimersByTime(1_000);
    expect(fired).not.toHaveBeenCalled();
  });

  test("a delay below 0 counts as 0", () => {
    const fired = vi.fn<() => void>();
    systemClock.setTimer(-5, fired);
    vi.advanceTimersByTime(0);
    expect(fired).toHaveBeenCalledOnce();
  });

  test.each([2 ** 31, 40 * dayMs, Number.POSITIVE_INFINITY])(
    "a delay of %d ms, above what setTimeout takes, is cut and does not fire at once",
    (delayMs) => {
      const fired = vi.fn<() => void>();
      systemClock.setTimer(delayMs, fired);
      vi.advanceTimersByTime(24 * dayMs);
      expect(fired).not.toHaveBeenCalled();
      vi.advanceTimersByTime(dayMs);
      expect(fired).toHaveBeenCalledOnce();
    },
  );

  test("a deadline of 40 days is told after 40 days: the list looks again when its timer was cut", () => {
    const list = new DeadlineList(systemClock);
    const expire = vi.fn<(now: number) => void>(() => list.clear());
    list.add({ expiresAt: systemClock.now() + 40 * dayMs, expire });
    vi.advanceTimersByTime(40 * dayMs - 1);
    expect(expire).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(expire).toHaveBeenCalledOnce();
  });

  test("an entry without end has no timer", () => {
    const list = new DeadlineList(systemClock);
    list.add({ expiresAt: Number.POSITIVE_INFINITY, expire: () => undefined });
    expect(vi.getTimerCount()).toBe(0);
  });
});

test("a timer that is let go does not hold the process up, until that is taken back", () => {
  const held = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = held();
  const timer = systemClock.setTimer(60_000, () => undefined);
  const counts = [held()];
  timer.unref();
  counts.push(held());
  timer.ref();
  counts.push(held());
  timer.cancel();
  counts.push(held());
  expect(counts).toEqual([before + 1, before, before + 1, before]);
});

test("chance is from 0 up to, and without, 1", () => {
  const number = systemRandom();
  expect(number).toBeGreaterThanOrEqual(0);
  expect(number).toBeLessThan(1);
});
