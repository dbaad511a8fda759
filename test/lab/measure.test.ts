import { expect, test } from "vitest";
import { figuresOf } from "../../src/lab/measure.ts";
import { shortScenario } from "./short-scenario.ts";

// The fault is from 2 s to 4 s, and the end at 8 s.
const call = (at: number, tookMs?: number): { at: number; succeededAt?: number } =>
  tookMs === undefined ? { at } : { at, succeededAt: at + tookMs };
const every = (from: number, to: number, tookMs?: number): { at: number; succeededAt?: number }[] =>
  Array.from({ length: (to - from) / 100 }, (_, index) => call(from + index * 100, tookMs));

test("goodput counts the calls made from the fault on, and those made during and after it apart", () => {
  const calls = [...every(0, 2_000), ...every(2_000, 3_000), ...every(3_000, 8_000, 10)];
  const figures = figuresOf(shortScenario, calls, []);
  expect(figures.goodput).toBeCloseTo(50 / 60);
  expect(figures.goodputDuring).toBeCloseTo(0.5);
  expect(figures.goodputAfter).toBe(1);
});

test("recovery is the time from the end of the fault to the first 3 s in which 95 % succeed", () => {
  const late = [...every(2_000, 4_900), ...every(4_900, 8_000, 10)];
  expect(figuresOf(shortScenario, late, []).recoveryMs).toBe(1_000);
  expect(figuresOf(shortScenario, every(2_000, 8_000, 10), []).recoveryMs).toBe(0);
  expect(figuresOf(shortScenario, every(2_000, 8_000), []).recoveryMs).toBeNull();
});

test("attempts are counted when they start, and their work is wasted unless it made a call succeed", () => {
  const calls = every(2_000, 4_000, 10);
  const attempts = [
    { at: 1_000, work: { doneMs: 1_000 }, isUseful: false },
    { at: 2_500, work: { doneMs: 30 }, isUseful: true },
    { at: 2_600, work: { doneMs: 10 }, isUseful: false },
    { at: 5_000, work: { doneMs: 60 }, isUseful: true },
  ];
  const figures = figuresOf(shortScenario, calls, attempts);
  expect(figures.attemptsPerCallDuring).toBeCloseTo(2 / 20);
  expect(figures.attemptsPerCall).toBeCloseTo(3 / 20);
  expect(figures.wastedWork).toBeCloseTo(0.1);
});

test("latency is that of the calls that succeeded", () => {
  const calls = [...every(2_000, 4_000, 10), ...every(4_000, 5_000), call(5_000, 500), ...every(5_000, 8_000)];
  const { p50Ms, p99Ms } = figuresOf(shortScenario, calls, []);
  expect([p50Ms, p99Ms]).toEqual([10, 500]);
});

test("the goodput of each second is that of the calls made in it", () => {
  const figures = figuresOf(shortScenario, [...every(0, 1_000, 10), ...every(1_000, 2_000)], []);
  expect(figures.goodputBySecond.slice(0, 2)).toEqual([1, 0]);
});

test("a call at the very beginning of a span belongs to it, and one at its end to the next", () => {
  const figures = figuresOf(
    shortScenario,
    [call(1_999), call(2_000, 10), call(4_000), call(4_000), call(8_000, 10)],
    [],
  );
  expect(figures).toMatchObject({ goodput: 1 / 3, goodputDuring: 1, goodputAfter: 0 });
});
