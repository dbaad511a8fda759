import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CircuitBreaker,
  type CircuitBreakerLimits,
  type CircuitState,
  readCircuitBreaker,
} from "../../src/resilience/circuit-breaker.ts";
import type { AttemptEnd } from "../../src/resilience/outcome.ts";
import type { Admission } from "../../src/resilience/policy.ts";
import { reading } from "../support/options.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";
import {
  aborted,
  Asked,
  applicant,
  errorOf,
  failed,
  failsWith,
  HeldWait,
  hangs,
  reasonOf,
  Scene,
  success,
  succeeds,
  Witness,
} from "./calls.ts";

const usual: CircuitBreakerLimits = {
  failureRatio: 0.5,
  minAttempts: 20,
  windowMs: 10_000,
  openMs: 1_000,
  maxOpenMs: 30_000,
  maxWaitMs: 0,
};
const leaseMs = 10_000;

/** Random 0.5 takes neither from the pause nor adds to it. */
function breakerWith(
  limits: Partial<CircuitBreakerLimits> = {},
  random = (): number => 0.5,
  clock = new VirtualClock(),
): CircuitBreaker {
  return new CircuitBreaker({ service: "payments", limits: { ...usual, ...limits }, leaseMs, clock, random });
}

const fault = failed();
const localRefusal = failed({ verdict: "local", outcome: "not-sent" });

function attempt(breaker: CircuitBreaker, now: number, end: AttemptEnd<unknown>): Asked {
  const asked = new Asked(breaker, now);
  if (asked.hasGone) breaker.settle(asked.permit, end, now);
  return asked;
}

function opened(limits: Partial<CircuitBreakerLimits> = {}, random?: () => number): CircuitBreaker {
  const breaker = breakerWith({ minAttempts: 2, ...limits }, random);
  attempt(breaker, 0, fault);
  attempt(breaker, 0, fault);
  expect(breaker.state.name).toBe("open");
  return breaker;
}

describe("when it opens", () => {
  test("at half of twenty attempts, and neither at half of nineteen nor at a little less than half", () => {
    const breaker = breakerWith();
    for (let i = 0; i < 9; i++) attempt(breaker, 0, success);
    for (let i = 0; i < 10; i++) attempt(breaker, 0, fault);
    expect(breaker.state.name).toBe("closed");
    attempt(breaker, 0, fault);
    expect(breaker.state).toEqual({ name: "open", until: 1_000, openings: 1 });

    const healthier = breakerWith();
    for (let i = 0; i < 11; i++) attempt(healthier, 0, success);
    for (let i = 0; i < 10; i++) attempt(healthier, 0, fault);
    expect(healthier.state.name).toBe("closed");
    attempt(healthier, 0, fault);
    expect(healthier.state.name).toBe("open");
  });

  test("a success does not open it, however many failures there were before there was enough to judge", () => {
    const breaker = breakerWith({ minAttempts: 5 });
    for (let i = 0; i < 4; i++) attempt(breaker, 0, fault);
    attempt(breaker, 0, success);
    expect(breaker.state.name).toBe("closed");
    attempt(breaker, 0, fault);
    expect(breaker.state.name).toBe("open");
  });

  test("the first failures of a calm service do not open it", () => {
    const breaker = breakerWith();
    for (let i = 0; i < 19; i++) attempt(breaker, i, fault);
    expect(breaker.state.name).toBe("closed");
  });

  test("many failures, an hour of silence and one failure more do not open it", () => {
    const breaker = breakerWith();
    for (let i = 0; i < 30; i++) attempt(breaker, 0, i % 3 === 0 ? fault : success);
    attempt(breaker, 3_600_000, fault);
    expect(breaker.state.name).toBe("closed");
  });

  test.each([
    ["a fault", fault],
    ["overload", failed({ verdict: "overload" })],
  ])("%s counts as failure", (_what, end) => {
    const breaker = breakerWith({ minAttempts: 3 });
    for (let i = 0; i < 3; i++) attempt(breaker, 0, end);
    expect(breaker.state.name).toBe("open");
  });

  test.each([
    ["a success", success],
    ["a 429", failed({ verdict: "throttled" })],
    ["another 4xx", failed({ verdict: "healthy", isTransient: false })],
  ])("%s counts as success", (_what, end) => {
    const breaker = breakerWith({ minAttempts: 2 });
    for (let i = 0; i < 10; i++) attempt(breaker, 0, end);
    for (let i = 0; i < 9; i++) attempt(breaker, 0, fault);
    expect(breaker.state.name).toBe("closed");
    attempt(breaker, 0, fault);
    expect(breaker.state.name).toBe("open");
  });

  test.each([
    ["a local refusal", localRefusal],
    ["a caller's abort", aborted],
  ])("%s counts as nothing at all", (_what, end) => {
    const breaker = breakerWith({ minAttempts: 3 });
    for (let i = 0; i < 100; i++) attempt(breaker, 0, end);
    for (let i = 0; i < 2; i++) attempt(breaker, 0, fault);
    expect(breaker.state.name).toBe("closed");
    attempt(breaker, 0, fault);
    expect(breaker.state.name).toBe("open");
  });
});

describe("while it is open", () => {
  test("who asks is refused, and told when to come back", () => {
    const breaker = opened();
    const asked = new Asked(breaker, 400.5);
    expect(asked.refusal).toMatchObject({ code: "unavailable-circuit-open", outcome: "not-sent", verdict: "local" });
    expect(asked.refusal?.retryAfterMs).toBe(599.5);
    const facts = { attempts: [], elapsedMs: 0, outcome: "not-sent", retryable: true } as const;
    const error = asked.refusal?.toError({ ...facts, retryAt: undefined, notRetried: "refused" });
    expect(error?.message).toContain("the circuit is open after too many failures");
    expect(error?.message).toContain("left alone for another 600 ms");
    expect(error?.message).toContain("POST /payments");
  });

  test("refusals count as nothing: after the recovery it opens as readily as before", () => {
    const breaker = opened();
    for (let i = 0; i < 1_000; i++) attempt(breaker, 500, fault);
    attempt(breaker, 1_000, success);
    expect(breaker.state.name).toBe("closed");
    attempt(breaker, 1_001, fault);
    attempt(breaker, 1_001, fault);
    expect(breaker.state.name).toBe("open");
  });

  test("what was begun before it opened and fails now does not open it again, nor does it lengthen the pause", () => {
    const breaker = breakerWith({ minAttempts: 2 });
    const before = [1, 2, 3, 4].map(() => new Asked(breaker, 0));
    for (const { permit } of before.slice(0, 2)) breaker.settle(permit, fault, 10);
    const { state } = breaker;
    for (const { permit } of before.slice(2)) breaker.settle(permit, fault, 900);
    expect(breaker.state).toBe(state);
  });
});

describe("the probe", () => {
  test("at the end of the pause one goes, and of a thousand others each is refused at once", () => {
    const breaker = opened();
    expect(new Asked(breaker, 999.9).hasGone).toBe(false);
    const asked = Array.from({ length: 1_001 }, () => new Asked(breaker, 1_000));
    expect(asked.filter((one) => one.hasGone)).toHaveLength(1);
    expect(asked.filter((one) => one.refusal !== undefined)).toHaveLength(1_000);
    expect(asked[1]?.refusal?.retryAfterMs).toBe(leaseMs);
    expect(breaker.state).toEqual({ name: "half-open", leaseUntil: 11_000, openings: 1 });
  });

  test.each([
    ["a success", success],
    ["a 429", failed({ verdict: "throttled" })],
    ["another 4xx", failed({ verdict: "healthy" })],
  ])("%s closes it, and the window begins anew", (_what, end) => {
    const breaker = opened();
    attempt(breaker, 1_000, end);
    expect(breaker.state).toEqual({ name: "closed" });
    attempt(breaker, 1_000, fault);
    expect(breaker.state.name).toBe("closed");
  });

  test.each([
    ["a fault", fault],
    ["overload", failed({ verdict: "overload" })],
  ])("%s opens it for twice as long, up to the longest pause", (_what, end) => {
    const breaker = opened({ maxOpenMs: 5_000 });
    const pauses: number[] = [];
    for (let i = 0; i < 5; i++) {
      const { state } = breaker;
      const now = state.name === "open" ? state.until : Number.NaN;
      attempt(breaker, now, end);
      if (breaker.state.name === "open") pauses.push(breaker.state.until - now);
    }
    expect(pauses).toEqual([2_000, 4_000, 5_000, 5_000, 5_000]);
  });

  test("after it has closed, the first pause is short again", () => {
    const breaker = opened();
    attempt(breaker, 1_000, fault);
    attempt(breaker, 3_000, success);
    for (let i = 0; i < 2; i++) attempt(breaker, 3_000, fault);
    expect(breaker.state).toEqual({ name: "open", until: 4_000, openings: 1 });
  });

  test.each([
    ["its caller aborts", aborted],
    ["it is refused by a later stage", localRefusal],
  ])("when %s, the lease comes back and the next one goes at once", (_what, end) => {
    const breaker = opened();
    const probe = new Asked(breaker, 1_000);
    breaker.settle(probe.permit, end, 1_500);
    expect(breaker.state).toEqual({ name: "open", until: 1_500, openings: 1 });
    expect(new Asked(breaker, 1_500).hasGone).toBe(true);
    expect(new Asked(breaker, 1_500).hasGone).toBe(false);
  });

  test("when it hangs, its lease expires and another goes; what it says after that counts for nothing", () => {
    const breaker = opened();
    const hanging = new Asked(breaker, 1_000);
    expect(new Asked(breaker, 10_999).hasGone).toBe(false);
    const next = new Asked(breaker, 11_000);
    expect(next.hasGone).toBe(true);
    breaker.settle(hanging.permit, fault, 11_001);
    expect(breaker.state).toEqual({ name: "half-open", leaseUntil: 21_000, openings: 1 });
    breaker.settle(hanging.permit, success, 11_001);
    expect(breaker.state.name).toBe("half-open");
    breaker.settle(next.permit, success, 11_002);
    expect(breaker.state.name).toBe("closed");
  });

  test("a failure that was begun before the opening does not end the probe's turn, and no success of then closes it", () => {
    const breaker = breakerWith({ minAttempts: 2 });
    const before = [1, 2, 3, 4].map(() => new Asked(breaker, 0));
    for (const { permit } of before.slice(0, 2)) breaker.settle(permit, fault, 0);
    expect(new Asked(breaker, 1_000).hasGone).toBe(true);
    const { state } = breaker;
    breaker.settle(before[2]?.permit, fault, 1_100);
    breaker.settle(before[3]?.permit, success, 1_100);
    expect(breaker.state).toBe(state);
  });
});

describe("a service that cannot be reached", () => {
  const unreached = failed({ outcome: "not-sent" });

  test("opens it with the fifth attempt in a row, once that has gone on for a tenth of a second", () => {
    const breaker = breakerWith();
    for (const now of [0, 20, 40, 100]) attempt(breaker, now, unreached);
    expect(breaker.state.name).toBe("closed");
    attempt(breaker, 100, unreached);
    expect(breaker.state).toEqual({ name: "open", until: 1_100, openings: 1 });
  });

  test("however many there are within less than that, it stays closed", () => {
    const breaker = breakerWith({ minAttempts: 1_000 });
    for (let i = 0; i < 500; i++) attempt(breaker, i / 10, unreached);
    attempt(breaker, 99.9, unreached);
    expect(breaker.state.name).toBe("closed");
    attempt(breaker, 100, unreached);
    expect(breaker.state.name).toBe("open");
  });

  test.each([
    ["a success", success],
    ["a reset after the request was sent", fault],
    ["a timeout", failed({ verdict: "overload", outcome: "not-sent" })],
  ])("%s in between ends the row", (_what, end) => {
    const breaker = breakerWith();
    for (let i = 0; i < 4; i++) attempt(breaker, 0, unreached);
    attempt(breaker, 50, end);
    for (const now of [60, 70, 80, 120]) attempt(breaker, now, unreached);
    expect(breaker.state.name).toBe("closed");
    attempt(breaker, 160, unreached);
    expect(breaker.state.name).toBe("open");
  });

  test("what was refused here is no attempt to reach it", () => {
    const breaker = breakerWith();
    for (let i = 0; i < 100; i++) attempt(breaker, i * 10, localRefusal);
    expect(breaker.state.name).toBe("closed");
  });
});

describe("waiting for the probe", () => {
  function scene(limits: Partial<CircuitBreakerLimits> = {}) {
    const clock = new VirtualClock();
    const breaker = breakerWith({ minAttempts: 1, maxWaitMs: 400, ...limits }, () => 0.5, clock);
    attempt(breaker, 0, fault);
    const ask = (deadlineMs = 30_000): Asked =>
      new Asked(breaker, clock.now(), { deadlineAt: clock.now() + deadlineMs });
    return { clock, breaker, ask };
  }

  test("who comes long before it is refused at once, who comes shortly before waits and goes as the probe", async () => {
    const { clock, breaker, ask } = scene();
    await clock.advance(599);
    expect(ask().refusal?.retryAfterMs).toBe(401);
    await clock.advance(1);
    const waiting = ask();
    await clock.advance(399);
    expect(waiting.isWaiting).toBe(true);
    await clock.advance(1);
    expect([waiting.hasGone, breaker.state.name, clock.timers]).toEqual([true, "half-open", 0]);
  });

  test("who could not wait until it before the deadline is refused at once", async () => {
    const { clock, ask } = scene();
    await clock.advance(700);
    expect(ask(300).refusal?.code).toBe("unavailable-circuit-open");
    expect(ask(301).isWaiting).toBe(true);
  });

  test("one alone goes, and when it succeeds all the others do", async () => {
    const { clock, breaker, ask } = scene();
    await clock.advance(900);
    const all = [ask(), ask(), ask()];
    await clock.advance(100);
    expect(all.map(({ hasGone }) => hasGone)).toEqual([true, false, false]);
    const late = ask();
    expect(late.isWaiting).toBe(true);
    breaker.settle(all[0]?.permit, success, clock.now());
    expect([...all, late].map(({ hasGone }) => hasGone)).toEqual([true, true, true, true]);
    expect([breaker.state.name, clock.timers]).toEqual(["closed", 0]);
    for (const { permit } of all.slice(1)) expect(breaker.holds(permit)).toBe(true);
  });

  test("when the probe fails, all who waited are refused, and told when the next one goes", async () => {
    const { clock, breaker, ask } = scene();
    await clock.advance(900);
    const all = [ask(), ask(), ask()];
    await clock.advance(100);
    breaker.settle(all[0]?.permit, fault, clock.now());
    expect(all.slice(1).map(({ refusal }) => refusal?.retryAfterMs)).toEqual([2_000, 2_000]);
    expect(clock.timers).toBe(0);
  });

  test("when the probe is given up, the next in line is the probe at once", async () => {
    const { clock, breaker, ask } = scene();
    await clock.advance(900);
    const all = [ask(), ask(), ask()];
    await clock.advance(100);
    breaker.settle(all[0]?.permit, aborted, clock.now());
    expect(all.map(({ hasGone }) => hasGone)).toEqual([true, true, false]);
    expect(breaker.state.name).toBe("half-open");
    breaker.settle(all[1]?.permit, success, clock.now());
    expect([all[2]?.hasGone, clock.timers]).toEqual([true, 0]);
  });

  test("nobody waits longer than `maxWaitMs`, however long the probe takes", async () => {
    const { clock, ask } = scene();
    await clock.advance(1_000);
    expect(ask().hasGone).toBe(true);
    const first = ask();
    await clock.advance(100);
    const second = ask();
    await clock.advance(299);
    expect(first.isWaiting).toBe(true);
    await clock.advance(1);
    expect([first.refusal?.code, second.isWaiting]).toEqual(["unavailable-circuit-open", true]);
    await clock.advance(100);
    expect([second.refusal?.code, clock.timers]).toEqual(["unavailable-circuit-open", 0]);
  });

  test("a probe that outlives its lease is followed by the first in line, however steadily others come", async () => {
    const { clock, breaker, ask } = scene();
    await clock.advance(1_000);
    const hanging = ask();
    expect(hanging.hasGone).toBe(true);
    const all: Asked[] = [];
    for (let i = 0; i < 60; i++) {
      await clock.advance(200);
      all.push(ask());
    }
    const probes = all.filter(({ hasGone }) => hasGone);
    expect([probes.length, breaker.state.name]).toEqual([1, "half-open"]);
    breaker.settle(hanging.permit, fault, clock.now());
    expect(breaker.state.name).toBe("half-open");
    breaker.settle(probes[0]?.permit, success, clock.now());
    expect([breaker.state.name, all.at(-1)?.hasGone, clock.timers]).toEqual(["closed", true, 0]);
  });

  test("who comes when the pause is over waits behind those who wait already", async () => {
    const { clock, ask } = scene();
    await clock.advance(900);
    const waiting = ask();
    clock.jump(100);
    const late = ask();
    expect(late.isWaiting).toBe(true);
    await clock.advance(0);
    expect([waiting.hasGone, late.isWaiting]).toEqual([true, true]);
    late.leave();
    expect(clock.timers).toBe(0);
  });

  test("when all who waited have left, no timer is left either, and the next who comes is the probe", async () => {
    const { clock, ask } = scene();
    await clock.advance(900);
    const all = [ask(), ask()];
    for (const one of all) one.leave();
    expect(clock.timers).toBe(0);
    await clock.advance(200);
    expect([all[0]?.isWaiting, ask().hasGone]).toEqual([true, true]);
  });

  test("through the pipeline: a call waits out the rest of the pause, and an abort in it settles at once", async () => {
    const clock = new VirtualClock();
    const breaker = breakerWith({ minAttempts: 1, maxWaitMs: 400 }, () => 0.5, clock);
    attempt(breaker, 0, fault);
    const pipeline = new Scene([breaker], {}, clock);
    clock.jump(800);
    const controller = new AbortController();
    const aborting = pipeline.call([succeeds], { signals: [controller.signal] });
    const waiting = pipeline.call([succeeds]);
    await settled();
    controller.abort("left");
    expect(await reasonOf(aborting)).toBe("left");
    await clock.advance(200);
    expect(await waiting).toMatchObject({ value: "done", elapsedMs: 200 });
  });
});

test("the pause varies by a quarter up or down, so that those who stopped together do not come back together", () => {
  expect(opened({}, () => 0).state).toMatchObject({ until: 750 });
  expect(opened({}, () => 1).state).toMatchObject({ until: 1_250 });
});

const freeFrom = (state: CircuitState): number => {
  if (state.name === "closed") return 0;
  return state.name === "open" ? state.until : state.leaseUntil;
};

test("any course of events: one probe at a time, no attempt while it is open, and every state is left again", () => {
  const ends = fc.constantFrom(success, fault, failed({ verdict: "throttled" }), localRefusal, aborted);
  const step = fc.record({ afterMs: fc.nat(3_000), end: ends, settles: fc.nat(5), asks: fc.nat(4) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 6 }), (steps, minAttempts) => {
      const breaker = breakerWith({ minAttempts });
      let underWay: Asked[] = [];
      let probes: { asked: Asked; at: number }[] = [];
      let now = 0;
      for (const { afterMs, end, settles, asks } of steps) {
        now += afterMs;
        for (let i = 0; i < asks; i++) {
          const before = breaker.state;
          const asked = new Asked(breaker, now);
          expect(asked.hasGone).toBe(now >= freeFrom(before));
          if (!asked.hasGone) continue;
          if (before.name !== "closed") {
            probes = probes.filter(({ at }) => now - at < leaseMs);
            probes.push({ asked, at: now });
          }
          underWay.push(asked);
        }
        const over = underWay.splice(0, settles);
        for (const asked of over) breaker.settle(asked.permit, end, now);
        probes = probes.filter(({ asked }) => !over.includes(asked));
        expect(probes.length).toBeLessThanOrEqual(1);
      }
      for (const asked of underWay) breaker.settle(asked.permit, aborted, now);
      underWay = [];
      // Whatever happened, a healthy service is served again after the longest pause.
      const later = now + usual.maxOpenMs * 1.25 + leaseMs;
      expect(attempt(breaker, later, success).hasGone).toBe(true);
      expect(breaker.state.name).toBe("closed");
    }),
  );
});

describe("through the pipeline", () => {
  const once = { retry: { maxRetries: 0, baseDelayMs: 1, maxDelayMs: 1 } };

  test("an open circuit fails a call at once, with nothing sent, and says when to come back", async () => {
    const scene = new Scene([opened()]);
    const error = await errorOf(scene.call([succeeds]));
    expect(error).toMatchObject({
      code: "unavailable-circuit-open",
      outcome: "not-sent",
      retryable: true,
      attempts: [],
    });
    expect(error).toMatchObject({ notRetried: "refused", retryAfterMs: 1_000 });
    expect(error.retryAt).toEqual(new Date(scene.clock.wallNow() + 1_000));
    expect(scene.started).toEqual([]);
  });

  test("one caller's abort or timeout ends nobody else's attempt", async () => {
    const scene = new Scene([breakerWith()]);
    const controller = new AbortController();
    const aborting = scene.call([hangs()], { signals: [controller.signal] });
    const late = scene.call([hangs()], { deadlineMs: 100 });
    const healthy = scene.call([hangs(), succeeds], { attemptTimeoutMs: 500, deadlineMs: 5_000 });
    await settled();
    controller.abort("left");
    await scene.clock.advance(1_000);
    expect(await reasonOf(aborting)).toBe("left");
    expect(await errorOf(late)).toMatchObject({ limit: "deadline" });
    expect(await healthy).toMatchObject({ value: "done" });
  });

  test("a thousand calls while the probe hangs are all refused at once, and none waits for it", async () => {
    const scene = new Scene([opened()]);
    scene.clock.jump(1_000);
    const probe = scene.call([hangs()], { attemptTimeoutMs: 9_000, ...once });
    const others = await Promise.all(Array.from({ length: 1_000 }, () => errorOf(scene.call([succeeds]))));
    expect(new Set(others.map(({ code }) => code))).toEqual(new Set(["unavailable-circuit-open"]));
    expect(scene.started).toEqual([1]);
    await scene.clock.advance(9_000);
    expect(await errorOf(probe)).toMatchObject({ limit: "attempt" });
    expect(scene.started).toEqual([1]);
  });

  test("the caller of the probe aborts: the next call probes at once", async () => {
    const breaker = opened();
    const scene = new Scene([breaker]);
    scene.clock.jump(1_000);
    const controller = new AbortController();
    const probe = scene.call([hangs()], { signals: [controller.signal] });
    await settled();
    controller.abort("left");
    expect(await reasonOf(probe)).toBe("left");
    expect(await scene.call([succeeds])).toMatchObject({ value: "done" });
    expect(breaker.state.name).toBe("closed");
  });

  test("who was let go and then waited for a later stage is refused if it has opened meanwhile", async () => {
    const breaker = breakerWith({ minAttempts: 2 });
    const log: string[] = [];
    const wait = new HeldWait();
    const scene = new Scene([breaker, new Witness("queue", log, { admit: () => wait.admission })]);
    const call = scene.call([succeeds]);
    await settled();
    for (let i = 0; i < 2; i++) attempt(breaker, 0, fault);
    wait.letGo("its place");
    expect(await errorOf(call)).toMatchObject({ code: "unavailable-circuit-open", retryAfterMs: 1_000 });
    expect(log).toContain("settle its place: aborted");
    expect(scene.started).toEqual([]);
  });

  test("who was let go, waited, and finds it closed again goes, and teaches it nothing", async () => {
    const breaker = breakerWith({ minAttempts: 2 });
    const wait = new HeldWait();
    const scene = new Scene([breaker, new Witness("queue", [], { admit: () => wait.admission })]);
    const call = scene.call([failsWith()], once);
    await settled();
    for (let i = 0; i < 2; i++) attempt(breaker, 0, fault);
    attempt(breaker, 1_000, success);
    attempt(breaker, 1_000, fault);
    wait.letGo("its place");
    expect(await errorOf(call)).toMatchObject({ code: "connection-reset" });
    expect([breaker.state.name, scene.started]).toEqual(["closed", [1]]);
  });

  test("who was let go, waited, and finds its pause over is the probe", async () => {
    const breaker = breakerWith({ minAttempts: 2 });
    const wait = new HeldWait();
    let asked = 0;
    const admit = (): Admission => (++asked === 1 ? wait.admission : { kind: "go" });
    const scene = new Scene([breaker, new Witness("queue", [], { admit })]);
    const call = scene.call([succeeds]);
    await settled();
    for (let i = 0; i < 2; i++) attempt(breaker, 0, fault);
    scene.clock.jump(1_000);
    wait.letGo("its place");
    expect(await call).toMatchObject({ value: "done" });
    expect([breaker.state.name, asked]).toEqual(["closed", 2]);
  });

  test("a probe that waited for a later stage within its lease is the probe still", async () => {
    const breaker = opened();
    const log: string[] = [];
    const wait = new HeldWait();
    const scene = new Scene([breaker, new Witness("queue", log, { admit: () => wait.admission })]);
    scene.clock.jump(1_000);
    const call = scene.call([succeeds]);
    await settled();
    wait.letGo("its place");
    expect(await call).toMatchObject({ value: "done" });
    expect([breaker.state.name, log]).toEqual(["closed", ["admit queue", "settle its place: success"]]);
  });

  test("a probe whose lease expired while it waited for a later stage does not go beside the next one", async () => {
    const breaker = opened();
    const wait = new HeldWait();
    const scene = new Scene([breaker, new Witness("queue", [], { admit: () => wait.admission })]);
    scene.clock.jump(1_000);
    const call = scene.call([succeeds]);
    await settled();
    scene.clock.jump(leaseMs);
    expect(new Asked(breaker, scene.clock.now()).hasGone).toBe(true);
    wait.letGo("its place");
    expect(await errorOf(call)).toMatchObject({ code: "unavailable-circuit-open", retryAfterMs: leaseMs });
    expect(scene.started).toEqual([]);
  });
});

test("it is asked for each attempt, by its name", () => {
  expect(breakerWith()).toMatchObject({ name: "circuit-breaker", scope: "attempt" });
  expect(breakerWith().admit(applicant(), 0).kind).toBe("go");
});

describe("the option circuitBreaker", () => {
  const { read, problemsOf } = reading("circuitBreaker", readCircuitBreaker);

  test("by default it opens at four fifths of 10 attempts in 5 s, for half a second up to 2 s; false is none", () => {
    const byDefault = {
      failureRatio: 0.8,
      minAttempts: 10,
      windowMs: 5_000,
      openMs: 500,
      maxOpenMs: 2_000,
      maxWaitMs: 1_000,
    };
    expect(read()).toEqual(byDefault);
    expect(read({ openMs: undefined })).toEqual(byDefault);
    expect(read(false)).toBeUndefined();
  });

  test("what is given holds, and a default gives way to it", () => {
    const given = { failureRatio: 1, minAttempts: 1, windowMs: 100, openMs: 1, maxOpenMs: 1, maxWaitMs: 0 };
    expect(read(given)).toEqual(given);
    expect(read({ openMs: 60_000 })).toMatchObject({ openMs: 60_000, maxOpenMs: 60_000 });
    expect(read({ maxOpenMs: 200 })).toMatchObject({ openMs: 200, maxOpenMs: 200 });
    expect(read({ maxOpenMs: 5_000 })).toMatchObject({ openMs: 500, maxOpenMs: 5_000 });
  });

  test("bad values are told by their full names, all at once", () => {
    const bad = {
      failureRatio: 0,
      minAttempts: 1.5,
      windowMs: 99,
      openMs: 0,
      maxOpenMs: "1s",
      maxWaitMs: -1,
      ratio: 1,
    };
    expect(problemsOf(bad)).toEqual([
      "circuitBreaker.openMs must be a number of at least 1, not 0",
      "circuitBreaker.maxOpenMs must be a number of at least 1, not a string",
      "circuitBreaker.failureRatio must be a number from 0.01 to 1, not 0",
      "circuitBreaker.minAttempts must be a whole number of at least 1, not 1.5",
      "circuitBreaker.windowMs must be a number of at least 100, not 99",
      "circuitBreaker.maxWaitMs must be a number of at least 0, not -1",
      expect.stringContaining("unknown option circuitBreaker.ratio"),
    ]);
    expect(problemsOf({ failureRatio: 1.01 })).toHaveLength(1);
    expect(problemsOf({ openMs: 200, maxOpenMs: 100 })).toEqual([
      "circuitBreaker.maxOpenMs must not be below circuitBreaker.openMs",
    ]);
    expect(problemsOf(true)).toHaveLength(1);
  });
});
