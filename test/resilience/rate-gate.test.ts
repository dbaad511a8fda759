import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Quota } from "../../src/resilience/outcome.ts";
import { RateGate, type RateLimits, readRateLimit } from "../../src/resilience/rate-gate.ts";
import { reading } from "../support/options.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";
import {
  aborted,
  Asked,
  errorOf,
  failed,
  failsWith,
  failure,
  HeldWait,
  hangs,
  reasonOf,
  Scene,
  success,
  succeeds,
  Witness,
} from "./calls.ts";

/** Random 0 adds nothing to a pause. */
function gateWith(limits: RateLimits | undefined, random = (): number => 0) {
  const clock = new VirtualClock();
  const gate = new RateGate({ service: "payments", clock, random, limits });
  const ask = (deadlineMs = 30_000): Asked => new Asked(gate, clock.now(), { deadlineAt: clock.now() + deadlineMs });
  return { clock, gate, ask };
}

const throttled = (retryAfterMs?: number) =>
  failed({ verdict: "throttled", status: 429, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
const tells = (quota: Quota) => ({ ...success, quota });

describe("the limit", () => {
  test("so many go at once, and the next when the first of them is a period old", async () => {
    const { clock, gate, ask } = gateWith({ limit: 2, perMs: 1_000 });
    expect(ask().hasGone).toBe(true);
    await clock.advance(400);
    expect(ask().hasGone).toBe(true);
    const [third, fourth, fifth] = [ask(), ask(), ask()];
    expect(gate.queued).toBe(3);
    await clock.advance(599);
    expect(third.isWaiting).toBe(true);
    await clock.advance(1);
    expect([third.hasGone, fourth.isWaiting]).toEqual([true, true]);
    await clock.advance(399);
    expect(fourth.isWaiting).toBe(true);
    await clock.advance(1);
    expect([fourth.hasGone, fifth.isWaiting, gate.queued]).toEqual([true, true, 1]);
    await clock.advance(600);
    expect([fifth.hasGone, gate.queued, clock.timers]).toEqual([true, 0, 0]);
  });

  test("who has waited goes before who asks in the moment when there is room", async () => {
    const { clock, gate, ask } = gateWith({ limit: 1, perMs: 1_000 });
    ask();
    const waiting = ask();
    clock.jump(1_000);
    const late = ask();
    expect([waiting.isWaiting, late.isWaiting]).toEqual([true, true]);
    await clock.advance(0);
    expect([waiting.hasGone, late.isWaiting, gate.queued]).toEqual([true, true, 1]);
    late.leave();
  });

  test("never more than the limit start within any period, whoever asks and leaves, and all go in their order", async () => {
    const step = fc.record({
      afterMs: fc.nat(120),
      asks: fc.nat(4),
      leaves: fc.option(fc.nat(10), { nil: undefined }),
      refuses: fc.option(fc.nat(10), { nil: undefined }),
      pauseMs: fc.option(fc.nat(300), { nil: undefined, freq: 8 }),
      quota: fc.option(fc.record({ remaining: fc.nat(30), resetMs: fc.nat(500), limit: fc.constant(100) }), {
        freq: 8,
      }),
    });
    const limits = fc.record({ limit: fc.integer({ min: 1, max: 5 }), perMs: fc.integer({ min: 1, max: 300 }) });
    await fc.assert(
      fc.asyncProperty(limits, fc.array(step, { maxLength: 25 }), async ({ limit, perMs }, steps) => {
        const { clock, gate, ask } = gateWith({ limit, perMs });
        const all: { asked: Asked; startedAt?: number; hasLeft?: boolean }[] = [];
        const look = (): void => {
          for (const one of all) if (one.asked.hasGone) one.startedAt ??= clock.now();
        };
        const pass = async (ms: number): Promise<void> => {
          for (let i = 0; i < ms; i++) {
            await clock.advance(1);
            look();
          }
        };
        for (const { afterMs, asks, leaves, refuses, pauseMs, quota } of steps) {
          for (let i = 0; i < asks; i++) all.push({ asked: ask(1e9) });
          look();
          const leaver = leaves === undefined ? undefined : all.filter(({ asked }) => asked.isWaiting)[leaves];
          leaver?.asked.leave();
          if (leaver !== undefined) leaver.hasLeft = true;
          // One of those that passed is refused by a later stage: it never started.
          const refused = refuses === undefined ? undefined : all.filter(({ asked }) => asked.hasGone)[refuses];
          if (refused !== undefined) {
            all.splice(all.indexOf(refused), 1);
            gate.settle(refused.asked.permit, failed({ verdict: "local", outcome: "not-sent" }), clock.now());
          }
          if (pauseMs !== undefined) gate.settle(undefined, throttled(pauseMs), clock.now());
          if (quota !== null) gate.settle(undefined, tells(quota), clock.now());
          look();
          await pass(afterMs);
        }
        // Time for everybody who waits, and for the longest pause.
        await clock.advance(100 * 4 * 300 + 1_000);
        const stayed = all.filter(({ hasLeft }) => hasLeft !== true);
        expect(stayed.filter(({ asked }) => !asked.hasGone)).toEqual([]);
        expect([gate.queued, clock.timers]).toEqual([0, 0]);
        const starts = stayed.flatMap(({ startedAt }) => startedAt ?? []);
        expect(starts).toEqual(starts.toSorted((a, b) => a - b));
        for (const [i, start] of starts.entries()) {
          const next = starts[i + limit];
          expect(next === undefined || next - start >= perMs).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("who could not start before its deadline", () => {
  test("is refused at once, with the moment when it could", () => {
    const { clock, ask } = gateWith({ limit: 1, perMs: 1_000 });
    ask();
    clock.jump(300);
    const { refusal } = ask(700);
    expect(refusal).toMatchObject({ code: "rate-limited", outcome: "not-sent", verdict: "local", retryAfterMs: 700 });
    expect(ask(701).isWaiting).toBe(true);
  });

  test("each who waits before it counts, and each in the period in which it will go", async () => {
    const { clock, ask } = gateWith({ limit: 2, perMs: 1_000 });
    ask();
    await clock.advance(900);
    ask();
    const starts: (number | undefined)[] = [];
    for (let i = 0; i < 5; i++) {
      starts.push(ask(0).refusal?.retryAfterMs);
      ask();
    }
    expect(starts).toEqual([100, 1_000, 1_100, 2_000, 2_100]);
    await clock.advance(2_100);
    expect(clock.timers).toBe(0);
  });

  test("is refused in a pause that does not end before", () => {
    const { gate, clock, ask } = gateWith(undefined);
    gate.settle(undefined, throttled(5_000), clock.now());
    expect(ask(5_000).refusal?.retryAfterMs).toBe(5_000);
    expect(ask(5_001).isWaiting).toBe(true);
  });

  test("each who waits before it counts after a pause as well", async () => {
    const { gate, clock, ask } = gateWith({ limit: 1, perMs: 1_000 });
    gate.settle(undefined, throttled(5_000), 0);
    for (let i = 0; i < 2; i++) expect(ask().isWaiting).toBe(true);
    expect(ask(0).refusal?.retryAfterMs).toBe(7_000);
    await clock.advance(6_000);
    expect(clock.timers).toBe(0);
  });

  test("is refused where the quota is spread so thin that its turn comes later", async () => {
    const { gate, clock, ask } = gateWith(undefined);
    gate.settle(undefined, tells({ remaining: 10, resetMs: 10_000, limit: 100 }), clock.now());
    ask();
    const starts: (number | undefined)[] = [];
    for (let i = 0; i < 12; i++) {
      starts.push(ask(0).refusal?.retryAfterMs);
      ask();
    }
    // After the reset nothing is spread any more.
    const seconds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10];
    expect(starts).toEqual(seconds.map((s) => s * 1_000));
    await clock.advance(10_000);
    expect([gate.queued, clock.timers]).toEqual([0, 0]);
  });

  test("gets an error of our own rate gate, without a status", async () => {
    const { clock, gate, ask } = gateWith({ limit: 1, perMs: 60_000 });
    ask();
    const scene = new Scene([gate]);
    const error = await errorOf(scene.call([succeeds]));
    expect(error).toMatchObject({
      code: "rate-limited",
      status: undefined,
      notRetried: "refused",
      retryAfterMs: 60_000,
    });
    expect(error.retryAt).toEqual(new Date(scene.clock.wallNow() + 60_000));
    expect([clock.timers, scene.started]).toEqual([0, []]);
  });
});

describe("the pause after a 429", () => {
  test("holds everybody back for as long as the service asked, also without a limit", async () => {
    const { gate, clock, ask } = gateWith(undefined);
    expect(ask().hasGone).toBe(true);
    gate.settle(undefined, throttled(2_000), 0);
    expect(gate.pausedUntil).toBe(2_000);
    const waiting = [ask(), ask()];
    await clock.advance(1_999);
    expect(waiting.map(({ isWaiting }) => isWaiting)).toEqual([true, true]);
    await clock.advance(1);
    expect(waiting.map(({ hasGone }) => hasGone)).toEqual([true, true]);
    expect(ask().hasGone).toBe(true);
  });

  test("is a minute at most, and up to a tenth longer by chance", () => {
    const { gate } = gateWith(undefined, () => 1);
    gate.settle(undefined, throttled(1_000), 0);
    expect(gate.pausedUntil).toBe(1_100);
    gate.settle(undefined, throttled(3_600_000), 0);
    expect(gate.pausedUntil).toBe(66_000);
  });

  test("is not shortened by another 429 that asks for less", () => {
    const { gate } = gateWith(undefined);
    gate.settle(undefined, throttled(5_000), 0);
    gate.settle(undefined, throttled(1_000), 100);
    expect(gate.pausedUntil).toBe(5_000);
  });

  test("that begins while somebody waits already makes that wait longer", async () => {
    const { gate, clock, ask } = gateWith({ limit: 1, perMs: 1_000 });
    ask();
    const waiting = ask();
    await clock.advance(500);
    gate.settle(undefined, throttled(2_000), clock.now());
    await clock.advance(1_999);
    expect(waiting.isWaiting).toBe(true);
    await clock.advance(1);
    expect([waiting.hasGone, clock.timers]).toEqual([true, 0]);
  });

  test.each([
    ["a 429 without a hint", throttled()],
    ["a 503 with one", failed({ verdict: "overload", retryAfterMs: 1_000 })],
    ["a caller's abort", aborted],
    ["a success", success],
    ["a local refusal with a hint", failed({ verdict: "local", retryAfterMs: 1_000 })],
  ])("%s is none", (_what, end) => {
    const { gate, ask } = gateWith(undefined);
    gate.settle(undefined, end, 0);
    expect(gate.pausedUntil).toBe(Number.NEGATIVE_INFINITY);
    expect(ask().hasGone).toBe(true);
  });

  test("holds back whoever waits for a later stage too, and nobody of them is refused for it", async () => {
    const wait = new HeldWait();
    const log: string[] = [];
    let asked = 0;
    const queue = new Witness("queue", log, { admit: () => (++asked === 1 ? wait.admission : { kind: "go" }) });
    const { gate, clock } = gateWith(undefined);
    const scene = new Scene([gate, queue], {}, clock);
    const call = scene.call([succeeds]);
    await settled();
    gate.settle(undefined, throttled(2_000), scene.clock.now());
    wait.letGo("its place");
    await scene.clock.advance(1_999);
    expect([log, scene.started]).toEqual([["admit queue", "settle its place: aborted"], []]);
    await scene.clock.advance(1);
    expect((await call).attempts).toMatchObject([{ startedAfterMs: 2_000 }]);
    expect(log).toEqual(["admit queue", "settle its place: aborted", "admit queue", "settle undefined: success"]);
  });
});

describe("a pause of one or two whole seconds", () => {
  /** Half of the last second is over when one asks, and the pause itself is a twentieth longer than the hint. */
  const paused = (hintMs: number) => {
    const parts = gateWith(undefined, () => 0.5);
    parts.gate.settle(undefined, throttled(hintMs), 0);
    return parts;
  };

  test.each([
    [1_000, 550],
    [2_000, 1_600],
  ])("of %i ms is asked about once, by one call within its last second", async (hintMs, askedAt) => {
    const { gate, clock, ask } = paused(hintMs);
    const all = [ask(), ask(), ask()];
    await clock.advance(askedAt - 1);
    expect(all[0]?.isWaiting).toBe(true);
    await clock.advance(1);
    expect(all.map(({ hasGone }) => hasGone)).toEqual([true, false, false]);
    expect(ask().isWaiting).toBe(true);
    expect([gate.holds(all[0]?.permit, clock.now()), gate.holds(undefined, clock.now())]).toEqual([true, false]);
    await clock.advance(hintMs * 1.05 - askedAt - 1);
    expect(all[1]?.isWaiting).toBe(true);
    await clock.advance(1);
    expect([all[1]?.hasGone, gate.queued, clock.timers]).toEqual([true, 0, 0]);
  });

  test("who comes in that moment is the one who asks, where nobody waits", async () => {
    const { clock, ask } = paused(1_000);
    await clock.advance(550);
    expect([ask().hasGone, ask().isWaiting]).toEqual([true, true]);
    await clock.advance(500);
  });

  test("is over for all when that call is let through", async () => {
    const { gate, clock, ask } = paused(1_000);
    const all = [ask(), ask(), ask()];
    await clock.advance(550);
    gate.settle(all[0]?.permit, success, clock.now());
    expect([...all, ask()].map(({ hasGone }) => hasGone)).toEqual([true, true, true, true]);
    expect([gate.pausedUntil, clock.timers]).toEqual([550, 0]);
  });

  test("is followed by another when that call is refused like the first, and asked about again in that one", async () => {
    const { gate, clock, ask } = paused(1_000);
    const all = [ask(), ask()];
    await clock.advance(550);
    gate.settle(all[0]?.permit, throttled(1_000), clock.now());
    await clock.advance(549);
    expect([gate.pausedUntil, all[1]?.isWaiting]).toEqual([1_600, true]);
    await clock.advance(1);
    expect(all[1]?.hasGone).toBe(true);
    expect(clock.timers).toBe(0);
  });

  test.each([
    ["times out", failed({ verdict: "overload" })],
    ["is given up", aborted],
    ["is refused by a later stage", failed({ verdict: "local", outcome: "not-sent" })],
  ])("goes on as before when that call %s", async (_what, end) => {
    const { gate, clock, ask } = paused(1_000);
    const all = [ask(), ask()];
    await clock.advance(550);
    gate.settle(all[0]?.permit, end, clock.now());
    await clock.advance(499);
    expect(all[1]?.isWaiting).toBe(true);
    await clock.advance(1);
    expect(all[1]?.hasGone).toBe(true);
  });

  test("is not ended by the success of a call that was under way before it", () => {
    const { gate } = paused(1_000);
    gate.settle(undefined, success, 700);
    expect(gate.pausedUntil).toBe(1_050);
  });

  test("is what a longer one is not: nobody asks before three seconds are over", async () => {
    const { clock, ask } = paused(3_000);
    const waiting = ask();
    await clock.advance(3_149);
    expect(waiting.isWaiting).toBe(true);
    await clock.advance(1);
    expect(waiting.hasGone).toBe(true);
  });

  test("is no reason to refuse whoever could wait for its end, and one to refuse who could not", () => {
    const { ask } = paused(1_000);
    expect(ask(1_050).refusal?.retryAfterMs).toBe(1_050);
    expect(ask(1_051).isWaiting).toBe(true);
  });
});

test("a permit of before the pause holds again from the moment when it is over", () => {
  const { gate } = gateWith(undefined);
  expect(gate.holds(undefined, 0)).toBe(true);
  gate.settle(undefined, throttled(1_000), 0);
  expect([gate.holds(undefined, 999), gate.holds(undefined, 1_000)]).toEqual([false, true]);
});

describe("the quota that the service tells", () => {
  test("above a fifth it changes nothing, below it what is left is spread over the time that is left", async () => {
    const { gate, clock, ask } = gateWith(undefined);
    gate.settle(undefined, tells({ remaining: 20, resetMs: 10_000, limit: 100 }), 0);
    expect([ask().hasGone, ask().hasGone]).toEqual([true, true]);
    gate.settle(undefined, tells({ remaining: 10, resetMs: 10_000, limit: 100 }), 0);
    const [first, second] = [ask(), ask()];
    await clock.advance(999);
    expect(first.isWaiting).toBe(true);
    await clock.advance(1);
    expect([first.hasGone, second.isWaiting]).toEqual([true, true]);
    await clock.advance(1_000);
    expect([second.hasGone, clock.timers]).toEqual([true, 0]);
  });

  test("spread, the first goes at once, and after the reset all do", async () => {
    const { gate, clock, ask } = gateWith(undefined);
    gate.settle(undefined, tells({ remaining: 1, resetMs: 5_000, limit: 100 }), 0);
    expect([ask().hasGone, ask().isWaiting]).toEqual([true, true]);
    const others = [ask(), ask()];
    await clock.advance(4_999);
    expect(others.map(({ isWaiting }) => isWaiting)).toEqual([true, true]);
    await clock.advance(1);
    expect(others.map(({ hasGone }) => hasGone)).toEqual([true, true]);
    expect(ask().hasGone).toBe(true);
  });

  test("a failure tells it as well", () => {
    const { gate, ask } = gateWith(undefined);
    const quota = { remaining: 1, resetMs: 5_000, limit: 100 };
    gate.settle(undefined, failed({ verdict: "healthy", quota }), 0);
    ask();
    expect(ask(0).refusal?.retryAfterMs).toBe(5_000);
  });

  test("without a size of the whole it is spread by nobody", () => {
    const { gate, ask } = gateWith(undefined);
    gate.settle(undefined, tells({ remaining: 1, resetMs: 5_000 }), 0);
    expect([ask().hasGone, ask().hasGone]).toEqual([true, true]);
  });

  test("used up, it is a pause until the reset, a minute at most", () => {
    const { gate, ask } = gateWith(undefined);
    gate.settle(undefined, tells({ remaining: 0, resetMs: 5_000 }), 0);
    expect([gate.pausedUntil, ask(5_000).hasGone]).toEqual([5_000, false]);
    gate.settle(undefined, tells({ remaining: 0, resetMs: 3_600_000, limit: 100 }), 0);
    expect(gate.pausedUntil).toBe(60_000);
  });

  test("used up and full again, nothing is spread", () => {
    const { gate, clock, ask } = gateWith(undefined);
    gate.settle(undefined, tells({ remaining: 0, resetMs: 5_000, limit: 100 }), 0);
    clock.jump(5_000);
    expect([ask().hasGone, ask().hasGone]).toEqual([true, true]);
  });

  test("raised by the service, it lets those go who wait for their part of the low one", async () => {
    const { gate, clock, ask } = gateWith(undefined);
    gate.settle(undefined, tells({ remaining: 1, resetMs: 20_000, limit: 100 }), 0);
    ask();
    const waiting = [ask(), ask()];
    await clock.advance(100);
    gate.settle(undefined, tells({ remaining: 100, resetMs: 60_000, limit: 100 }), clock.now());
    expect(waiting.map(({ hasGone }) => hasGone)).toEqual([true, true]);
    expect([gate.queued, clock.timers]).toEqual([0, 0]);
  });

  test("an answer that tells none leaves the last one in force", () => {
    const { gate, ask } = gateWith(undefined);
    gate.settle(undefined, tells({ remaining: 1, resetMs: 5_000, limit: 100 }), 0);
    gate.settle(undefined, success, 0);
    expect([ask().hasGone, ask().isWaiting]).toEqual([true, true]);
  });
});

describe("what a later stage refuses", () => {
  const refused = failed({ verdict: "local", outcome: "not-sent" });

  test("takes nothing of the rate", () => {
    const { gate, ask } = gateWith({ limit: 2, perMs: 1_000 });
    for (let i = 0; i < 10; i++) {
      const asked = ask();
      expect(asked.hasGone).toBe(true);
      gate.settle(asked.permit, refused, 0);
    }
    expect([ask().hasGone, ask().hasGone, ask(0).refusal?.retryAfterMs]).toEqual([true, true, 1_000]);
  });

  test("given up before anything was sent takes nothing either; once it was sent, or broke, it does", () => {
    const ends = [
      [{ ...aborted, outcome: "not-sent" } as const, true],
      [aborted, false],
      [failed({ verdict: "local", outcome: "unknown" }), false],
      [failed({ verdict: "fault", outcome: "not-sent" }), false],
      [success, false],
    ] as const;
    for (const [end, isFree] of ends) {
      const { gate, ask } = gateWith({ limit: 1, perMs: 1_000 });
      gate.settle(ask().permit, end, 0);
      expect(ask().hasGone).toBe(isFree);
    }
  });

  test("frees its place for who waits, also where others have started since", async () => {
    const { gate, clock, ask } = gateWith({ limit: 2, perMs: 1_000 });
    const first = ask();
    await clock.advance(100);
    ask();
    const waiting = [ask(), ask()];
    gate.settle(first.permit, refused, clock.now());
    expect([waiting[0]?.hasGone, waiting[1]?.isWaiting]).toEqual([true, true]);
    await clock.advance(999);
    expect(waiting[1]?.isWaiting).toBe(true);
    await clock.advance(1);
    expect([waiting[1]?.hasGone, clock.timers]).toEqual([true, 0]);
  });

  test("as the last that passed, frees its place for the very next", () => {
    const { gate, clock, ask } = gateWith({ limit: 2, perMs: 1_000 });
    ask();
    gate.settle(ask().permit, refused, clock.now());
    expect([ask().hasGone, ask(0).refusal?.retryAfterMs]).toEqual([true, 1_000]);
  });

  test("among others that passed, frees its place when its turn comes", async () => {
    const { gate, clock, ask } = gateWith({ limit: 3, perMs: 1_000 });
    ask();
    await clock.advance(100);
    const second = ask();
    await clock.advance(100);
    ask();
    gate.settle(second.permit, refused, clock.now());
    const waiting = [ask(), ask(), ask()];
    await clock.advance(799);
    expect(waiting.map(({ isWaiting }) => isWaiting)).toEqual([true, true, true]);
    await clock.advance(1);
    expect(waiting.map(({ hasGone }) => hasGone)).toEqual([true, true, false]);
    await clock.advance(200);
    expect([waiting[2]?.hasGone, clock.timers]).toEqual([true, 0]);
  });

  test("does not make who passed after it count less for a quota that is spread", () => {
    const { gate, clock, ask } = gateWith({ limit: 100, perMs: 1 });
    gate.settle(undefined, tells({ remaining: 5, resetMs: 5_000, limit: 100 }), 0);
    const first = ask();
    clock.jump(1_000);
    expect(ask().hasGone).toBe(true);
    gate.settle(first.permit, refused, clock.now());
    expect(ask(0).refusal?.retryAfterMs).toBe(1_000);
  });

  test("after its place was taken anew, frees nothing", async () => {
    const { gate, clock, ask } = gateWith({ limit: 1, perMs: 1_000 });
    const first = ask();
    await clock.advance(1_000);
    expect(ask().hasGone).toBe(true);
    gate.settle(first.permit, refused, clock.now());
    expect(ask(0).hasGone).toBe(false);
  });

  test("takes nothing of a quota that is spread", () => {
    const { gate, ask } = gateWith(undefined);
    gate.settle(undefined, tells({ remaining: 1, resetMs: 5_000, limit: 100 }), 0);
    for (let i = 0; i < 3; i++) {
      const asked = ask();
      expect(asked.hasGone).toBe(true);
      gate.settle(asked.permit, refused, 0);
    }
    ask();
    expect(ask(0).refusal?.retryAfterMs).toBe(5_000);
  });

  test("an open circuit fails all who call at once, and those who already wait for the rate", async () => {
    const { gate, clock } = gateWith({ limit: 2, perMs: 1_000 });
    let isOpen = false;
    const refusal = failure({ code: "unavailable-circuit-open", verdict: "local", outcome: "not-sent" });
    const breaker = new Witness("breaker", [], {
      admit: () => (isOpen ? { kind: "refuse", failure: refusal } : { kind: "go" }),
    });
    const scene = new Scene([gate, breaker], {}, clock);
    const before = Array.from({ length: 20 }, () => scene.call([succeeds]));
    await settled();
    isOpen = true;
    await clock.advance(1_000);
    const after = Array.from({ length: 20 }, () => scene.call([succeeds]));
    await settled();
    expect(
      (await Promise.allSettled([...before, ...after])).filter(({ status }) => status === "fulfilled"),
    ).toHaveLength(2);
    expect([clock.now(), scene.started.length, gate.queued]).toEqual([1_000, 2, 0]);
  });
});

describe("whoever leaves", () => {
  test("gives the place to the next, and the last one takes the timer along", async () => {
    const { gate, clock, ask } = gateWith({ limit: 1, perMs: 1_000 });
    ask();
    const [first, second] = [ask(), ask()];
    first.leave();
    expect([gate.queued, clock.timers]).toEqual([1, 1]);
    await clock.advance(1_000);
    expect([first.isWaiting, second.hasGone]).toEqual([true, true]);
    const third = ask();
    expect(clock.timers).toBe(1);
    third.leave();
    expect([gate.queued, clock.timers]).toEqual([0, 0]);
    const fourth = ask();
    await clock.advance(1_000);
    expect(fourth.hasGone).toBe(true);
  });

  test("by an abort is gone at once, starts nothing, and costs no start", async () => {
    const { gate, clock } = gateWith({ limit: 1, perMs: 1_000 });
    const scene = new Scene([gate], {}, clock);
    const controller = new AbortController();
    await scene.call([succeeds]);
    const leaving = scene.call([hangs()], { signals: [controller.signal] });
    const staying = scene.call([succeeds]);
    await settled();
    controller.abort("left");
    expect(await reasonOf(leaving)).toBe("left");
    await scene.clock.advance(1_000);
    expect((await staying).attempts).toMatchObject([{ startedAfterMs: 1_000 }]);
    expect([scene.started, gate.queued]).toEqual([[1, 1], 0]);
  });
});

test("a retry after a 429 and its shared pause waits once, not twice", async () => {
  const { gate, clock } = gateWith(undefined);
  const scene = new Scene([gate], {}, clock);
  const call = scene.call([failsWith({ verdict: "throttled", outcome: "rejected", retryAfterMs: 3_000 }), succeeds]);
  await scene.clock.advance(3_000);
  expect((await call).elapsedMs).toBe(3_000);
});

test("it is asked for each attempt, by its name", () => {
  expect(gateWith(undefined).gate).toMatchObject({ name: "rate-gate", scope: "attempt" });
});

describe("the option rateLimit", () => {
  const { read, problemsOf } = reading("rateLimit", readRateLimit);

  test("not given, only a 429 holds calls back; false, not even that", () => {
    expect([read(), read(false)]).toEqual(["pause-only", undefined]);
    expect(read({ limit: 10, perMs: 500 })).toEqual({ limit: 10, perMs: 500 });
    expect(read({ limit: 100_000, perMs: 1 })).toEqual({ limit: 100_000, perMs: 1 });
  });

  test("bad values are told by their full names, all at once", () => {
    expect(problemsOf({})).toEqual(["rateLimit.limit is required", "rateLimit.perMs is required"]);
    expect(problemsOf({ limit: 10 })).toEqual(["rateLimit.perMs is required"]);
    expect(problemsOf({ limit: 0, perMs: 0, per: 1 })).toEqual([
      "rateLimit.limit must be a whole number from 1 to 100000, not 0",
      "rateLimit.perMs must be a number of at least 1, not 0",
      expect.stringContaining("unknown option rateLimit.per"),
    ]);
    expect(problemsOf({ limit: 1.5, perMs: 1 })).toHaveLength(1);
    expect(problemsOf({ limit: 100_001, perMs: 1 })).toHaveLength(1);
    expect(problemsOf(true)[0]).toBe("rateLimit must be an object, not a boolean");
  });
});
