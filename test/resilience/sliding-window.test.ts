import * as fc from "fast-check";
import { expect, test } from "vitest";
import { SlidingWindow } from "../../src/resilience/sliding-window.ts";

const counts = (window: SlidingWindow, now: number): [number, number] => [window.all(now), window.some(now)];

test("what was counted is there for nine tenths of the window at least, and gone after the whole", () => {
  const window = new SlidingWindow(1_000);
  window.add(99, true);
  window.add(99, false);
  expect(counts(window, 999)).toEqual([2, 1]);
  expect(counts(window, 1_000)).toEqual([0, 0]);
});

test("either count alone is that of now", () => {
  const window = new SlidingWindow(1_000);
  window.add(0, true);
  expect(window.some(1_000)).toBe(0);
  window.add(1_000, true);
  expect(window.all(2_000)).toBe(0);
});

test("each tenth leaves by itself", () => {
  const window = new SlidingWindow(1_000);
  window.add(0, true);
  window.add(150, false);
  window.add(950, true);
  expect(counts(window, 999)).toEqual([3, 2]);
  expect(counts(window, 1_050)).toEqual([2, 1]);
  expect(counts(window, 1_100)).toEqual([1, 1]);
  expect(counts(window, 1_899)).toEqual([1, 1]);
  expect(counts(window, 1_900)).toEqual([0, 0]);
});

test("an hour of silence clears it, by time alone", () => {
  const window = new SlidingWindow(10_000);
  for (let i = 0; i < 50; i++) window.add(i, true);
  window.add(3_600_000, true);
  expect(counts(window, 3_600_000)).toEqual([1, 1]);
});

test("cleared, it counts from nothing", () => {
  const window = new SlidingWindow(1_000);
  window.add(0, true);
  window.add(500, true);
  window.clear();
  expect(counts(window, 500)).toEqual([0, 0]);
  window.add(600, false);
  expect(counts(window, 1_000)).toEqual([1, 0]);
  expect(counts(window, 1_600)).toEqual([0, 0]);
});

test("a time that seems to go back is counted as now", () => {
  const window = new SlidingWindow(1_000);
  window.add(550, false);
  window.add(10, true);
  expect(counts(window, 1_499)).toEqual([2, 1]);
  expect(counts(window, 1_500)).toEqual([0, 0]);
});

test("whatever is counted, and whenever: a model that keeps every single one says the same", () => {
  const step = fc.record({ afterMs: fc.nat(700), isSome: fc.boolean() });
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 3_000 }), fc.array(step, { maxLength: 60 }), (windowMs, steps) => {
      const window = new SlidingWindow(windowMs);
      const bucketOf = (at: number): number => Math.floor(at / (windowMs / 10));
      const kept: { at: number; isSome: boolean }[] = [];
      let now = 0;
      for (const { afterMs, isSome } of steps) {
        now += afterMs;
        window.add(now, isSome);
        kept.push({ at: now, isSome });
        const inWindow = kept.filter(({ at }) => bucketOf(now) - bucketOf(at) < 10);
        expect(counts(window, now)).toEqual([inWindow.length, inWindow.filter((one) => one.isSome).length]);
      }
    }),
  );
});

test("a hundred thousand in one window are counted to the last, in the same ten buckets as ten", () => {
  const window = new SlidingWindow(10_000);
  for (let i = 0; i < 100_000; i++) window.add(i / 10, i % 3 === 0);
  expect(counts(window, 9_999.9)).toEqual([100_000, 33_334]);
});
