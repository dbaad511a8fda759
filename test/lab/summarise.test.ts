import { describe, expect, test } from "vitest";
import type { Figures } from "../../src/lab/measure.ts";
import { behindBest, isFailing, summarise } from "../../src/lab/summarise.ts";

export function figures(more: Partial<Figures> = {}): Figures {
  return {
    goodput: 0.9,
    goodputDuring: 0.8,
    goodputAfter: 1,
    attemptsPerCall: 1.1,
    attemptsPerCallDuring: 1.2,
    recoveryMs: 500,
    p50Ms: 20,
    p99Ms: 100,
    p999Ms: 200,
    wastedWork: 0.1,
    goodputBySecond: [1, 0.5],
    ...more,
  };
}

describe("a summary", () => {
  test("has mean and standard deviation over the seeds, and the mean of each second", () => {
    const both = [figures({ goodput: 0.8 }), figures({ goodput: 1, goodputBySecond: [1, 1] })];
    const summary = summarise("a", "hawser", both);
    expect(summary.goodput).toEqual({ mean: 0.9, sd: 0.14142 });
    expect(summary.goodputBySecond).toEqual([1, 0.75]);
    expect(summary.seeds).toBe(2);
  });

  test("takes recovery from the seeds that recover, and says how many do", () => {
    const some = summarise("a", "hawser", [figures(), figures({ recoveryMs: null })]);
    expect(some).toMatchObject({ recoveryMs: { mean: 500, sd: 0 }, recovered: 1 });
    const none = summarise("a", "hawser", [figures({ recoveryMs: null })]);
    expect(none).toMatchObject({ recoveryMs: null, recovered: 0 });
  });

  test("has no goodput after a fault that lasts to the end", () => {
    expect(summarise("calm", "hawser", [figures({ goodputAfter: null })]).goodputAfter).toBeNull();
  });
});

test("a service is failing where the client without retries loses more than half of its calls, and unknown without it", () => {
  const bad = summarise("bad", "no-retries", [figures({ goodputDuring: 0.49 })]);
  const flaky = summarise("flaky", "no-retries", [figures({ goodputDuring: 0.5 })]);
  expect(isFailing([bad, flaky], "bad")).toBe(true);
  expect(isFailing([bad, flaky], "flaky")).toBe(false);
  expect(isFailing([bad, flaky], "other")).toBeUndefined();
});

test("who is behind the best is so by percentage points of goodput, within one scenario", () => {
  const all = [
    summarise("a", "x", [figures({ goodput: 0.9 })]),
    summarise("a", "y", [figures({ goodput: 0.75 })]),
    summarise("b", "x", [figures({ goodput: 1 })]),
  ];
  expect([...behindBest(all, { id: "a" })]).toEqual([
    ["x", 0],
    ["y", expect.closeTo(15)],
  ]);
});
