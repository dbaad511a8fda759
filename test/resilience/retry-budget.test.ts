import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Verdict } from "../../src/resilience/outcome.ts";
import { RetryBudget, readRetryBudget } from "../../src/resilience/retry-budget.ts";
import { reading } from "../support/options.ts";
import { errorOf, failsWith, Scene, seeded, succeeds } from "./calls.ts";

const limits = { successRatio: 0.6, ratio: 0.1, minFailures: 10 };

function told(budget: RetryBudget, count: number, verdict: Verdict, now = 0): void {
  for (let i = 0; i < count; i++) budget.observe(verdict, now);
}

describe("how many failures it bears", () => {
  test("a tenth of the calls of the last 10 s, and never less than the minimum", () => {
    const budget = new RetryBudget(limits);
    for (let i = 0; i < 100; i++) budget.countCall(0);
    expect(budget.capacity(0)).toBe(10);
    for (let i = 0; i < 20; i++) budget.countCall(5_000);
    expect([budget.capacity(5_000), budget.available(5_000)]).toEqual([12, 12]);
    expect(budget.capacity(20_000)).toBe(10);
  });

  test("it is spent with the last of them, and not before", () => {
    const budget = new RetryBudget(limits);
    told(budget, 9, "fault");
    expect([budget.isSpent, budget.available(0)]).toEqual([false, 1]);
    told(budget, 1, "overload");
    expect([budget.isSpent, budget.available(0)]).toEqual([true, 0]);
  });

  test("a success makes two thirds of a failure good, and nothing is saved up beyond the whole", () => {
    const budget = new RetryBudget(limits);
    told(budget, 100, "healthy");
    told(budget, 6, "fault");
    told(budget, 3, "healthy");
    expect(budget.available(0)).toBeCloseTo(6);
    told(budget, 7, "healthy");
    expect(budget.available(0)).toBe(10);
  });

  test("what ended here, and a 429, are neither failure nor success", () => {
    const budget = new RetryBudget(limits);
    told(budget, 5, "fault");
    told(budget, 100, "local");
    told(budget, 100, "throttled");
    expect(budget.available(0)).toBe(5);
  });

  test("failures beyond the whole are not remembered: a long outage takes no longer to get over than a short one", () => {
    const budget = new RetryBudget(limits);
    told(budget, 1_000, "fault");
    told(budget, 9, "healthy");
    expect(budget.isSpent).toBe(false);
  });

  test("spent, it takes nine successes to go on, and not one less", () => {
    const budget = new RetryBudget(limits);
    told(budget, 10, "fault");
    told(budget, 8, "healthy");
    expect(budget.isSpent).toBe(true);
    told(budget, 1, "healthy");
    expect(budget.isSpent).toBe(false);
  });

  test("what was missing beyond a capacity that shrank with the traffic is missing no more", () => {
    const budget = new RetryBudget(limits);
    for (let i = 0; i < 1_000; i++) budget.countCall(0);
    told(budget, 50, "fault");
    expect([budget.isSpent, budget.available(0)]).toEqual([false, 50]);
    expect(budget.available(20_000)).toBe(0);
    told(budget, 1, "fault", 20_000);
    told(budget, 9, "healthy", 20_000);
    expect(budget.isSpent).toBe(false);
  });
});

test("any course of attempts: its level is that of a plain bucket, spent when empty and restored at three fifths", () => {
  const verdict = fc.constantFrom<Verdict>("fault", "overload", "healthy", "throttled", "local");
  const step = fc.record({ afterMs: fc.nat(300), verdict });
  const parts = fc.record({
    steps: fc.array(step, { maxLength: 200 }),
    successRatio: fc.double({ min: 0.5, max: 0.99, noNaN: true }),
    ratio: fc.double({ min: 0.001, max: 1, noNaN: true }),
    minFailures: fc.integer({ min: 1, max: 10 }),
  });
  fc.assert(
    fc.property(parts, ({ steps, successRatio, ratio, minFailures }) => {
      const budget = new RetryBudget({ successRatio, ratio, minFailures });
      const at: number[] = [];
      let [now, missing, isSpent] = [0, 0, false];
      for (const { afterMs, verdict: how } of steps) {
        now += afterMs;
        budget.countCall(now);
        at.push(now);
        const inWindow = at.filter((time) => Math.floor(now / 1_000) - Math.floor(time / 1_000) < 10).length;
        const capacity = Math.max(minFailures, ratio * inWindow);
        budget.observe(how, now);
        if (how === "fault" || how === "overload") missing = Math.min(capacity, missing + 1);
        if (how === "healthy") missing = Math.max(0, missing - (1 - successRatio) / successRatio);
        if (how !== "local" && how !== "throttled") {
          if (missing >= capacity) isSpent = true;
          else if (missing <= capacity * 0.4) isSpent = false;
        }
        expect(budget.isSpent).toBe(isSpent);
        expect(budget.available(now)).toBeCloseTo(Math.max(0, capacity - missing), 6);
      }
    }),
  );
});

describe("through the pipeline", () => {
  const retry = { maxRetries: 2, baseDelayMs: 1, maxDelayMs: 1 };

  async function callsPerSecond(rate: number, seconds: number, isFailure: (attempt: number) => boolean) {
    const budget = new RetryBudget(limits);
    const scene = new Scene([], { budget, random: () => 0 });
    let attempts = 0;
    let succeeded = 0;
    const step = failsWith({ outcome: "unknown" });
    for (let call = 0; call < rate * seconds; call++) {
      const done = scene.call([(attempt) => (isFailure(attempts++) ? step : succeeds)(attempt)], { retry });
      await done.then(
        () => succeeded++,
        () => undefined,
      );
      scene.clock.jump(1_000 / rate);
    }
    return { calls: rate * seconds, attempts, succeeded };
  }

  test("in a total outage retries end with the tenth failure, and not one more is made", async () => {
    const { calls, attempts } = await callsPerSecond(20, 60, () => true);
    // Three calls with three attempts each, and the first attempt of the fourth; with two retries each it would be 2400.
    expect(attempts - calls).toBe(6);
  });

  test("a third of random errors is retried nearly always", async () => {
    const random = seeded(42);
    const { calls, succeeded } = await callsPerSecond(50, 60, () => random() < 1 / 3);
    // With two retries and no budget 96.3 % would succeed, without retries 67 %.
    expect(succeeded / calls).toBeGreaterThan(0.93);
  });

  test("half of random errors are retried hardly ever: the service is failing", async () => {
    const random = seeded(42);
    const { calls, attempts } = await callsPerSecond(50, 60, () => random() < 0.5);
    expect(attempts / calls).toBeLessThan(1.15);
  });

  test("the error says that the budget held it back, and no retry is made", async () => {
    const budget = new RetryBudget({ ...limits, minFailures: 1 });
    const scene = new Scene([], { budget });
    expect(await errorOf(scene.call([failsWith()]))).toMatchObject({ notRetried: "budget", attempts: [{}] });
    await scene.clock.advance(30_000);
    expect(scene.started).toEqual([1]);
  });

  test("without a budget every retry is made", async () => {
    const scene = new Scene();
    const calls = Array.from({ length: 20 }, () => scene.call([failsWith()]));
    await scene.clock.advance(1_000);
    await Promise.allSettled(calls);
    expect(scene.started).toHaveLength(60);
  });
});

describe("the option budget", () => {
  const { read, problemsOf } = reading("budget", readRetryBudget);

  test("by default three fifths must succeed, and a tenth of the calls, ten at least, is borne; false is none", () => {
    expect(read()).toEqual({ successRatio: 0.6, ratio: 0.1, minFailures: 10 });
    expect(read({ ratio: undefined })).toEqual(read());
    const given = { successRatio: 0.5, ratio: 1, minFailures: 1 };
    expect(read(given)).toEqual(given);
    expect(read(false)).toBeUndefined();
  });

  test("bad values are told by their full names, all at once", () => {
    expect(problemsOf({ successRatio: 1, ratio: 1.1, minFailures: Number.NaN, minRetries: 1 })).toEqual([
      "budget.successRatio must be a number from 0.5 to 0.99, not 1",
      "budget.ratio must be a number from 0.001 to 1, not 1.1",
      "budget.minFailures must be a number of at least 1, not NaN",
      expect.stringContaining("unknown option budget.minRetries"),
    ]);
    expect(problemsOf(true)).toHaveLength(1);
  });
});
