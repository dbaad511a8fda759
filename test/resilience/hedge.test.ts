import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { DeadlineList } from "../../src/core/deadline-list.ts";
import { Call } from "../../src/resilience/call.ts";
import { Hedger, type HedgeLimits, readHedge } from "../../src/resilience/hedge.ts";
import type { Remainder } from "../../src/resilience/outcome.ts";
import type { Ended } from "../../src/resilience/policy-chain.ts";
import type { Admission, Policy } from "../../src/resilience/policy.ts";
import { reading } from "../support/options.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";
import { ConcurrencyLimit } from "../../src/resilience/concurrency-limit.ts";
import {
  aborted,
  errorOf,
  failed,
  failsWith,
  hangs,
  listening,
  reasonOf,
  Scene,
  seeded,
  type Step,
  success,
  succeeds,
  takes,
  Witness,
  hedged,
} from "./calls.ts";

const usual: HedgeLimits = { quantile: 0.95, minSamples: 100, ratio: 0.05 };

/** One that has seen a hundred attempts of 1 to 100 ms, and 200 calls begin. */
function experienced(limits: Partial<HedgeLimits> = {}): Hedger {
  const hedger = new Hedger({ ...usual, ...limits });
  for (let ms = 1; ms <= 100; ms++) hedger.observe(success, ms, 0);
  for (let call = 0; call < 200; call++) hedger.delayMs(0);
  return hedger;
}

describe("when a hedge is due", () => {
  test("never before it has seen enough attempts", () => {
    const hedger = new Hedger({ ...usual, minSamples: 10 });
    for (let i = 0; i < 9; i++) hedger.observe(success, 5, 0);
    expect(hedger.delayMs(0)).toBeUndefined();
    hedger.observe(success, 5, 0);
    expect(hedger.delayMs(0)).toBe(5);
  });

  test("when the attempt has taken longer than the quantile says", () => {
    expect(experienced().delayMs(0)).toBe(96);
    expect(experienced({ quantile: 0.5 }).delayMs(0)).toBe(51);
    expect(experienced({ quantile: 0.999 }).delayMs(0)).toBe(100);
  });

  test("it learns anew with every 32nd attempt, from the last 512", () => {
    const hedger = experienced({ quantile: 0.5 });
    for (let i = 101; i < 128; i++) hedger.observe(success, 60, 0);
    expect(hedger.delayMs(0)).toBe(51);
    hedger.observe(success, 60, 0);
    expect(hedger.delayMs(0)).toBe(60);
    for (let i = 0; i < 512; i++) hedger.observe(success, 70, 0);
    expect(hedger.delayMs(0)).toBe(70);
    expect(hedger.delayMs(0)).toBe(70);
  });

  test("between two lessons nothing changes, also where enough attempts is a round number", () => {
    const hedger = new Hedger({ ...usual, minSamples: 32 });
    for (let i = 0; i < 32; i++) hedger.observe(success, 10, 0);
    for (let i = 0; i < 31; i++) hedger.observe(success, 11, 0);
    expect(hedger.delayMs(0)).toBe(10);
    hedger.observe(success, 11, 0);
    expect(hedger.delayMs(0)).toBe(11);
  });

  test("failures teach no duration, and what was given up does only where it had been slow already", () => {
    const hedger = experienced();
    for (let i = 0; i < 200; i++) {
      hedger.observe(failed(), 1, 0);
      hedger.observe(aborted, 95, 0);
    }
    expect(hedger.delayMs(0)).toBe(96);
    for (let i = 0; i < 28; i++) hedger.observe(aborted, 96, 0);
    expect(hedger.delayMs(0)).toBe(96);
    for (let i = 0; i < 32; i++) hedger.observe(aborted, 98, 0);
    expect(hedger.delayMs(0)).toBe(98);
  });

  test("attempts that lost to their hedge keep the quantile from sinking", () => {
    const hedger = new Hedger({ ...usual, ratio: 0.2 });
    const random = seeded(7);
    const serviceMs = (): number => -20 * Math.log(1 - random());
    let hedges = 0;
    for (let i = 0; i < 20_000; i++) {
      const mainMs = serviceMs();
      const delayMs = hedger.delayMs(0);
      const isHedged = delayMs !== undefined && mainMs > delayMs && hedger.take(0);
      const hedgeMs = isHedged ? serviceMs() : Number.POSITIVE_INFINITY;
      const doneMs = Math.min(mainMs, (delayMs ?? 0) + hedgeMs);
      if (isHedged) hedges++;
      hedger.observe(doneMs < mainMs ? aborted : success, doneMs, 0);
      if (doneMs < mainMs) hedger.observe(success, hedgeMs, 0);
    }
    expect(hedges / 20_000).toBeLessThan(0.07);
  });

  test("not while the service as a whole is twice as slow as in its calmest time, and again when that is over", () => {
    const hedger = experienced({ quantile: 0.9 });
    expect(hedger.delayMs(0)).toBe(91);
    for (let i = 100; i < 640; i++) hedger.observe(success, 103, 0);
    expect(hedger.delayMs(0)).toBeUndefined();
    for (let i = 0; i < 512; i++) hedger.observe(success, 102, 0);
    expect(hedger.delayMs(0)).toBe(102);
  });

  test.each([
    ["a 429", failed({ verdict: "throttled" })],
    ["a 503 or a timeout", failed({ verdict: "overload" })],
  ])("not for 10 s after %s, not even one that was due already", (_what, end) => {
    const hedger = experienced();
    hedger.observe(end, 5, 1_000);
    expect([hedger.delayMs(10_999), hedger.take(10_999)]).toEqual([undefined, false]);
    expect([hedger.delayMs(11_000), hedger.take(11_000)]).toEqual([96, true]);
  });

  test.each([
    ["a fault", failed({ verdict: "fault" })],
    ["a 404", failed({ verdict: "healthy" })],
    ["an abort", aborted],
  ])("%s is no reason against one", (_what, end) => {
    const hedger = experienced();
    hedger.observe(end, 5, 0);
    expect(hedger.delayMs(0)).toBe(96);
  });
});

describe("how many", () => {
  test("one for twenty calls, and never more than two saved up", () => {
    const hedger = new Hedger({ ...usual, ratio: 0.25 });
    const take = (): number => {
      let taken = 0;
      while (hedger.take(0)) taken++;
      return taken;
    };
    for (let i = 0; i < 3; i++) hedger.delayMs(0);
    expect(take()).toBe(0);
    hedger.delayMs(0);
    expect(take()).toBe(1);
    for (let i = 0; i < 1_000; i++) hedger.delayMs(0);
    expect(take()).toBe(2);
    hedger.putBack();
    expect(take()).toBe(1);
  });
});

interface Raced {
  readonly clock: VirtualClock;
  readonly call: Call;
  readonly list: DeadlineList<Call>;
  readonly done: Promise<Ended<string>>;
  readonly main: PromiseWithResolvers<Ended<string>>;
  readonly second: PromiseWithResolvers<Ended<string> | undefined>;
  /** How each was interrupted. */
  readonly told: string[];
  hedge?: Call;
}

/** A main attempt and its hedge after 50 ms, each ended by the test. */
function raced(signals: readonly AbortSignal[] = [], clock = new VirtualClock()): Raced {
  const list = new DeadlineList<Call>(clock);
  const call = new Call(clock, list, { operation: "GET /x", deadlineMs: 1_000, attemptTimeoutMs: 400, signals });
  call.hold();
  const [main, second] = [Promise.withResolvers<Ended<string>>(), Promise.withResolvers<Ended<string> | undefined>()];
  const told: string[] = [];
  const scene: Omit<Raced, "done"> & { done?: Promise<Ended<string>> } = { clock, call, list, main, second, told };
  call.onInterrupt(({ kind }) => told.push(`main ${kind}`));
  scene.done = hedged(call, main.promise, 50, async (one) => {
    scene.hedge = one;
    one.onInterrupt(({ kind }) => told.push(`hedge ${kind}`));
    return second.promise;
  });
  scene.done.catch(() => undefined);
  return scene as Raced;
}

const won = (value: string): Ended<string> => ({ end: { kind: "success", value } });
const mainLost: Ended<string> = { end: failed({ status: 500 }), notRetried: "spent" };
const hedgeLost: Ended<string> = { end: failed({ status: 502 }) };

describe("two attempts beside each other", () => {
  test("a main attempt that ends in time has no hedge, and leaves no timer", async () => {
    const scene = raced();
    await scene.clock.advance(49);
    scene.main.resolve(mainLost);
    expect(await scene.done).toBe(mainLost);
    expect(scene.hedge).toBeUndefined();
    await scene.clock.advance(1);
    expect(scene.hedge).toBeUndefined();
    expect(scene.clock.timers).toBe(1);
  });

  test("a main attempt that throws in time has no hedge, and leaves no timer", async () => {
    const scene = raced();
    scene.main.reject(new Error("defect"));
    await expect(scene.done).rejects.toThrow("defect");
    expect([scene.hedge, scene.list.size]).toEqual([undefined, 0]);
    await scene.clock.advance(50);
    expect([scene.hedge, scene.clock.timers]).toEqual([undefined, 0]);
  });

  test("the main one succeeds first: the hedge is ended and waited for, and the main one's value is the call's", async () => {
    const scene = raced();
    await scene.clock.advance(50);
    scene.main.resolve(won("main"));
    await settled();
    expect(scene.told).toEqual(["hedge superseded"]);
    scene.second.resolve({ end: aborted });
    expect(await scene.done).toEqual(won("main"));
    expect(scene.list.size).toBe(1);
  });

  test("the hedge succeeds first: the main one is ended and waited for, and the hedge's value is the call's", async () => {
    const scene = raced();
    await scene.clock.advance(50);
    scene.second.resolve(won("hedge"));
    await settled();
    expect(scene.told).toEqual(["main superseded"]);
    scene.main.resolve({ end: aborted });
    expect(await scene.done).toEqual(won("hedge"));
    expect(scene.call.interruption).toBeUndefined();
  });

  test("both succeed at once: one value, that of the main one", async () => {
    const scene = raced();
    await scene.clock.advance(50);
    scene.second.resolve(won("hedge"));
    scene.main.resolve(won("main"));
    expect(await scene.done).toEqual(won("main"));
  });

  test("one that fails waits for the other to do better, in either order", async () => {
    const mainFirst = raced();
    await mainFirst.clock.advance(50);
    mainFirst.main.resolve(mainLost);
    await settled();
    expect(mainFirst.told).toEqual([]);
    mainFirst.second.resolve(won("hedge"));
    expect(await mainFirst.done).toEqual(won("hedge"));

    const hedgeFirst = raced();
    await hedgeFirst.clock.advance(50);
    hedgeFirst.second.resolve(hedgeLost);
    await settled();
    expect(hedgeFirst.told).toEqual([]);
    hedgeFirst.main.resolve(won("main"));
    expect(await hedgeFirst.done).toEqual(won("main"));
  });

  test("both fail, in either order: the main one's failure counts, and nothing of it reaches the next attempt", async () => {
    for (const order of [["main", "second"] as const, ["second", "main"] as const]) {
      const scene = raced();
      await scene.clock.advance(50);
      for (const who of order) {
        scene[who].resolve(who === "main" ? mainLost : hedgeLost);
        await settled();
      }
      expect(await scene.done).toBe(mainLost);
      scene.call.clearInterrupt();
      const told: unknown[] = [];
      scene.call.onInterrupt((interruption) => told.push(interruption));
      expect(told).toEqual([]);
    }
  });

  test("a hedge that is not let go leaves the main one alone", async () => {
    const scene = raced();
    await scene.clock.advance(50);
    scene.second.resolve(undefined);
    await settled();
    expect([scene.told, scene.list.size]).toEqual([[], 2]);
    scene.main.resolve(mainLost);
    expect(await scene.done).toBe(mainLost);
    expect(scene.list.size).toBe(1);
  });

  test("the caller's abort ends both", async () => {
    const controller = new AbortController();
    const scene = raced([controller.signal]);
    await scene.clock.advance(50);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
    controller.abort("left");
    expect(scene.told).toEqual(["main aborted", "hedge aborted"]);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });

  test("the deadline ends both", async () => {
    const scene = raced();
    await scene.clock.advance(1_000);
    expect(scene.told).toEqual(["main limit", "hedge limit"]);
  });

  describe("in the very turn in which the hedge is due", () => {
    /** The timer has just fired, and nothing else has run since. */
    function justDue(signals: readonly AbortSignal[] = []): Raced {
      let fire: (() => void) | undefined;
      class ByHand extends VirtualClock {
        override setTimer(delayMs: number, callback: () => void) {
          if (delayMs === 50) fire = callback;
          return super.setTimer(delayMs, callback);
        }
      }
      const clock = new ByHand();
      const scene = raced(signals, clock);
      clock.jump(50);
      fire?.();
      return scene;
    }

    test("it starts where nothing else happens", async () => {
      const scene = justDue();
      await settled();
      expect(scene.hedge).toBeDefined();
    });

    test("an abort lets none start", async () => {
      const controller = new AbortController();
      const scene = justDue([controller.signal]);
      controller.abort("left");
      await settled();
      expect([scene.hedge, scene.told]).toEqual([undefined, ["main aborted"]]);
      scene.main.resolve({ end: aborted });
      expect(await scene.done).toEqual({ end: aborted });
    });

    test("once the attempt has ended, none starts", async () => {
      const scene = justDue();
      scene.call.endAttempt(aborted, 50);
      await settled();
      expect(scene.hedge).toBeUndefined();
    });

    test("once the call is over, none starts", async () => {
      const scene = justDue();
      scene.call.release();
      await settled();
      expect(scene.hedge).toBeUndefined();
    });
  });

  test("where one of them throws, the other is ended, and the throw passes through", async () => {
    const mainThrows = raced();
    await mainThrows.clock.advance(50);
    mainThrows.main.reject(new Error("defect of main"));
    await expect(mainThrows.done).rejects.toThrow("defect of main");
    expect([mainThrows.told.at(-1), mainThrows.list.size]).toEqual(["hedge superseded", 0]);

    const hedgeThrows = raced();
    await hedgeThrows.clock.advance(50);
    hedgeThrows.second.reject(new Error("defect of the hedge"));
    await settled();
    expect(hedgeThrows.told).toEqual(["main superseded"]);
    hedgeThrows.main.resolve({ end: aborted });
    await expect(hedgeThrows.done).rejects.toThrow("defect of the hedge");
    expect(hedgeThrows.list.size).toBe(0);
  });
});

describe("through the pipeline", () => {
  const delayMs = 96;
  const once = { retry: { maxRetries: 0, baseDelayMs: 1, maxDelayMs: 1 } };
  const sceneWith = (policies: readonly Policy[] = [], hedger = experienced()): Scene =>
    new Scene(policies, { hedger });
  const inOrder = (scene: Scene, ...steps: ((clock: VirtualClock) => Step)[]): Step[] =>
    steps.map((step) => step(scene.clock));

  test("a slow call gets a second attempt beside it; the faster wins, and the records tell of both", async () => {
    const scene = sceneWith();
    const call = scene.call(
      inOrder(
        scene,
        () => hangs(),
        (clock) => takes(clock, 20),
      ),
    );
    await scene.clock.advance(delayMs + 20);
    const done = await call;
    expect([done.value, done.elapsedMs]).toEqual(["done", 116]);
    expect(done.attempts).toEqual([
      expect.objectContaining({ number: 2, reason: "hedge", startedAfterMs: 96, durationMs: 20, outcome: "accepted" }),
      { number: 1, startedAfterMs: 0, durationMs: 116, outcome: "unknown", phase: "queue" },
    ]);
    await scene.pipeline.drain(0);
    expect(scene.clock.timers).toBe(0);
  });

  test("the loser's permits come back as those of one that was given up", async () => {
    const log: string[] = [];
    const scene = sceneWith([new Witness("gate", log)]);
    const call = scene.call(
      inOrder(
        scene,
        (clock) => takes(clock, 120),
        () => hangs(),
      ),
    );
    await scene.clock.advance(120);
    expect((await call).attempts).toMatchObject([{ number: 1 }, { number: 2, reason: "hedge" }]);
    expect(log).toEqual(["admit gate", "admit gate", "settle gate: success", "settle gate: aborted"]);
  });

  test("a hedge that throws is the end of its call, although the main one has succeeded with more to come", async () => {
    const log: string[] = [];
    const scene = sceneWith([new Witness("call", log, { scope: "call" })]);
    let discarded = 0;
    const remainder: Remainder = { begin: () => expect.unreachable(), discard: () => void discarded++ };
    const late = Promise.withResolvers<never>();
    const call = scene.call([
      takes(scene.clock, 120, async () => ({ kind: "success", value: "head", remainder })),
      () => late.promise,
    ]);
    await scene.clock.advance(120);
    late.reject(new Error("defect"));
    await expect(call).rejects.toThrow("defect");
    expect([discarded, log]).toEqual([1, ["admit call", "settle call: aborted"]]);
    expect(scene.pipeline.inFlight).toBe(0);
  });

  test("the time of a call whose hedge succeeds after the main attempt has failed is that until the hedge ended", async () => {
    const scene = sceneWith();
    const call = scene.call(
      inOrder(
        scene,
        (clock) => takes(clock, 100, failsWith()),
        (clock) => takes(clock, 200),
      ),
    );
    await scene.clock.advance(delayMs + 200);
    expect((await call).elapsedMs).toBe(296);
  });

  test.each([
    ["a call that may not be repeated", { isRepeatable: false }],
    ["a body that cannot be sent again", { isReplayable: false }],
  ])("%s has no hedge", async (_what, more) => {
    const scene = sceneWith();
    const call = scene.call([takes(scene.clock, 500)], more);
    await scene.clock.advance(500);
    expect((await call).attempts).toHaveLength(1);
  });

  test("without enough samples, without budget, or after pushback there is none", async () => {
    const spent = experienced();
    while (spent.take(0));
    const pushed = experienced();
    pushed.observe(failed({ verdict: "overload" }), 1, 0);
    for (const hedger of [new Hedger(usual), spent, pushed]) {
      const scene = sceneWith([], hedger);
      const call = scene.call([takes(scene.clock, 500)]);
      await scene.clock.advance(500);
      expect((await call).attempts).toHaveLength(1);
    }
  });

  test("it learns from each attempt of its calls, when it ended and how long it took", async () => {
    const hedger = new Hedger({ ...usual, minSamples: 10 });
    const scene = sceneWith([], hedger);
    for (let i = 0; i < 10; i++) {
      const call = scene.call([takes(scene.clock, 30)]);
      await scene.clock.advance(30);
      await call;
    }
    expect(hedger.delayMs(scene.clock.now())).toBe(30);
    const refused = scene.call([failsWith({ verdict: "overload" })], once);
    await errorOf(refused);
    expect([hedger.delayMs(10_299), hedger.delayMs(10_300)]).toEqual([undefined, 30]);
  });

  test("both fail: the main failure is retried like any other, and the attempts are numbered through", async () => {
    const scene = sceneWith();
    const call = scene.call(
      inOrder(
        scene,
        (clock) => takes(clock, 200, failsWith({ status: 500 })),
        (clock) => takes(clock, 10, failsWith({ status: 502 })),
        () => succeeds,
      ),
    );
    await scene.clock.advance(249);
    expect(scene.started).toEqual([1, 2]);
    await scene.clock.advance(1);
    expect((await call).attempts).toMatchObject([
      { number: 2, reason: "hedge", status: 502 },
      { number: 1, status: 500 },
      { number: 3, reason: "retry", startedAfterMs: 250 },
    ]);
  });

  test("the main one fails first, then the hedge: the backoff is kept, and the retry is not ended as it starts", async () => {
    const scene = sceneWith();
    const call = scene.call(
      inOrder(
        scene,
        (clock) => takes(clock, 100, failsWith({ status: 500 })),
        (clock) => takes(clock, 50, failsWith({ status: 502 })),
        (clock) => takes(clock, 5),
      ),
    );
    await scene.clock.advance(146);
    expect(scene.started).toEqual([1, 2]);
    await scene.clock.advance(49);
    expect(scene.started).toEqual([1, 2]);
    await scene.clock.advance(6);
    expect(await call).toMatchObject({ value: "done", attempts: [{ status: 500 }, { status: 502 }, { number: 3 }] });
  });

  test("the outcome of the call is that of the worst of both", async () => {
    const scene = sceneWith();
    const steps = inOrder(
      scene,
      (clock) => takes(clock, 200, failsWith({ outcome: "not-sent" })),
      (clock) => takes(clock, 10, failsWith({ outcome: "unknown" })),
    );
    const call = scene.call(steps, once);
    await scene.clock.advance(200);
    expect(await errorOf(call)).toMatchObject({ outcome: "unknown", attempts: [{ number: 2 }, { number: 1 }] });
  });

  test("an abort while both are under way ends both at once, and starts nothing more", async () => {
    const scene = sceneWith();
    const controller = new AbortController();
    const call = scene.call([hangs()], { signals: [controller.signal] });
    await scene.clock.advance(delayMs);
    expect(scene.started).toEqual([1, 2]);
    controller.abort("left");
    expect(await reasonOf(call)).toBe("left");
    await scene.clock.advance(60_000);
    expect(scene.started).toEqual([1, 2]);
  });

  test("the deadline ends both, and the error tells of both", async () => {
    const log: string[] = [];
    const scene = sceneWith([new Witness("gate", log)]);
    const call = scene.call([hangs()], { deadlineMs: 1_000, attemptTimeoutMs: 5_000 });
    await scene.clock.advance(1_000);
    expect(await errorOf(call)).toMatchObject({
      limit: "deadline",
      attempts: [
        { number: 1, durationMs: 1_000 },
        { number: 2, durationMs: 904 },
      ],
    });
    expect(log.filter((line) => line.startsWith("settle"))).toHaveLength(2);
  });

  test("the close limit ends both", async () => {
    const scene = sceneWith();
    const call = scene.call([hangs()]);
    await scene.clock.advance(delayMs);
    const drained = scene.pipeline.drain(100);
    await scene.clock.advance(100);
    await drained;
    expect(await errorOf(call)).toMatchObject({ code: "unavailable-draining", attempts: [{}, {}] });
    expect(scene.clock.timers).toBe(0);
  });

  test("the attempt limit of the hedge runs from its own start", async () => {
    const scene = sceneWith();
    const call = scene.call([hangs()], { attemptTimeoutMs: 500, ...once });
    await scene.clock.advance(596);
    expect(await errorOf(call)).toMatchObject({
      limit: "attempt",
      attempts: [
        { number: 1, durationMs: 500 },
        { number: 2, durationMs: 500 },
      ],
    });
  });

  test("a hedge does not wait: where a policy would make it, none is made, and its number and its price go back", async () => {
    const hedger = experienced();
    const log: string[] = [];
    const limit = new ConcurrencyLimit("payments", {
      isAdaptive: false,
      max: 1,
      maxQueued: 10,
      queueTimeoutMs: undefined,
    });
    const scene = sceneWith([new Witness("gate", log), limit], hedger);
    const call = scene.call(
      inOrder(
        scene,
        (clock) => takes(clock, 200, failsWith()),
        () => succeeds,
      ),
    );
    await scene.clock.advance(250);
    expect((await call).attempts).toMatchObject([{ number: 1 }, { number: 2, reason: "retry" }]);
    expect([limit.inFlight, limit.queued]).toEqual([0, 0]);
    expect(log.slice(0, 3)).toEqual(["admit gate", "admit gate", "settle gate: aborted"]);
    let taken = 0;
    while (hedger.take(0)) taken++;
    expect(taken).toBe(2);
  });

  test("a hedge that wins while the main attempt still waits for its turn ends that wait", async () => {
    let asked = 0;
    let left = 0;
    const queue = new Witness("queue", [], {
      admit: () => (++asked === 1 ? { kind: "wait", begin: () => () => void left++ } : { kind: "go" }),
    });
    const scene = sceneWith([queue]);
    const call = scene.call(
      inOrder(
        scene,
        (clock) => takes(clock, 1),
        (clock) => takes(clock, 1),
      ),
    );
    await scene.clock.advance(delayMs + 1);
    expect((await call).attempts).toMatchObject([{ number: 2, reason: "hedge" }]);
    expect([left, scene.started]).toEqual([1, [2]]);
  });

  test("a hedge that wins while the main attempt still waits is read to its end", async () => {
    let asked = 0;
    const begin = () => () => undefined;
    const admit = (): Admission => (++asked === 1 ? { kind: "wait", begin } : { kind: "go" });
    const scene = sceneWith([new Witness("queue", [], { admit })]);
    const interrupted: unknown[] = [];
    const remainder: Remainder = {
      begin: (hold) => {
        hold.onInterrupt((interruption) => interrupted.push(interruption));
        hold.release();
      },
      discard: () => undefined,
    };
    const call = scene.call([succeeds, async () => ({ kind: "success", value: "head", remainder })]);
    await scene.clock.advance(delayMs + 1);
    expect((await call).value).toBe("head");
    expect(interrupted).toEqual([]);
  });

  test.each([
    ["attempt", "timeout-attempt"],
    ["body-idle", "timeout-body-idle"],
  ] as const)("who was suspended past its %s limit and the moment of its hedge gets none", async (limit, code) => {
    const scene = sceneWith();
    const step: Step = (attempt) => {
      if (limit === "body-idle") attempt.limit(limit, 150);
      return hangs()(attempt);
    };
    const call = scene.call([step], { ...once, attemptTimeoutMs: limit === "attempt" ? 150 : 10_000 });
    scene.clock.jump(300);
    await scene.clock.advance(1);
    expect((await errorOf(call)).code).toBe(code);
    expect(scene.started).toEqual([1]);
  });

  test("each attempt is published, and the call once", async () => {
    using heard = listening();
    const scene = sceneWith();
    const call = scene.call(
      inOrder(
        scene,
        () => hangs(),
        () => succeeds,
      ),
    );
    await scene.clock.advance(delayMs);
    await call;
    expect(heard.events.map(([name]) => name)).toEqual([
      "hawser:call:start",
      "hawser:attempt",
      "hawser:attempt",
      "hawser:call:end",
    ]);
  });
});

describe("the option hedge", () => {
  const { read, problemsOf } = reading("hedge", readHedge);

  test("it is off unless asked for; true and an empty object are the defaults", () => {
    expect([read(), read(false)]).toEqual([undefined, undefined]);
    expect([read(true), read({})]).toEqual([usual, usual]);
    const given = { quantile: 0.5, minSamples: 10, ratio: 0.001 };
    expect(read(given)).toEqual(given);
    expect(read({ quantile: 0.999, ratio: 0.5 })).toEqual({ quantile: 0.999, minSamples: 100, ratio: 0.5 });
  });

  test("bad values are told by their full names, all at once", () => {
    expect(problemsOf({ quantile: 1, minSamples: 9, ratio: 0.6, delayMs: 1 })).toEqual([
      "hedge.quantile must be a number from 0.5 to 0.999, not 1",
      "hedge.minSamples must be a whole number of at least 10, not 9",
      "hedge.ratio must be a number from 0.001 to 0.5, not 0.6",
      expect.stringContaining("unknown option hedge.delayMs"),
    ]);
    expect(problemsOf({ quantile: 0.4, minSamples: 10.5, ratio: 0 })).toHaveLength(3);
    expect(problemsOf("yes")).toHaveLength(1);
  });
});
