import { describe, expect, test } from "vitest";
import { OptionReader } from "../../src/core/options.ts";
import type { CallRequest } from "../../src/resilience/call-request.ts";
import { buildPipeline, readStages, type StageOptions } from "../../src/resilience/stages.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { errorOf, failsWith, hangs, type Step, succeeds, takes } from "./calls.ts";

function built(options: StageOptions, random: () => number = () => 0.5) {
  const reader = new OptionReader("payments", options);
  const settings = readStages(reader, 64);
  reader.finish();
  const clock = new VirtualClock();
  const { pipeline, stages } = buildPipeline(
    { service: "payments", clock, random, attemptTimeoutMs: 10_000 },
    settings,
  );
  const started: number[] = [];
  const call = (step: Step, more: Partial<CallRequest<string>> = {}) => {
    const result = pipeline.execute<string>({
      operation: "GET /rates",
      deadlineMs: 30_000,
      attemptTimeoutMs: 10_000,
      signals: [],
      retry: settings.retry,
      isRepeatable: true,
      isRepeatableLater: true,
      isReplayable: true,
      attempt: async (attempt) => {
        started.push(attempt.number);
        return step(attempt);
      },
      ...more,
    });
    result.catch(() => undefined);
    return result;
  };
  return { clock, settings, stages, call, started };
}

const off = { retry: false, rateLimit: false, circuitBreaker: false, concurrency: false } as const;

test("by default a service has a retry budget, a shared pause, a breaker and an adaptive limit, and nothing else", () => {
  const { settings, stages } = built({});
  expect(settings).toEqual({
    retry: {
      maxRetries: 3,
      baseDelayMs: 50,
      maxDelayMs: 20_000,
      budget: { successRatio: 0.6, ratio: 0.1, minFailures: 10 },
    },
    rateLimit: "pause-only",
    circuitBreaker: {
      failureRatio: 0.8,
      minAttempts: 10,
      windowMs: 5_000,
      openMs: 500,
      maxOpenMs: 2_000,
      maxWaitMs: 1_000,
    },
    concurrency: { isAdaptive: true, max: 64, maxQueued: 10_000, queueTimeoutMs: undefined },
    hedge: undefined,
    coalesce: false,
    chaos: undefined,
  });
  expect(Object.entries(stages).filter(([, stage]) => stage === undefined)).toEqual([["hedger", undefined]]);
});

test("false switches a stage off", async () => {
  const { stages, call, started } = built(off);
  expect(Object.values(stages)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  const calls = Array.from({ length: 100 }, () => call(failsWith()));
  for (const one of calls) expect(await errorOf(one)).toMatchObject({ notRetried: "spent" });
  expect(started).toHaveLength(100);
});

describe("each stage that is on works", () => {
  test("the retry budget", async () => {
    const { call, started } = built({ ...off, retry: { maxRetries: 1, budget: { minFailures: 1, ratio: 0.001 } } });
    expect(await errorOf(call(failsWith()))).toMatchObject({ notRetried: "budget" });
    expect(started).toEqual([1]);
  });

  test("the rate gate, with a limit", async () => {
    const { call, clock, stages } = built({ ...off, rateLimit: { limit: 1, perMs: 500 } });
    const calls = [call(succeeds), call(succeeds)];
    await clock.advance(500);
    expect((await Promise.all(calls)).map(({ elapsedMs }) => elapsedMs)).toEqual([0, 500]);
    expect(stages.rateGate?.queued).toBe(0);
  });

  test("the rate gate without one: only its pause", async () => {
    const { call, clock, stages } = built({ ...off, rateLimit: undefined });
    await Promise.all(Array.from({ length: 100 }, () => call(succeeds)));
    await errorOf(call(failsWith({ verdict: "throttled", retryAfterMs: 3_000 })));
    expect(stages.rateGate?.pausedUntil).toBe(3_150);
    const held = call(succeeds);
    await clock.advance(3_150);
    expect((await held).elapsedMs).toBe(3_150);
  });

  test("the circuit breaker, whose probe has as long as an attempt", async () => {
    const { call, clock, stages } = built({ ...off, circuitBreaker: { minAttempts: 1, maxWaitMs: 0 } });
    await errorOf(call(failsWith()));
    expect(await errorOf(call(succeeds))).toMatchObject({ code: "unavailable-circuit-open", service: "payments" });
    await clock.advance(1_000);
    const probe = call(hangs());
    await clock.advance(1);
    expect(stages.circuitBreaker?.state).toMatchObject({ name: "half-open", leaseUntil: 11_000 });
    await clock.advance(10_000);
    await errorOf(probe);
  });

  test("the concurrency limit", async () => {
    const { call, clock, stages } = built({ ...off, concurrency: { limit: 1 } });
    const calls = [call(takes(clock, 100)), call(takes(clock, 100))];
    await clock.advance(50);
    expect([stages.concurrency?.inFlight, stages.concurrency?.queued]).toEqual([1, 1]);
    await clock.advance(150);
    expect((await Promise.all(calls)).map(({ elapsedMs }) => elapsedMs)).toEqual([100, 200]);
  });

  test("the hedge", async () => {
    const { call, clock } = built({ ...off, hedge: { minSamples: 10, ratio: 0.5 } });
    for (let i = 0; i < 10; i++) {
      const quick = call(takes(clock, 20));
      await clock.advance(20);
      await quick;
    }
    let made = 0;
    const slow = call((attempt) => (++made === 1 ? hangs()(attempt) : succeeds(attempt)));
    await clock.advance(20);
    expect((await slow).attempts).toMatchObject([{ reason: "hedge" }, {}]);
  });

  test("coalescing", async () => {
    const { call, clock, started } = built({ ...off, coalesce: true });
    const calls = [1, 2, 3].map(() => call(takes(clock, 10), { identity: "GET /rates" }));
    await clock.advance(10);
    await Promise.all(calls);
    expect(started).toEqual([1]);
  });

  test("without coalescing, calls of one identity are made each", async () => {
    const { call, started } = built(off);
    await Promise.all([1, 2, 3].map(() => call(succeeds, { identity: "GET /rates" })));
    expect(started).toEqual([1, 1, 1]);
  });

  test("chaos", async () => {
    const { call, started } = built({ ...off, chaos: { refuseRate: 1 } });
    expect(await errorOf(call(succeeds))).toMatchObject({ code: "connection-connect", service: "payments" });
    expect(started).toEqual([]);
  });
});

describe("the order", () => {
  test("a paused service is not asked whether its circuit is open, and an open circuit needs no place in the queue", async () => {
    const { call, stages } = built({
      circuitBreaker: { minAttempts: 1, maxWaitMs: 0 },
      concurrency: { limit: 1 },
      retry: false,
    });
    await errorOf(call(failsWith()));
    expect(stages.circuitBreaker?.state.name).toBe("open");
    const holds = stages.concurrency?.admit({ operation: "GET /x", number: 1, deadlineAt: 1e9 }, 0);
    expect(holds?.kind).toBe("go");
    expect(await errorOf(call(succeeds))).toMatchObject({ code: "unavailable-circuit-open" });
    expect(stages.concurrency?.queued).toBe(0);
    stages.rateGate?.settle(undefined, await failsWith({ verdict: "throttled", retryAfterMs: 60_000 })(never), 0);
    expect(await errorOf(call(succeeds))).toMatchObject({ code: "rate-limited" });
  });
});

const never = {} as Parameters<Step>[0];

test("problems of all stages are told at once", () => {
  const reader = new OptionReader("payments", {
    retry: 1,
    rateLimit: 1,
    circuitBreaker: 1,
    concurrency: 1,
    hedge: 1,
    coalesce: 1,
    chaos: 1,
  });
  readStages(reader, 64);
  let problems: readonly string[] = [];
  try {
    reader.finish();
  } catch (error) {
    ({ problems } = error as { problems: readonly string[] });
  }
  for (const name of ["retry", "rateLimit", "circuitBreaker", "concurrency", "hedge", "coalesce", "chaos"]) {
    expect(problems.filter((problem) => problem.startsWith(name))).not.toEqual([]);
  }
});

test("stages of the same settings are taken over with what they know, and others are made anew", () => {
  const made = built({ circuitBreaker: { minAttempts: 5 }, hedge: true });
  const reader = new OptionReader("payments", { circuitBreaker: { minAttempts: 6 }, hedge: true, concurrency: false });
  const settings = readStages(reader, 64);
  const parts = { service: "payments", clock: made.clock, random: () => 0.5, attemptTimeoutMs: 7 };
  const { stages } = buildPipeline(parts, settings, made);
  expect(stages.budget).toBe(made.stages.budget);
  expect(stages.rateGate).toBe(made.stages.rateGate);
  expect(stages.hedger).toBe(made.stages.hedger);
  expect(stages.circuitBreaker).not.toBe(made.stages.circuitBreaker);
  expect(stages.concurrency).toBeUndefined();
  const same = buildPipeline({ ...parts, attemptTimeoutMs: 9 }, settings, { settings, stages }).stages;
  expect([same.circuitBreaker === stages.circuitBreaker, same.circuitBreaker?.leaseMs]).toEqual([true, 9]);
});
