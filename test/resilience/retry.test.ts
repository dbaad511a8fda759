import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Failure } from "../../src/resilience/outcome.ts";
import { decideRetry, type RetryDecision, type RetryLimits, readRetry } from "../../src/resilience/retry.ts";
import { reading } from "../support/options.ts";
import { failure } from "./calls.ts";

const limits: RetryLimits = { maxRetries: 2, baseDelayMs: 50, maxDelayMs: 20_000 };

function decide(
  failed: Partial<Failure>,
  more: Partial<Omit<Parameters<typeof decideRetry>[0], "failure">> = {},
): RetryDecision {
  const usual = {
    replayed: new Set<never>(),
    retriesMade: 0,
    isRepeatable: true,
    isReplayable: true,
    remainingMs: 30_000,
    limits,
  };
  return decideRetry({ failure: failure(failed), ...usual, random: () => 0.5, ...more });
}

describe("whether a failed attempt is followed by another", () => {
  const repeated = { isRepeatable: true };
  const unsafe = { isRepeatable: false };
  const oneShot = { isReplayable: false };

  test.each<[string, Partial<Failure>, Parameters<typeof decide>[1], string]>([
    ["idempotent, unknown", { outcome: "unknown" }, repeated, "retried"],
    ["idempotent, not sent", { outcome: "not-sent" }, repeated, "retried"],
    ["idempotent, 503", { outcome: "rejected", status: 503 }, repeated, "retried"],
    ["idempotent, 500", { outcome: "unknown", status: 500 }, repeated, "retried"],
    ["idempotent, 429", { outcome: "rejected", verdict: "throttled" }, repeated, "retried"],
    ["idempotent, 404", { outcome: "rejected", status: 404, isTransient: false }, repeated, "permanent"],
    ["unsafe, unknown", { outcome: "unknown" }, unsafe, "unsafe"],
    ["unsafe, 500", { outcome: "unknown", status: 500 }, unsafe, "unsafe"],
    ["unsafe, 503", { outcome: "rejected", status: 503 }, unsafe, "unsafe"],
    ["unsafe, accepted", { outcome: "accepted" }, unsafe, "unsafe"],
    ["unsafe, not sent", { outcome: "not-sent" }, unsafe, "retried"],
    ["unsafe, 429", { outcome: "rejected", verdict: "throttled" }, unsafe, "retried"],
    ["unsafe, not sent, permanent", { outcome: "not-sent", isTransient: false }, unsafe, "permanent"],
    ["a body that cannot be read again, unknown", { outcome: "unknown" }, oneShot, "one-shot-body"],
    ["a body that cannot be read again, 429", { verdict: "throttled" }, oneShot, "one-shot-body"],
    ["a body that cannot be read again, not sent", { outcome: "not-sent" }, oneShot, "one-shot-body"],
    ["the last retry but one", {}, { retriesMade: 1 }, "retried"],
    ["the last retry was made", {}, { retriesMade: 2 }, "spent"],
    ["no retries at all", {}, { limits: { ...limits, maxRetries: 0 } }, "spent"],
    ["no time left", {}, { remainingMs: 0 }, "deadline"],
    ["a deadline that has passed", {}, { remainingMs: -5 }, "deadline"],
    ["no time for the delay", {}, { remainingMs: 25 }, "deadline"],
    ["just time for the delay", {}, { remainingMs: 25.1 }, "retried"],
  ])("%s", (_case, failed, more, expected) => {
    const decision = decide(failed, more);
    expect(decision.retry ? "retried" : decision.because).toBe(expected);
  });
});

describe("a replay for nothing", () => {
  const stale = { freeReplay: "stale-connection", outcome: "unknown", isTransient: true } as const;
  const denied = {
    freeReplay: "fresh-credentials",
    outcome: "rejected",
    verdict: "healthy",
    isTransient: false,
  } as const;

  test("is made at once, though all retries were made", () => {
    const expected = { retry: true, delayMs: 0, reason: "stale-connection" };
    expect(decide(stale, { limits: { ...limits, maxRetries: 0 } })).toEqual(expected);
  });

  test("is made once for each reason; then the rules of a retry hold", () => {
    const replayed = new Set(["stale-connection" as const]);
    expect(decide(stale, { replayed })).toMatchObject({ reason: "retry" });
    expect(decide(denied, { replayed })).toMatchObject({ retry: true, reason: "fresh-credentials" });
    expect(decide(denied, { replayed: new Set(["fresh-credentials" as const]) })).toMatchObject({
      because: "permanent",
    });
  });

  test("is not made of what may have taken effect and is not repeatable", () => {
    expect(decide(stale, { isRepeatable: false })).toEqual({ retry: false, because: "unsafe" });
  });

  test("is not made of an unsafe call, whose connection was stale, even where it was refused", () => {
    const expected = { retry: false, because: "unsafe" };
    expect(decide({ ...stale, outcome: "rejected" }, { isRepeatable: false })).toEqual(expected);
  });

  test("is not made of an unsafe call whose credentials were refused after it may have taken effect", () => {
    expect(decide({ ...denied, outcome: "unknown" }, { isRepeatable: false })).toMatchObject({ retry: false });
  });

  test("is made of an unsafe call that was refused for its credentials", () => {
    expect(decide(denied, { isRepeatable: false })).toMatchObject({ retry: true });
  });

  test("is not made where the body cannot be read again, or no time is left", () => {
    expect(decide(denied, { isReplayable: false })).toMatchObject({ retry: false });
    expect(decide(denied, { remainingMs: 0 })).toMatchObject({ retry: false });
  });
});

describe("how long it waits", () => {
  test.each<[string, Partial<Failure>, Parameters<typeof decide>[1], number]>([
    ["the first retry: half of 50 ms", {}, {}, 25],
    ["the second retry: half of 100 ms", {}, { retriesMade: 1 }, 50],
    ["after a 429: half of a second", { verdict: "throttled" }, {}, 500],
    ["after a 429, capped by maxDelayMs", { verdict: "throttled" }, { limits: { ...limits, maxDelayMs: 100 } }, 50],
    ["a hint above our own delay is kept to", { retryAfterMs: 2_000 }, {}, 2_000],
    ["a hint below our own delay does not shorten it", { retryAfterMs: 10 }, {}, 25],
    ["a hint of 0 is no delay of its own", { retryAfterMs: 0 }, {}, 25],
    ["a hint of just 5 s beyond our own", { retryAfterMs: 5_025 }, {}, 5_025],
    ["a hint far beyond counts for 5 s", { retryAfterMs: 20_000 }, {}, 5_025],
    ["a hint of an hour within a deadline of two", { retryAfterMs: 3_600_000 }, { remainingMs: 7_200_000 }, 5_025],
  ])("%s", (_case, failed, more, delayMs) => {
    expect(decide(failed, more)).toEqual({ retry: true, delayMs, reason: "retry" });
  });

  test.each<[string, Partial<Failure>, number, number]>([
    ["an hour", { verdict: "throttled", retryAfterMs: 3_600_000 }, 30_000, 3_600_000],
    ["just the time that is left", { retryAfterMs: 30_000 }, 30_000, 30_000],
    ["nothing, and our own delay is too long", {}, 10, 25],
  ])("a hint of %s is neither waited for nor retried at once", (_case, failed, remainingMs, retryAfterMs) => {
    expect(decide(failed, { remainingMs })).toEqual({ retry: false, because: "deadline", retryAfterMs });
  });
});

test("any decision keeps every limit", () => {
  const anyFailed = fc.record({
    outcome: fc.constantFrom("not-sent" as const, "rejected" as const, "unknown" as const, "accepted" as const),
    isTransient: fc.boolean(),
    verdict: fc.constantFrom("fault" as const, "overload" as const, "throttled" as const, "healthy" as const),
    retryAfterMs: fc.option(fc.nat(10_000_000), { nil: undefined }),
    retriesMade: fc.nat(6),
    isRepeatable: fc.boolean(),
    isReplayable: fc.boolean(),
    remainingMs: fc.double({ min: -1_000, max: 1e7, noNaN: true }),
    maxRetries: fc.nat(5),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  });
  fc.assert(
    fc.property(anyFailed, ({ verdict, retryAfterMs, outcome, isTransient, maxRetries, random, ...more }) => {
      const decision = decide(
        {
          outcome,
          isTransient,
          verdict,
          ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        },
        { ...more, random: () => random, limits: { ...limits, maxRetries } },
      );
      if (!decision.retry) return;
      const isSafe = more.isRepeatable || outcome === "not-sent" || verdict === "throttled";
      expect([isTransient, more.isReplayable, isSafe, more.retriesMade < maxRetries]).toEqual([true, true, true, true]);
      const own = random * Math.min(20_000, (verdict === "throttled" ? 1_000 : 50) * 2 ** more.retriesMade);
      expect(decision.delayMs).toBeGreaterThanOrEqual(own);
      expect(decision.delayMs).toBeLessThanOrEqual(own + 5_000);
      expect(Math.max(decision.delayMs, retryAfterMs ?? 0)).toBeLessThan(more.remainingMs);
    }),
    { numRuns: 1_000 },
  );
});

describe("the option retry", () => {
  const { read, problemsOf } = reading("retry", readRetry);

  test("not given, or given as undefined, there are 3 retries from 50 ms to 20 s", () => {
    expect(read(undefined)).toEqual({
      maxRetries: 3,
      baseDelayMs: 50,
      maxDelayMs: 20_000,
      budget: { successRatio: 0.6, ratio: 0.1, minFailures: 10 },
    });
    expect(read({ maxRetries: undefined, baseDelayMs: undefined })).toEqual(read(undefined));
  });

  test("false means no retries at all", () => {
    expect(read(false)).toMatchObject({ maxRetries: 0 });
  });

  test("limits that are given hold", () => {
    const given = { maxRetries: 0, baseDelayMs: 5, maxDelayMs: 5 };
    expect(read(given)).toMatchObject(given);
    expect(read({ maxRetries: Number.POSITIVE_INFINITY })).toMatchObject({ maxRetries: Number.POSITIVE_INFINITY });
  });

  test("the budget is read with its defaults, and false means none", () => {
    expect(read({ budget: {} })).toMatchObject({ budget: { successRatio: 0.6, ratio: 0.1, minFailures: 10 } });
    expect(read({ budget: { ratio: 0.5 } })).toMatchObject({
      budget: { successRatio: 0.6, ratio: 0.5, minFailures: 10 },
    });
    expect(read({ budget: false }).budget).toBeUndefined();
    expect(read(false).budget).toBeUndefined();
  });

  test("a budget that is wrong is reported by its full name", () => {
    expect(problemsOf({ budget: { ratio: 0, minFailures: -1, rate: 1 } })).toEqual([
      "retry.budget.ratio must be a number from 0.001 to 1, not 0",
      "retry.budget.minFailures must be a number of at least 1, not -1",
      expect.stringContaining("unknown option retry.budget.rate"),
    ]);
  });

  test("a default gives way to the limit that is given", () => {
    expect(read({ baseDelayMs: 30_000 })).toMatchObject({ baseDelayMs: 30_000, maxDelayMs: 30_000 });
    expect(read({ maxDelayMs: 10 })).toMatchObject({ baseDelayMs: 10, maxDelayMs: 10 });
  });

  test("limits that contradict each other are an error", () => {
    expect(problemsOf({ baseDelayMs: 200, maxDelayMs: 100 })).toEqual([
      "retry.maxDelayMs must not be below retry.baseDelayMs",
    ]);
  });

  test("everything that is wrong is reported at once, an unknown option too", () => {
    expect(problemsOf({ maxRetries: 1.5, baseDelayMs: 0, maxDelayMs: Number.NaN, maxRetry: 3 })).toEqual([
      "retry.maxRetries must be a whole number of at least 0, not 1.5",
      "retry.baseDelayMs must be a number of at least 1, not 0",
      "retry.maxDelayMs must be a number of at least 1, not NaN",
      expect.stringContaining("unknown option retry.maxRetry"),
    ]);
  });

  test.each([true, 3, null, []])("%j is not an object of limits", (retry) => {
    expect(problemsOf(retry)).toHaveLength(1);
  });
});
