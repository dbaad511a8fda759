import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RetryBudget, readRetryBudget, retryCost } from "../../src/resilience/retry-budget.ts";
import { reading } from "../support/options.ts";
import { failure, failsWith, Scene, seeded, succeeds } from "./calls.ts";

const limits = { ratio: 0.1, minRetries: 3 };

describe("how much is there", () => {
  test("a tenth of the calls of the last 10 s, and never less than the minimum", () => {
    const budget = new RetryBudget(limits);
    expect(budget.capacity(0)).toBe(3);
    for (let i = 0; i < 30; i++) budget.countCall(0);
    expect(budget.capacity(0)).toBe(3);
    for (let i = 0; i < 20; i++) budget.countCall(5_000);
    expect(budget.capacity(5_000)).toBe(5);
  });

  test("it follows the traffic down again, below what was spent if need be", () => {
    const budget = new RetryBudget(limits);
    for (let i = 0; i < 100; i++) budget.countCall(0);
    for (let i = 0; i < 10; i++) expect(budget.take(1, 0)).toBe(true);
    expect(budget.take(1, 0)).toBe(false);
    expect([budget.capacity(20_000), budget.available(20_000)]).toEqual([3, -7]);
    expect(budget.take(1, 20_000)).toBe(false);
  });

  test("what is refused costs nothing", () => {
    const budget = new RetryBudget({ ratio: 0.1, minRetries: 0.5 });
    expect(budget.take(1, 0)).toBe(false);
    expect(budget.available(0)).toBe(0.5);
  });

  test("the last of it can be spent, although fourteenths do not add up in binary", () => {
    const budget = new RetryBudget({ ratio: 0.1, minRetries: 5 });
    for (let i = 0; i < 14; i++) expect(budget.take(5 / 14, 0)).toBe(true);
    expect(budget.take(5 / 14, 0)).toBe(false);
    expect(budget.available(0)).toBeCloseTo(0);
  });

  test("a retry that succeeds gives its cost back, a first attempt that succeeds a fourteenth, and never more than all", () => {
    const budget = new RetryBudget(limits);
    for (let i = 0; i < 3; i++) budget.take(1, 0);
    budget.deposit(1);
    expect(budget.available(0)).toBe(1);
    budget.deposit(undefined);
    expect(budget.available(0)).toBeCloseTo(1 + 1 / 14);
    for (let i = 0; i < 100; i++) budget.deposit(undefined);
    expect(budget.available(0)).toBe(3);
  });
});

describe("what a retry costs", () => {
  test.each([
    ["a failure of the connection", { outcome: "unknown" }, 1],
    ["a connection that was refused", { outcome: "not-sent" }, 1],
    ["a 500", { status: 500, outcome: "unknown" }, 1],
    ["a 408", { status: 408, outcome: "rejected", verdict: "healthy" }, 1],
    ["a timeout", { verdict: "overload", outcome: "unknown" }, 1],
    ["a 503", { status: 503, verdict: "overload", outcome: "rejected" }, 5 / 14],
    ["a 429", { status: 429, verdict: "throttled", outcome: "rejected" }, 5 / 14],
  ] as const)("after %s", (_what, more, cost) => {
    expect(retryCost(failure(more))).toBe(cost);
  });
});

describe("any calls against any service", () => {
  const plan = fc.record({
    calls: fc.array(fc.record({ afterMs: fc.nat(300), fails: fc.boolean(), pushback: fc.boolean() }), {
      maxLength: 200,
    }),
    ratio: fc.double({ min: 0.001, max: 1, noNaN: true }),
    minRetries: fc.nat(10),
  });

  test("retries in hand are never more than the capacity, and a model with plain sums says the same", () => {
    fc.assert(
      fc.property(plan, ({ calls, ratio, minRetries }) => {
        const budget = new RetryBudget({ ratio, minRetries });
        const at: number[] = [];
        let [now, spent] = [0, 0];
        for (const { afterMs, fails, pushback } of calls) {
          now += afterMs;
          budget.countCall(now);
          at.push(now);
          const inWindow = at.filter((time) => Math.floor(now / 1_000) - Math.floor(time / 1_000) < 10).length;
          const capacity = Math.max(minRetries, ratio * inWindow);
          const cost = pushback ? 5 / 14 : 1;
          const mayRetry = fails && capacity - spent >= cost - 1e-9;
          const isTaken = fails && budget.take(cost, now);
          if (!fails) budget.deposit(undefined);
          expect(isTaken).toBe(mayRetry);
          spent = fails ? spent + (mayRetry ? cost : 0) : Math.max(0, spent - 1 / 14);
          expect(budget.available(now)).toBeCloseTo(capacity - spent, 6);
        }
      }),
    );
  });
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
    return { calls: rate * seconds, attempts, succeeded, budget, scene };
  }

  test("in a total outage retries end: what was in hand is spent, and not one more", async () => {
    const { calls, attempts } = await callsPerSecond(20, 60, () => true);
    // 3 at first, 10 % of 200 calls once there is traffic; with two retries each it would be 2400.
    expect(attempts - calls).toBe(20);
  });

  test("a fifth of random errors is still retried nearly always, for what helps is given back", async () => {
    const random = seeded(42);
    const { calls, succeeded } = await callsPerSecond(50, 60, () => random() < 0.2);
    // With two retries and no budget 99.2 % would succeed, without retries 80 %.
    expect(succeeded / calls).toBeGreaterThan(0.985);
  });

  test("the error says that the budget held it back, and no retry is made", async () => {
    const budget = new RetryBudget({ ratio: 0.001, minRetries: 0 });
    const scene = new Scene([], { budget });
    const call = scene.call([failsWith()]);
    await expect(call).rejects.toMatchObject({ notRetried: "budget", attempts: [{}] });
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

  test("by default a tenth, and three at least; false is none", () => {
    expect(read()).toEqual({ ratio: 0.1, minRetries: 3 });
    expect(read({ ratio: undefined })).toEqual(read());
    expect(read({ ratio: 1, minRetries: 0 })).toEqual({ ratio: 1, minRetries: 0 });
    expect(read({ ratio: 0.001, minRetries: 2.5 })).toEqual({ ratio: 0.001, minRetries: 2.5 });
    expect(read(false)).toBeUndefined();
  });

  test("bad values are told by their full names, all at once", () => {
    expect(problemsOf({ ratio: 1.1, minRetries: Number.NaN, minRetry: 1 })).toEqual([
      "budget.ratio must be a number from 0.001 to 1, not 1.1",
      "budget.minRetries must be a number of at least 0, not NaN",
      expect.stringContaining("unknown option budget.minRetry"),
    ]);
    expect(problemsOf(true)).toHaveLength(1);
  });
});
