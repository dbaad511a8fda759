import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConcurrencyLimit, type ConcurrencyLimits, readConcurrency } from "../../src/resilience/concurrency-limit.ts";
import type { AttemptEnd } from "../../src/resilience/outcome.ts";
import { reading } from "../support/options.ts";
import { settled } from "../support/virtual-clock.ts";
import {
  aborted,
  Asked,
  errorOf,
  failed,
  failsWith,
  hangs,
  reasonOf,
  Scene,
  success,
  succeeds,
  takes,
} from "./calls.ts";

function limitOf(more: Partial<ConcurrencyLimits> = {}): ConcurrencyLimit {
  return new ConcurrencyLimit("payments", {
    isAdaptive: false,
    max: 2,
    maxQueued: 10_000,
    queueTimeoutMs: undefined,
    ...more,
  });
}

const fault = failed();
const overload = failed({ verdict: "overload" });
const throttled = failed({ verdict: "throttled" });
const localRefusal = failed({ verdict: "local" });

/** So many at once, which all end like that. */
function burst(limit: ConcurrencyLimit, count: number, end: AttemptEnd<unknown>): void {
  const all = Array.from({ length: count }, () => new Asked(limit, 0));
  for (const { permit } of all) limit.settle(permit, end, 0);
}

describe("a fixed limit", () => {
  test("so many go, the others wait, and each that ends lets the next one go, first come first served", () => {
    const limit = limitOf();
    const all = [1, 2, 3, 4].map(() => new Asked(limit, 0));
    expect(all.map(({ hasGone }) => hasGone)).toEqual([true, true, false, false]);
    expect([limit.inFlight, limit.queued]).toEqual([2, 2]);
    limit.settle(all[1]?.permit, success, 5);
    expect(all.map(({ hasGone }) => hasGone)).toEqual([true, true, true, false]);
    limit.settle(all[0]?.permit, fault, 5);
    expect([limit.inFlight, limit.queued]).toEqual([2, 0]);
    for (const { permit } of all.slice(2)) limit.settle(permit, aborted, 6);
    expect([limit.inFlight, limit.queued]).toEqual([0, 0]);
  });

  test("is not moved by anything that the service answers", () => {
    const limit = limitOf();
    for (const end of [overload, success, fault]) {
      burst(limit, 2, end);
      expect(limit.limit).toBe(2);
    }
  });

  test("who asks while others wait waits behind them", () => {
    const limit = limitOf({ max: 1 });
    const [first, second, third] = [new Asked(limit, 0), new Asked(limit, 0), new Asked(limit, 0)];
    limit.settle(first.permit, success, 0);
    expect([second.hasGone, third.isWaiting]).toEqual([true, true]);
  });

  test("who leaves frees the place at once, and is not let go any more", () => {
    const limit = limitOf({ max: 1, maxQueued: 1 });
    const running = new Asked(limit, 0);
    const leaving = new Asked(limit, 0);
    expect(new Asked(limit, 0).refusal).toBeDefined();
    leaving.leave();
    const staying = new Asked(limit, 0);
    expect(staying.isWaiting).toBe(true);
    limit.settle(running.permit, success, 0);
    expect([leaving.isWaiting, staying.hasGone, limit.inFlight, limit.queued]).toEqual([true, true, 1, 0]);
  });
});

describe("who is refused at once", () => {
  test("whoever finds the queue full", () => {
    const limit = limitOf({ max: 1, maxQueued: 2 });
    const waiting = [1, 2, 3].map(() => new Asked(limit, 0));
    const { refusal } = new Asked(limit, 0);
    expect(waiting.map(({ refusal: none }) => none)).toEqual([undefined, undefined, undefined]);
    expect(refusal).toMatchObject({ code: "unavailable-queue-full", outcome: "not-sent", verdict: "local" });
    const facts = { attempts: [], elapsedMs: 0, outcome: "not-sent", retryable: true } as const;
    const error = refusal?.toError({ ...facts, retryAt: undefined, notRetried: "refused" });
    expect(error?.message).toContain("1 attempts are under way and 2 wait, the most that may");
  });

  test("with no queue at all, whoever does not go at once", () => {
    const limit = limitOf({ max: 1, maxQueued: 0 });
    expect(new Asked(limit, 0).hasGone).toBe(true);
    expect(new Asked(limit, 0).refusal).toBeDefined();
  });

  test("who could not end before its deadline, going by how long attempts take and how many wait", () => {
    const limit = limitOf();
    const first = new Asked(limit, 0);
    limit.settle(first.permit, success, 100);
    for (let i = 0; i < 2; i++) expect(new Asked(limit, 100).hasGone).toBe(true);
    // One of two places is free every 50 ms; then it takes 100 ms itself.
    expect(new Asked(limit, 100, { deadlineAt: 249 }).refusal?.retryAfterMs).toBe(50);
    expect(new Asked(limit, 100, { deadlineAt: 250 }).isWaiting).toBe(true);
    const { refusal } = new Asked(limit, 100, { deadlineAt: 299 });
    expect(refusal?.retryAfterMs).toBe(100);
    const facts = { attempts: [], elapsedMs: 0, outcome: "not-sent", retryable: true } as const;
    const error = refusal?.toError({ ...facts, retryAt: undefined, notRetried: "refused" });
    expect(error?.message).toContain("1 wait before it, and it could not end in the 199 ms until its deadline");
    expect(new Asked(limit, 100, { deadlineAt: 300 }).isWaiting).toBe(true);
  });

  test("nobody, before anything is known of how long attempts take", () => {
    const limit = limitOf({ max: 1 });
    const all = Array.from({ length: 1_000 }, () => new Asked(limit, 0, { deadlineAt: 1 }));
    expect(all.filter(({ refusal }) => refusal !== undefined)).toEqual([]);
  });

  test("the duration is an average that follows slowly, of attempts that the service ended", () => {
    const limit = limitOf({ max: 1, maxQueued: 1 });
    const waitMs = (): number | undefined => {
      const running = new Asked(limit, 0);
      const waiting = new Asked(limit, 0);
      const ms = new Asked(limit, 0).refusal?.retryAfterMs;
      waiting.leave();
      limit.settle(running.permit, aborted, 5_000);
      return ms;
    };
    expect(waitMs()).toBe(0);
    limit.settle(new Asked(limit, 0).permit, success, 100);
    expect(waitMs()).toBe(200);
    limit.settle(new Asked(limit, 0).permit, overload, 1_100);
    expect(waitMs()).toBeCloseTo(400);
    limit.settle(new Asked(limit, 0).permit, localRefusal, 50_000);
    expect(waitMs()).toBeCloseTo(400);
  });

  test("a permit that is handed on counts from then", () => {
    const limit = limitOf({ max: 1 });
    const first = new Asked(limit, 1_000);
    const second = new Asked(limit, 1_010);
    limit.settle(first.permit, success, 1_100);
    limit.settle(second.permit, success, 1_200);
    expect(new Asked(limit, 1_200).hasGone).toBe(true);
    expect(new Asked(limit, 1_200, { deadlineAt: 1_399 }).refusal?.retryAfterMs).toBeCloseTo(100);
  });
});

describe("the adaptive limit", () => {
  const adaptive = (max = 100): ConcurrencyLimit => limitOf({ isAdaptive: true, max });

  test("begins at its maximum: a thousand calls of a fresh service all go or wait", () => {
    const limit = adaptive(64);
    expect(limit.limit).toBe(64);
    const all = Array.from({ length: 1_000 }, () => new Asked(limit, 0));
    expect(all.filter(({ hasGone }) => hasGone)).toHaveLength(64);
    expect(all.filter(({ refusal }) => refusal !== undefined)).toEqual([]);
  });

  test("overload makes it 0.9 of what it was, and 0.7 from the tenth in a row on, down to one", () => {
    const limit = adaptive();
    burst(limit, 1, overload);
    expect(limit.limit).toBeCloseTo(90);
    for (let i = 0; i < 8; i++) burst(limit, 1, overload);
    const { limit: before } = limit;
    expect(before).toBeCloseTo(100 * 0.9 ** 9);
    burst(limit, 1, overload);
    expect(limit.limit).toBeCloseTo(before * 0.7);
    for (let i = 0; i < 30; i++) burst(limit, 1, overload);
    expect(limit.limit).toBe(1);
    expect(new Asked(limit, 0).hasGone).toBe(true);
    expect(new Asked(limit, 0).isWaiting).toBe(true);
  });

  test("where every third attempt meets overload, it is never cut in full", () => {
    const limit = adaptive(1_000);
    for (let i = 0; i < 50; i++) {
      const { limit: before } = limit;
      burst(limit, 1, overload);
      expect(limit.limit / before).toBeCloseTo(0.9);
      burst(limit, 2, success);
    }
  });

  test.each([
    ["a fault", fault],
    ["a 429", throttled],
    ["a caller's abort", aborted],
    ["a local refusal", localRefusal],
  ])("%s neither lowers nor raises it", (_what, end) => {
    const limit = adaptive();
    burst(limit, 1, overload);
    const { limit: before } = limit;
    burst(limit, 89, end);
    expect(limit.limit).toBe(before);
  });

  test("successes while it is at least half used add one for each limit's worth of them", () => {
    const limit = adaptive();
    burst(limit, 1, overload);
    const all = Array.from({ length: 90 }, () => new Asked(limit, 0));
    limit.settle(all[0]?.permit, success, 1);
    expect(limit.limit).toBeCloseTo(90 + 1 / 90);
    limit.settle(all[1]?.permit, failed({ verdict: "healthy" }), 1);
    expect(limit.limit).toBeCloseTo(90 + 1 / 90 + 1 / (90 + 1 / 90));
  });

  test("successes while it is less than half used say nothing", () => {
    const limit = adaptive(20);
    burst(limit, 1, overload);
    expect(limit.limit).toBeCloseTo(18);
    burst(limit, 8, success);
    expect(limit.limit).toBeCloseTo(18);
    const nine = Array.from({ length: 9 }, () => new Asked(limit, 0));
    limit.settle(nine[0]?.permit, success, 0);
    expect(limit.limit).toBeCloseTo(18 + 1 / 18);
    limit.settle(nine[1]?.permit, success, 0);
    expect(limit.limit).toBeCloseTo(18 + 1 / 18);
  });

  test("below four it grows by one each time", () => {
    const limit = adaptive(10);
    for (let i = 0; i < 20; i++) burst(limit, 1, overload);
    const steps = Array.from({ length: 4 }, () => {
      burst(limit, Math.floor(limit.limit), aborted);
      const all = Array.from({ length: Math.floor(limit.limit) }, () => new Asked(limit, 0));
      limit.settle(all[0]?.permit, success, 0);
      for (const { permit } of all.slice(1)) limit.settle(permit, aborted, 0);
      return limit.limit;
    });
    expect(steps).toEqual([2, 3, 4, 4.25]);
  });

  test("it never grows beyond its maximum", () => {
    const limit = adaptive(2);
    burst(limit, 2, success);
    expect(limit.limit).toBe(2);
    burst(limit, 1, overload);
    expect(limit.limit).toBe(1.8);
    burst(limit, 1, success);
    expect(limit.limit).toBe(2);
  });

  test("while more are under way than it allows by now, nobody goes; as it grows, several may at once", () => {
    const limit = adaptive(3);
    const all = Array.from({ length: 3 }, () => new Asked(limit, 0));
    const waiting = [1, 2, 3, 4].map(() => new Asked(limit, 0));
    for (let i = 0; i < 2; i++) limit.settle(all[i]?.permit, overload, 0);
    expect(limit.limit).toBeCloseTo(2.43);
    expect([limit.inFlight, limit.queued]).toEqual([2, 3]);
    limit.settle(all[2]?.permit, success, 0);
    expect(limit.limit).toBe(3);
    expect(waiting.map(({ hasGone }) => hasGone)).toEqual([true, true, true, false]);
    expect(limit.inFlight).toBe(3);
  });
});

test("any course of events: never more under way than the limit of then, in their order, and every place comes back", () => {
  const ends = [success, fault, overload, throttled, aborted, localRefusal];
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.constant({ kind: "ask" as const, pick: 0, end: success }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("end" as const), pick: fc.nat(20), end: fc.constantFrom(...ends) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("leave" as const), pick: fc.nat(20), end: fc.constant(success) }),
    },
  );
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 120 }),
      fc.integer({ min: 1, max: 6 }),
      fc.nat(5),
      fc.boolean(),
      (steps, max, maxQueued, isAdaptive) => {
        const limit = limitOf({ isAdaptive, max, maxQueued });
        const running: Asked[] = [];
        let line: Asked[] = [];
        let now = 0;
        for (const { kind, pick, end } of steps) {
          now += 7;
          const before = limit.inFlight;
          if (kind === "ask") {
            const asked = new Asked(limit, now, { deadlineAt: 1e9 });
            if (asked.hasGone) running.push(asked);
            else if (asked.isWaiting) line.push(asked);
          } else if (kind === "leave") {
            const [leaver] = line.splice(pick, 1);
            leaver?.leave();
          } else {
            for (const { permit } of running.splice(pick, 1)) limit.settle(permit, end, now);
          }
          // Whoever went came from the front of the line.
          const gone = line.filter(({ hasGone }) => hasGone);
          expect(line.slice(0, gone.length)).toEqual(gone);
          line = line.slice(gone.length);
          running.push(...gone);
          expect([limit.inFlight, limit.queued]).toEqual([running.length, line.length]);
          expect(limit.inFlight <= Math.max(Math.floor(limit.limit), before)).toBe(true);
          expect(line.length === 0 || limit.inFlight >= Math.floor(limit.limit)).toBe(true);
          expect(limit.queued).toBeLessThanOrEqual(maxQueued);
          expect(limit.limit >= 1 && limit.limit <= max).toBe(true);
        }
        for (const one of line) one.leave();
        for (const { permit } of running) limit.settle(permit, success, now);
        expect([limit.inFlight, limit.queued]).toEqual([0, 0]);
      },
    ),
    { numRuns: 300 },
  );
});

describe("through the pipeline", () => {
  test("a wait of queueTimeoutMs ends the call with timeout-queue, nothing sent, and its place is free", async () => {
    const limit = limitOf({ max: 1, queueTimeoutMs: 200 });
    const scene = new Scene([limit]);
    const running = scene.call([takes(scene.clock, 1_000)]);
    const waiting = scene.call([succeeds]);
    await scene.clock.advance(200);
    const error = await errorOf(waiting);
    expect(error).toMatchObject({ code: "timeout-queue", limit: "queue", limitMs: 200, outcome: "not-sent" });
    expect(error).toMatchObject({ phase: "queue", retryable: true, attempts: [], notRetried: "refused" });
    expect([limit.queued, scene.started]).toEqual([0, [1]]);
    await scene.clock.advance(800);
    expect(await running).toMatchObject({ value: "done" });
  });

  test("the queue limit does not run on into the attempt", async () => {
    const scene = new Scene([limitOf({ max: 1, queueTimeoutMs: 200 })]);
    const first = scene.call([takes(scene.clock, 100)]);
    const second = scene.call([takes(scene.clock, 5_000)]);
    await scene.clock.advance(5_100);
    await first;
    expect(await second).toMatchObject({ value: "done", elapsedMs: 5_100 });
  });

  test("a queue timeout is no sign of overload, and shrinks no limit", async () => {
    const limit = limitOf({ isAdaptive: true, max: 1, queueTimeoutMs: 10 });
    const scene = new Scene([limit]);
    const running = scene.call([takes(scene.clock, 100)]);
    const waiting = scene.call([succeeds]);
    await scene.clock.advance(100);
    await running;
    await errorOf(waiting);
    expect([limit.limit, limit.inFlight]).toEqual([1, 0]);
  });

  test("an aborted wait settles at once, gives its place back, and no attempt is ever started for it", async () => {
    const limit = limitOf({ max: 1, maxQueued: 1 });
    const scene = new Scene([limit]);
    const controller = new AbortController();
    const running = scene.call([takes(scene.clock, 1_000)]);
    const leaving = scene.call([succeeds], { signals: [controller.signal] });
    await scene.clock.advance(50);
    controller.abort("left");
    expect(await reasonOf(leaving)).toBe("left");
    expect([scene.clock.now(), limit.queued]).toEqual([50, 0]);
    const next = scene.call([succeeds]);
    await scene.clock.advance(950);
    await running;
    expect(await next).toMatchObject({ value: "done" });
    expect(scene.started).toEqual([1, 1]);
  });

  test("whoever was accepted into the queue is not refused because another call came in the turn of its answer", async () => {
    const scene = new Scene([limitOf({ max: 1, maxQueued: 1 })]);
    const first = scene.call([takes(scene.clock, 10)]);
    const accepted = scene.call([succeeds]);
    const third = first.then(async () => scene.call([succeeds]));
    await scene.clock.advance(10);
    expect(await Promise.all([first, accepted, third])).toMatchObject([
      { value: "done" },
      { value: "done" },
      { value: "done" },
    ]);
  });

  test("attempts that time out give their place back only when they have ended, so never more are under way", async () => {
    const limit = limitOf({ max: 2 });
    const scene = new Scene([limit]);
    let [now, most] = [0, 0];
    const counted = async (attempt: Parameters<typeof succeeds>[0]) => {
      most = Math.max(most, ++now);
      const end = await hangs()(attempt);
      now--;
      return end;
    };
    const retry = { maxRetries: 0, baseDelayMs: 1, maxDelayMs: 1 };
    const calls = Array.from({ length: 10 }, () => scene.call([counted], { attemptTimeoutMs: 100, retry }));
    await scene.clock.advance(1_000);
    const errors = await Promise.all(calls.map(errorOf));
    expect([most, limit.inFlight, errors.length]).toEqual([2, 0, 10]);
  });

  test("every attempt needs a place: a call between two attempts holds none", async () => {
    const limit = limitOf({ max: 1 });
    const scene = new Scene([limit]);
    const retrying = scene.call([failsWith(), succeeds]);
    await settled();
    expect(limit.inFlight).toBe(0);
    expect(await scene.call([succeeds])).toMatchObject({ value: "done" });
    await scene.clock.advance(1_000);
    expect(await retrying).toMatchObject({ value: "done" });
  });
});

test("it is asked for each attempt, by its name", () => {
  expect(limitOf()).toMatchObject({ name: "concurrency-limit", scope: "attempt" });
});

describe("the option concurrency", () => {
  const { read, problemsOf } = reading("concurrency", (reader) => readConcurrency(reader, 64));

  test("by default it is adaptive up to maxConnections, with a long queue; false is none", () => {
    const usual = { isAdaptive: true, max: 64, maxQueued: 10_000, queueTimeoutMs: undefined };
    expect([read(), read({}), read({ limit: "adaptive" })]).toEqual([usual, usual, usual]);
    expect(read(false)).toBeUndefined();
  });

  test("what is given holds", () => {
    const given = { limit: 64, maxQueued: 0, queueTimeoutMs: 1 };
    expect(read(given)).toEqual({ isAdaptive: false, max: 64, maxQueued: 0, queueTimeoutMs: 1 });
    expect(read({ limit: 1 })).toMatchObject({ isAdaptive: false, max: 1 });
  });

  test("a limit above the connections that were given is a contradiction; above the default it raises them", () => {
    expect(problemsOf({ limit: 65 })).toEqual(["concurrency.limit (65) must not be above maxConnections (64)"]);
    const { read: readAlone } = reading("concurrency", (reader) => readConcurrency(reader, undefined));
    expect(readAlone({ limit: 65 })).toMatchObject({ max: 65 });
    expect(readAlone()).toMatchObject({ max: 64 });
  });

  test("bad values are told by their full names, all at once", () => {
    expect(problemsOf({ limit: -5, maxQueued: -1, queueTimeoutMs: 0, max: 1 })).toEqual([
      "concurrency.limit must be a whole number of at least 1, not -5",
      "concurrency.maxQueued must be a whole number of at least 0, not -1",
      "concurrency.queueTimeoutMs must be a number of at least 1, not 0",
      expect.stringContaining("unknown option concurrency.max"),
    ]);
    expect(problemsOf({ limit: "fast", maxQueued: 1.5 })).toHaveLength(2);
    expect(problemsOf({ limit: 0 })).toHaveLength(1);
    expect(problemsOf({ limit: 1.5 })).toHaveLength(1);
    expect(problemsOf(true)).toHaveLength(1);
  });
});
