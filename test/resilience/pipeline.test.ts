import { getEventListeners } from "node:events";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isServiceTimeoutError } from "../../src/core/errors.ts";
import type { Interruption } from "../../src/resilience/call.ts";
import type { AttemptEnd, Remainder } from "../../src/resilience/outcome.ts";
import type { Admission, Policy } from "../../src/resilience/policy.ts";
import { RetryBudget } from "../../src/resilience/retry-budget.ts";
import { settled, type VirtualClock } from "../support/virtual-clock.ts";
import {
  errorOf,
  failsWith,
  failure,
  HeldWait,
  hangs,
  listening,
  reasonOf,
  Scene,
  succeeds,
  Witness,
} from "./calls.ts";

describe("attempts", () => {
  test("a first attempt that succeeds is the whole call", async () => {
    const scene = new Scene();
    const done = await scene.call([succeeds]);
    expect(done).toEqual({
      value: "done",
      elapsedMs: 0,
      attempts: [{ number: 1, startedAfterMs: 0, durationMs: 0, outcome: "accepted", phase: "queue", status: 200 }],
    });
  });

  test("a success without a status has none in its record", async () => {
    const scene = new Scene();
    const done = await scene.call([async () => ({ kind: "success", value: "done" })]);
    expect(done.attempts[0]).not.toHaveProperty("status");
  });

  test("a failure is retried after the jittered delay, and the records tell when", async () => {
    const scene = new Scene();
    const call = scene.call([failsWith({ status: 503, outcome: "rejected" }), succeeds]);
    await scene.clock.advance(49);
    expect(scene.started).toEqual([1]);
    await scene.clock.advance(1);
    expect((await call).attempts).toEqual([
      {
        number: 1,
        startedAfterMs: 0,
        durationMs: 0,
        outcome: "rejected",
        phase: "queue",
        status: 503,
        code: "connection-reset",
      },
      {
        number: 2,
        reason: "retry",
        startedAfterMs: 50,
        durationMs: 0,
        outcome: "accepted",
        phase: "queue",
        status: 200,
      },
    ]);
  });

  test("no more attempts are made than maxRetries allows, and the last failure is thrown", async () => {
    const scene = new Scene();
    const call = scene.call([failsWith({ outcome: "not-sent" })]);
    await scene.clock.advance(1_000);
    expect(await errorOf(call)).toMatchObject({ outcome: "not-sent", retryable: true, attempts: [{}, {}, {}] });
    expect(scene.started).toEqual([1, 2, 3]);
  });

  test("a failure without a status has none in its record", async () => {
    const error = await errorOf(new Scene().call([failsWith({ isTransient: false })]));
    expect(error.attempts[0]).not.toHaveProperty("status");
  });

  test("the time that is left is that of the call, whenever it began", async () => {
    const scene = new Scene();
    scene.clock.jump(70_000);
    const call = scene.call([failsWith({ retryAfterMs: 31_000 })]);
    expect(await errorOf(call)).toMatchObject({ notRetried: "deadline", attempts: [{}] });
  });

  test("a record tells the phase that the attempt reached", async () => {
    const scene = new Scene();
    const done = await scene.call([
      async (attempt) => {
        attempt.phase = "body";
        return succeeds(attempt);
      },
    ]);
    expect(done.attempts[0]).toMatchObject({ phase: "body" });
  });
});

describe("what an error says of the whole call", () => {
  test("an attempt that may have taken effect outweighs later ones that did not", async () => {
    const scene = new Scene();
    const call = scene.call([failsWith({ outcome: "unknown" }), failsWith({ outcome: "not-sent" })]);
    await scene.clock.advance(1_000);
    expect(await errorOf(call)).toMatchObject({ outcome: "unknown" });
  });

  test("it is retryable where it took no effect, though the method is unsafe", async () => {
    const scene = new Scene();
    const call = scene.call([failsWith({ outcome: "rejected" })], { isRepeatable: false, isRepeatableLater: false });
    expect(await errorOf(call)).toMatchObject({ retryable: true });
  });

  test("it is not retryable where an unsafe call may have taken effect", async () => {
    const scene = new Scene();
    const call = scene.call([failsWith({ outcome: "unknown" })], { isRepeatable: false, isRepeatableLater: false });
    expect(await errorOf(call)).toMatchObject({ retryable: false, attempts: [{}] });
  });

  test("a key of this call alone makes it retried now, but not retryable later", async () => {
    const scene = new Scene();
    const call = scene.call([failsWith({ outcome: "unknown" })], { isRepeatable: true, isRepeatableLater: false });
    await scene.clock.advance(1_000);
    expect(await errorOf(call)).toMatchObject({ retryable: false, attempts: [{}, {}, {}] });
  });

  test("what is permanent is not retryable, however safe", async () => {
    const scene = new Scene();
    const call = scene.call([failsWith({ outcome: "rejected", isTransient: false })]);
    expect(await errorOf(call)).toMatchObject({ retryable: false });
  });

  test("a hint that does not fit the deadline fails the call now, with retryAt", async () => {
    const scene = new Scene();
    const call = scene.call([failsWith({ status: 429, outcome: "rejected", retryAfterMs: 3_600_000 })]);
    expect(await errorOf(call)).toMatchObject({ retryAt: new Date(scene.clock.wallNow() + 3_600_000), attempts: [{}] });
    expect(scene.clock.now()).toBe(0);
  });

  test("a hint of the last failure is told even where the retries are spent", async () => {
    const scene = new Scene();
    const retry = { maxRetries: 0, baseDelayMs: 100, maxDelayMs: 100 };
    const call = scene.call([failsWith({ retryAfterMs: 2_000 })], { retry });
    expect(await errorOf(call)).toMatchObject({ retryAt: new Date(scene.clock.wallNow() + 2_000) });
  });

  test("without a hint there is no retryAt", async () => {
    const scene = new Scene();
    const call = scene.call([failsWith({ isTransient: false })]);
    expect((await errorOf(call)).retryAt).toBeUndefined();
  });
});

describe("replays for nothing", () => {
  const stale = failsWith({ freeReplay: "stale-connection" });
  const denied = failsWith({
    freeReplay: "fresh-credentials",
    status: 401,
    outcome: "rejected",
    verdict: "healthy",
    isTransient: false,
  });
  const noRetries = { retry: { maxRetries: 0, baseDelayMs: 1, maxDelayMs: 1 } };

  test("are made at once, once for each reason, and count as no retry", async () => {
    const scene = new Scene();
    const { attempts, elapsedMs } = await scene.call([stale, denied, succeeds], noRetries);
    expect(attempts.map(({ reason }) => reason)).toEqual([undefined, "stale-connection", "fresh-credentials"]);
    expect([elapsedMs, scene.clock.timers]).toEqual([0, 1]);
  });

  test("a second refusal of the credentials is final", async () => {
    const scene = new Scene();
    const error = await errorOf(scene.call([denied]));
    expect(error).toMatchObject({ notRetried: "permanent", attempts: [{}, { reason: "fresh-credentials" }] });
  });

  test("a second stale connection is a failure like any other, and all retries are left", async () => {
    const scene = new Scene();
    const call = scene.call([stale]);
    await scene.clock.advance(1_000);
    const reasons = (await errorOf(call)).attempts.map(({ reason }) => reason);
    expect(reasons).toEqual([undefined, "stale-connection", "retry", "retry"]);
  });

  test("are made also where the budget is spent, and cost it nothing", async () => {
    const budget = new RetryBudget({ successRatio: 0.6, ratio: 0.001, minFailures: 2 });
    budget.observe("fault", 0);
    const scene = new Scene([], { budget });
    await scene.call([stale, succeeds]);
    expect([scene.started, budget.available(0)]).toEqual([[1, 2], expect.closeTo(1 + 2 / 3)]);
    for (let i = 0; i < 2; i++) budget.observe("fault", 0);
    await scene.call([stale, succeeds]);
    expect([scene.started, budget.isSpent]).toEqual([[1, 2, 1, 2], true]);
  });
});

describe("why a call was not tried again", () => {
  const limited = { maxRetries: 1, baseDelayMs: 100, maxDelayMs: 100 };
  const refusing = (retryAfterMs?: number): Policy => {
    let asked = 0;
    const refusal = failure({
      outcome: "not-sent",
      verdict: "local",
      code: "unavailable-circuit-open",
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
    const admit = (): Admission => (++asked === 1 ? { kind: "go" } : { kind: "refuse", failure: refusal });
    return new Witness("gate", [], { admit });
  };

  test.each<[string, Parameters<typeof failsWith>[0], Parameters<Scene["call"]>[1]]>([
    ["permanent", { isTransient: false }, {}],
    ["unsafe", { outcome: "unknown" }, { isRepeatable: false }],
    ["one-shot-body", {}, { isReplayable: false }],
    ["spent", {}, { retry: limited }],
    ["deadline", { retryAfterMs: 60_000 }, {}],
  ])("%s", async (because, more, request) => {
    const scene = new Scene();
    const call = scene.call([failsWith(more)], request);
    await scene.clock.advance(1_000);
    expect(await errorOf(call)).toMatchObject({ notRetried: because });
  });

  test("deadline, where it passed while the call was under way", async () => {
    const scene = new Scene();
    const call = scene.call([hangs()], { deadlineMs: 500 });
    await scene.clock.advance(500);
    expect(await errorOf(call)).toMatchObject({ limit: "deadline", notRetried: "deadline" });
  });

  test("refused: the error is that of the service, and says when the refusal will be over", async () => {
    const scene = new Scene([refusing(700)]);
    const call = scene.call([failsWith({ status: 500 })]);
    await scene.clock.advance(1_000);
    const error = await errorOf(call);
    expect(error).toMatchObject({ code: "connection-reset", notRetried: "refused", attempts: [{ status: 500 }] });
    expect(error.retryAt).toEqual(new Date(scene.clock.wallNow() - 1_000 + 50 + 700));
  });

  test("closing says nothing of retries", async () => {
    const scene = new Scene();
    const call = scene.call([hangs()]);
    const drained = scene.pipeline.drain(100);
    await scene.clock.advance(100);
    await drained;
    expect((await errorOf(call)).notRetried).toBeUndefined();
  });
});

describe("limits", () => {
  test("the attempt limit ends one attempt, and the next may succeed", async () => {
    const scene = new Scene();
    const call = scene.call([hangs(), succeeds], { attemptTimeoutMs: 1_000 });
    await scene.clock.advance(1_050);
    expect((await call).attempts).toMatchObject([{ code: "timeout-attempt", durationMs: 1_000 }, { number: 2 }]);
  });

  test("the attempt limit is reported by its name and length", async () => {
    const scene = new Scene();
    const call = scene.call([hangs()], { attemptTimeoutMs: 1_000, isRepeatable: false, isRepeatableLater: false });
    await scene.clock.advance(1_000);
    const error = await errorOf(call);
    expect(error).toMatchObject({ code: "timeout-attempt", limit: "attempt", limitMs: 1_000, outcome: "unknown" });
    expect(error.message).toContain("the attempt limit of 1000 ms passed");
  });

  test("the deadline is reported by its name where it comes before the attempt limit, or with it", async () => {
    const scene = new Scene();
    const limits = [{ attemptTimeoutMs: 9_000 }, { attemptTimeoutMs: 2_000 }];
    const calls = limits.map((limit) => scene.call([hangs()], { ...limit, deadlineMs: 2_000 }));
    await scene.clock.advance(2_000);
    for (const call of calls) expect(await errorOf(call)).toMatchObject({ limit: "deadline", limitMs: 2_000 });
    expect(scene.started).toEqual([1, 1]);
  });

  test("a limit within the attempt is reported by its own name, and starts anew when it is set anew", async () => {
    const scene = new Scene();
    let again = (): void => undefined;
    const call = scene.call(
      [
        (attempt) => {
          again = () => attempt.limit("body-idle", 300);
          again();
          return hangs()(attempt);
        },
      ],
      { isRepeatable: false },
    );
    await scene.clock.advance(299);
    again();
    await scene.clock.advance(299);
    expect(scene.pipeline.inFlight).toBe(1);
    await scene.clock.advance(1);
    expect(await errorOf(call)).toMatchObject({ limit: "body-idle", limitMs: 300 });
  });

  test("a limit within the attempt that is longer than the attempt's does not hold", async () => {
    const scene = new Scene();
    const call = scene.call(
      [
        (attempt) => {
          attempt.limit("body-idle", 60_000);
          return hangs()(attempt);
        },
      ],
      { isRepeatable: false },
    );
    await scene.clock.advance(10_000);
    expect(await errorOf(call)).toMatchObject({ limit: "attempt" });
  });

  test("the limits of an attempt do not reach into the next one", async () => {
    const scene = new Scene();
    const call = scene.call(
      [
        async (attempt) => {
          attempt.limit("body-idle", 500);
          return failsWith()(attempt);
        },
        hangs(),
      ],
      { attemptTimeoutMs: 3_000, retry: { maxRetries: 1, baseDelayMs: 100, maxDelayMs: 100 } },
    );
    await scene.clock.advance(3_049);
    expect(scene.pipeline.inFlight).toBe(1);
    await scene.clock.advance(1);
    expect(await errorOf(call)).toMatchObject({ limit: "attempt" });
  });

  test("a limit that passes before the attempt has said how to end it is told as soon as it does", async () => {
    const scene = new Scene();
    const ready = Promise.withResolvers<void>();
    const call = scene.call(
      [
        async (attempt) => {
          await ready.promise;
          return hangs("not-sent")(attempt);
        },
      ],
      { attemptTimeoutMs: 1_000, retry: { maxRetries: 0, baseDelayMs: 1, maxDelayMs: 1 } },
    );
    await scene.clock.advance(1_500);
    ready.resolve();
    expect(await errorOf(call)).toMatchObject({ limit: "attempt", outcome: "not-sent" });
  });

  test("a deadline that has passed already, as an inherited one may have, allows no attempt at all", async () => {
    const scene = new Scene();
    const call = scene.call([succeeds], { deadlineMs: 0 });
    expect(await errorOf(call)).toMatchObject({ limit: "deadline", limitMs: 0, outcome: "not-sent", attempts: [] });
    expect(scene.started).toEqual([]);
  });

  test("a deadline that passed while the process was suspended allows no further attempt", async () => {
    const wait = new HeldWait();
    const scene = new Scene([new Witness("gate", [], { admit: () => wait.admission })]);
    const call = scene.call([succeeds], { deadlineMs: 1_000 });
    scene.clock.jump(5_000);
    wait.letGo("permit");
    expect(await errorOf(call)).toMatchObject({ limit: "deadline" });
    expect(scene.started).toEqual([]);
  });

  test("a call that ran out of time may be made again later, where that is safe", async () => {
    const scene = new Scene();
    const safe = scene.call([hangs()], { deadlineMs: 1_000 });
    const unsafe = scene.call([hangs()], { deadlineMs: 1_000, isRepeatable: false, isRepeatableLater: false });
    const unsent = scene.call([hangs("not-sent")], { deadlineMs: 1_000, isRepeatableLater: false });
    await scene.clock.advance(1_000);
    expect(await errorOf(safe)).toMatchObject({ limit: "deadline", retryable: true });
    expect(await errorOf(unsafe)).toMatchObject({ limit: "deadline", retryable: false });
    expect(await errorOf(unsent)).toMatchObject({ limit: "deadline", retryable: true });
  });
});

describe("the caller's signal", () => {
  test("a signal that has aborted already allows no attempt, and its reason comes back as it is", async () => {
    const scene = new Scene();
    const reason = { mine: true };
    const call = scene.call([succeeds], { signals: [AbortSignal.abort(reason)] });
    expect(await reasonOf(call)).toBe(reason);
    expect(scene.started).toEqual([]);
  });

  test("an abort ends the attempt under way, and no other is started", async () => {
    const scene = new Scene();
    const controller = new AbortController();
    const reason = new Error("the user left");
    const call = scene.call([hangs()], { signals: [controller.signal] });
    controller.abort(reason);
    expect(await reasonOf(call)).toBe(reason);
    await scene.clock.advance(60_000);
    expect(scene.started).toEqual([1]);
  });

  test("an abort ends a backoff at once", async () => {
    const scene = new Scene();
    const controller = new AbortController();
    const reason = Symbol("the user left");
    const call = scene.call([failsWith()], { signals: [controller.signal] });
    await scene.clock.advance(10);
    controller.abort(reason);
    expect(await reasonOf(call)).toBe(reason);
    expect([scene.clock.now(), scene.started]).toEqual([10, [1]]);
  });

  test("any one of several signals ends the call, and the first reason counts", async () => {
    const scene = new Scene();
    const [first, second] = [new AbortController(), new AbortController()];
    const call = scene.call([hangs()], { signals: [first.signal, second.signal, second.signal] });
    second.abort("second");
    first.abort("first");
    expect(await reasonOf(call)).toBe("second");
  });

  test.each([
    ["a success", succeeds],
    ["a failure", failsWith({ isTransient: false })],
    ["an attempt that throws", async () => Promise.reject(new Error("defect"))],
  ])("after %s no listener is left on it", async (_what, step) => {
    const scene = new Scene();
    const { signal } = new AbortController();
    const call = scene.call([step], { signals: [signal, signal] });
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    await call.catch(() => undefined);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  test("an attempt that is slow to end after an abort keeps no limit running", async () => {
    const scene = new Scene();
    const ended = Promise.withResolvers<AttemptEnd<string>>();
    const controller = new AbortController();
    const call = scene.call([async () => ended.promise], { signals: [controller.signal] });
    await settled();
    controller.abort("left");
    await scene.clock.advance(100_000);
    ended.resolve({ kind: "aborted", reason: "left", outcome: "unknown" });
    expect(await reasonOf(call)).toBe("left");
  });
});

describe("policies", () => {
  test("they are asked in their order and settled in reverse, those of the call around those of the attempt", async () => {
    const log: string[] = [];
    const policies = [new Witness("a", log), new Witness("call", log, { scope: "call" }), new Witness("b", log)];
    const scene = new Scene(policies);
    const call = scene.call([failsWith(), succeeds]);
    await scene.clock.advance(1_000);
    await call;
    expect(log).toEqual([
      "admit call",
      "admit a",
      "admit b",
      "settle b: failure",
      "settle a: failure",
      "admit a",
      "admit b",
      "settle b: success",
      "settle a: success",
      "settle call: success",
    ]);
  });

  test("they know of the call its operation, the number of its attempt and its deadline", async () => {
    const seen: unknown[] = [];
    const policy = (scope: Policy["scope"]): Policy => ({
      name: scope,
      scope,
      admit: ({ operation, number, deadlineAt }, now) => {
        seen.push([scope, operation, number, deadlineAt, now]);
        return { kind: "go" };
      },
      settle: () => undefined,
    });
    const scene = new Scene([policy("call"), policy("attempt")]);
    await scene.call([succeeds]);
    expect(seen).toEqual([
      ["call", "POST /payments", 0, 30_000, 0],
      ["attempt", "POST /payments", 1, 30_000, 0],
    ]);
  });

  test("a refusal settles those that had let it, makes no attempt, and is not retried where it is permanent", async () => {
    const log: string[] = [];
    const refusal = failure({ code: "unavailable-draining", outcome: "not-sent", isTransient: false });
    const scene = new Scene([
      new Witness("a", log),
      new Witness("b", log, { admit: () => ({ kind: "refuse", failure: refusal }) }),
      new Witness("c", log),
    ]);
    expect(await errorOf(scene.call([succeeds]))).toMatchObject({ outcome: "not-sent", attempts: [] });
    expect(log).toEqual(["admit a", "admit b", "settle a: failure"]);
    expect(scene.started).toEqual([]);
  });

  test("a refusal after an attempt that may have taken effect leaves the outcome unknown", async () => {
    let asked = 0;
    const refusal = failure({ outcome: "not-sent", isTransient: false });
    const admit = (): Admission => (++asked === 1 ? { kind: "go" } : { kind: "refuse", failure: refusal });
    const scene = new Scene([new Witness("gate", [], { admit })]);
    const call = scene.call([failsWith({ outcome: "unknown" })]);
    await scene.clock.advance(1_000);
    expect(await errorOf(call)).toMatchObject({ outcome: "unknown", attempts: [{}], notRetried: "refused" });
  });

  test("an attempt that throws gives every permit back as one that was given up, and the throw passes through", async () => {
    const log: string[] = [];
    const scene = new Scene([
      new Witness("call", log, { scope: "call" }),
      new Witness("a", log),
      new Witness("b", log),
    ]);
    const defect = new Error("defect");
    expect(await reasonOf(scene.call([async () => Promise.reject(defect)]))).toBe(defect);
    expect(log.slice(3)).toEqual(["settle b: aborted", "settle a: aborted", "settle call: aborted"]);
    expect(scene.pipeline.inFlight).toBe(0);
  });

  test("a second attempt that throws is no failure of the first: nobody is given that for an answer", async () => {
    const log: string[] = [];
    const scene = new Scene([new Witness("call", log, { scope: "call" })]);
    const defect = new Error("defect");
    const call = scene.call([failsWith(), async () => Promise.reject(defect)]);
    await scene.clock.advance(100);
    expect(await reasonOf(call)).toBe(defect);
    expect(log).toEqual(["admit call", "settle call: aborted"]);
  });

  test("a policy that throws when it is asked costs the others none of their permits", async () => {
    const log: string[] = [];
    const defect = new Error("defect");
    const broken = (): Admission => {
      throw defect;
    };
    const scene = new Scene([new Witness("a", log), new Witness("b", log, { admit: broken })]);
    expect(await reasonOf(scene.call([succeeds]))).toBe(defect);
    expect(log).toEqual(["admit a", "admit b", "settle a: aborted"]);
  });

  test("a policy that throws when it is settled costs the others none of their permits", async () => {
    const log: string[] = [];
    const defect = new Error("defect");
    const broken: Policy = {
      name: "broken",
      scope: "attempt",
      admit: () => ({ kind: "go" }),
      settle: () => {
        throw defect;
      },
    };
    const scene = new Scene([new Witness("a", log), broken, new Witness("b", log), broken]);
    expect(await reasonOf(scene.call([succeeds]))).toBe(defect);
    expect(log).toEqual(["admit a", "admit b", "settle b: success", "settle a: success"]);
    expect(scene.pipeline.inFlight).toBe(0);
  });

  describe("a policy that throws when it is settled leaves no call under way", () => {
    const defect = new Error("defect");
    const brokenAt = (scope: Policy["scope"]): Policy => ({
      name: "broken",
      scope,
      admit: () => ({ kind: "go", permit: "place" }),
      settle: () => {
        throw defect;
      },
    });

    test.each([
      ["a success", succeeds],
      ["a failure", failsWith({ isTransient: false })],
    ])("one of calls, after %s", async (_what, step) => {
      const scene = new Scene([brokenAt("call")]);
      const { signal } = new AbortController();
      expect(await reasonOf(scene.call([step], { signals: [signal] }))).toBe(defect);
      expect([scene.pipeline.inFlight, getEventListeners(signal, "abort")]).toEqual([0, []]);
    });

    test.each(["call", "attempt"] as const)("one of scope %s, after a success with more to come", async (scope) => {
      const scene = new Scene([brokenAt(scope)]);
      let discarded = 0;
      const remainder: Remainder = { begin: () => expect.unreachable(), discard: () => void discarded++ };
      const step = async () => ({ kind: "success", value: "head", remainder }) as const;
      expect(await reasonOf(scene.call([step]))).toBe(defect);
      expect([scene.pipeline.inFlight, discarded]).toEqual([0, 1]);
    });

    test("one of attempts, after an attempt that throws: those of calls get theirs back all the same", async () => {
      const log: string[] = [];
      const scene = new Scene([new Witness("call", log, { scope: "call" }), brokenAt("attempt")]);
      expect(await reasonOf(scene.call([async () => Promise.reject(new Error("another"))]))).toBe(defect);
      expect(log).toEqual(["admit call", "settle call: aborted"]);
      expect(scene.pipeline.inFlight).toBe(0);
    });
  });

  test("a policy that throws when its wait begins costs the others none of their permits", async () => {
    const log: string[] = [];
    const defect = new Error("defect");
    const begin = (): never => {
      throw defect;
    };
    const scene = new Scene([new Witness("a", log), new Witness("b", log, { admit: () => ({ kind: "wait", begin }) })]);
    expect(await reasonOf(scene.call([succeeds]))).toBe(defect);
    expect(log.at(-1)).toBe("settle a: aborted");
  });
});

describe("waiting for a policy", () => {
  const waiting = () => {
    const log: string[] = [];
    const wait = new HeldWait();
    const scene = new Scene([
      new Witness("a", log),
      new Witness("queue", log, { admit: () => wait.admission }),
      new Witness("c", log),
    ]);
    return { log, wait, scene };
  };

  test("the call goes on when it is answered, and the permit that came with the answer is settled", async () => {
    const { log, wait, scene } = waiting();
    const call = scene.call([succeeds]);
    await scene.clock.advance(500);
    expect(log).toEqual(["admit a", "admit queue"]);
    wait.letGo("late permit");
    await call;
    expect(log.slice(2)).toEqual(["admit c", "settle c: success", "settle late permit: success", "settle a: success"]);
    expect([wait.begun, wait.givenUp]).toEqual([1, 0]);
  });

  test("a wait that is refused ends the call", async () => {
    const { log, wait, scene } = waiting();
    const call = scene.call([succeeds]);
    await settled();
    wait.refuse();
    expect(await errorOf(call)).toMatchObject({ outcome: "not-sent" });
    expect(log.slice(2)).toEqual(["settle a: failure"]);
  });

  test("an answer within begin itself is as good as any", async () => {
    const log: string[] = [];
    let givenUp = 0;
    const admission: Admission = {
      kind: "wait",
      begin: (answer) => {
        answer({ kind: "go", permit: "at once" });
        return () => void givenUp++;
      },
    };
    const scene = new Scene([new Witness("queue", log, { admit: () => admission })]);
    await scene.call([succeeds]);
    expect([log, givenUp]).toEqual([["admit queue", "settle at once: success"], 0]);
  });

  test("an abort gives the place up exactly once, and settles what was let through before", async () => {
    const { log, wait, scene } = waiting();
    const controller = new AbortController();
    const call = scene.call([succeeds], { signals: [controller.signal] });
    await settled();
    controller.abort("left");
    expect(await reasonOf(call)).toBe("left");
    expect([wait.givenUp, log.slice(2)]).toEqual([1, ["settle a: aborted"]]);
    expect(scene.started).toEqual([]);
  });

  test("the deadline gives the place up exactly once, and nothing was sent", async () => {
    const { log, wait, scene } = waiting();
    const call = scene.call([succeeds], { deadlineMs: 1_000 });
    await scene.clock.advance(1_000);
    expect(await errorOf(call)).toMatchObject({ limit: "deadline", phase: "queue", outcome: "not-sent" });
    expect([wait.givenUp, log.slice(2)]).toEqual([1, ["settle a: failure"]]);
  });

  test("the attempt limit does not run while the attempt waits to start", async () => {
    const { wait, scene } = waiting();
    const call = scene.call([succeeds], { attemptTimeoutMs: 100 });
    await scene.clock.advance(5_000);
    wait.letGo("permit");
    expect(await call).toMatchObject({ elapsedMs: 5_000, attempts: [{ startedAfterMs: 5_000 }] });
  });

  test("an abort in the turn of the answer does not give the place up, settles the permit and makes no attempt", async () => {
    const { log, wait, scene } = waiting();
    const controller = new AbortController();
    const call = scene.call([succeeds], { signals: [controller.signal] });
    await settled();
    wait.letGo("just given");
    controller.abort("left");
    expect(await reasonOf(call)).toBe("left");
    expect([wait.givenUp, scene.started]).toEqual([0, []]);
    expect(log).toContain("settle just given: aborted");
  });

  test("who is interrupted already gives up a wait as soon as it has begun", async () => {
    const { wait, scene } = waiting();
    expect(await reasonOf(scene.call([succeeds], { signals: [AbortSignal.abort("left")] }))).toBe("left");
    expect([wait.begun, wait.givenUp]).toEqual([1, 1]);
  });

  test("a policy that throws when its place is given up fails that call, and no other limit is lost", async () => {
    const defect = new Error("defect");
    const giveUp = (): never => {
      throw defect;
    };
    let asked = 0;
    const admit = (): Admission => (++asked === 1 ? { kind: "wait", begin: () => giveUp } : { kind: "go" });
    const scene = new Scene([new Witness("queue", [], { admit })]);
    const broken = scene.call([succeeds], { deadlineMs: 1_000 });
    const sound = scene.call([hangs()], { deadlineMs: 1_000 });
    await scene.clock.advance(1_000);
    expect(await reasonOf(broken)).toBe(defect);
    expect(await errorOf(sound)).toMatchObject({ limit: "deadline" });
  });
});

describe("what is published", () => {
  test("a call that is retried and succeeds: start, attempt, retry, attempt, end", async () => {
    using heard = listening();
    const scene = new Scene();
    const call = scene.call([failsWith({ status: 503 }), succeeds]);
    await scene.clock.advance(50);
    await call;
    const about = { service: "payments", operation: "POST /payments", callId: expect.any(Number) };
    expect(heard.events).toEqual([
      ["hawser:call:start", about],
      ["hawser:attempt", { ...about, attempt: expect.objectContaining({ number: 1, code: "connection-reset" }) }],
      ["hawser:retry", { ...about, attempt: 2, delayMs: 50, because: "connection-reset" }],
      ["hawser:attempt", { ...about, attempt: expect.objectContaining({ number: 2, outcome: "accepted" }) }],
      ["hawser:call:end", { ...about, durationMs: 50, attempts: 2, result: "success", status: 200 }],
    ]);
  });

  test("a call that fails ends with its code and outcome", async () => {
    using heard = listening();
    const scene = new Scene();
    await scene.call([failsWith({ isTransient: false })]).catch(() => undefined);
    expect(heard.events.at(-1)).toEqual([
      "hawser:call:end",
      expect.objectContaining({ result: "failure", code: "connection-reset", outcome: "unknown", attempts: 1 }),
    ]);
  });

  test("a call that its caller ended is aborted, and no failure", async () => {
    using heard = listening();
    const scene = new Scene();
    await scene.call([succeeds], { signals: [AbortSignal.abort("left")] }).catch(() => undefined);
    const [name, event] = heard.events.at(-1) ?? [];
    expect([name, event]).toEqual(["hawser:call:end", expect.objectContaining({ result: "aborted", attempts: 0 })]);
    expect(event).not.toHaveProperty("code");
  });

  test("a success without a status is published without one", async () => {
    using heard = listening();
    await new Scene().call([async () => ({ kind: "success", value: "done" })]);
    expect(heard.events.at(-1)?.[1]).not.toHaveProperty("status");
  });

  test("each call has an id of its own", async () => {
    using heard = listening();
    const scene = new Scene();
    await Promise.all([scene.call([succeeds]), scene.call([succeeds])]);
    const ids = heard.events
      .filter(([name]) => name === "hawser:call:start")
      .map(([, event]) => event as { callId: number });
    expect(ids[0]?.callId).not.toBe(ids[1]?.callId);
  });
});

describe("drain", () => {
  test("it resolves at once where nothing is under way, and leaves no timer", async () => {
    const scene = new Scene();
    await scene.call([succeeds]);
    await scene.pipeline.drain(5_000);
    expect(scene.clock.timers).toBe(0);
  });

  test("it waits for the calls that are under way", async () => {
    const scene = new Scene();
    const call = scene.call([failsWith(), succeeds]);
    let isDrained = false;
    const drained = scene.pipeline.drain(5_000).finally(() => {
      isDrained = true;
    });
    await scene.clock.advance(49);
    expect(isDrained).toBe(false);
    await scene.clock.advance(1);
    await drained;
    expect(await call).toMatchObject({ value: "done" });
    expect(scene.clock.timers).toBe(0);
  });

  test("after its limit it ends those that are left, in whatever they wait for, with their outcome", async () => {
    const wait = new HeldWait();
    let asked = 0;
    const admit = (): Admission => (++asked === 1 ? wait.admission : { kind: "go" });
    const scene = new Scene([new Witness("queue", [], { admit })]);
    const retry = { maxRetries: 2, baseDelayMs: 20_000, maxDelayMs: 20_000 };
    const calls = [
      scene.call([succeeds]),
      scene.call([hangs("unknown")], { attemptTimeoutMs: 60_000 }),
      scene.call([failsWith({ outcome: "rejected" })], { retry }),
    ];
    const drained = scene.pipeline.drain(5_000);
    await scene.clock.advance(5_000);
    await drained;
    const errors = await Promise.all(calls.map(errorOf));
    expect(errors.map(({ code, phase, outcome, retryable }) => [code, phase, outcome, retryable])).toEqual([
      ["unavailable-draining", "queue", "not-sent", false],
      ["unavailable-draining", "queue", "unknown", false],
      ["unavailable-draining", "backoff", "rejected", false],
    ]);
    expect([scene.clock.now(), wait.givenUp, scene.clock.timers]).toEqual([5_000, 1, 0]);
    expect(scene.started).toEqual([1, 1]);
  });

  test("asked for twice, both resolve", async () => {
    const scene = new Scene();
    const call = scene.call([failsWith(), succeeds]);
    const drained = Promise.all([scene.pipeline.drain(5_000), scene.pipeline.drain(5_000)]);
    await scene.clock.advance(50);
    await call;
    await drained;
    expect(scene.clock.timers).toBe(0);
  });
});

describe("any calls through a limit of concurrency with a bounded queue", () => {
  /** The least that such a policy can be: a count, and a queue that refuses when it is full. */
  class FixedLimit implements Policy {
    readonly name = "fixed limit";
    readonly scope = "attempt";
    inUse = 0;
    most = 0;
    readonly #limit: number;
    readonly #maxQueued: number;
    readonly #queue: (() => void)[] = [];

    constructor(limit: number, maxQueued: number) {
      this.#limit = limit;
      this.#maxQueued = maxQueued;
    }

    get queued(): number {
      return this.#queue.length;
    }

    admit(): Admission {
      if (this.inUse < this.#limit) return { kind: "go", permit: this.#take() };
      if (this.#queue.length >= this.#maxQueued) {
        return { kind: "refuse", failure: failure({ outcome: "not-sent", isTransient: false }) };
      }
      return {
        kind: "wait",
        begin: (answer) => {
          const turn = (): void => answer({ kind: "go", permit: this.#take() });
          this.#queue.push(turn);
          return () => void this.#queue.splice(this.#queue.indexOf(turn), 1);
        },
      };
    }

    settle(permit: unknown): void {
      const its = permit as { isBack: boolean };
      if (its.isBack) throw new Error("a permit came back twice");
      its.isBack = true;
      this.inUse--;
      if (this.inUse < this.#limit) this.#queue.shift()?.();
    }

    #take(): { isBack: boolean } {
      this.inUse++;
      this.most = Math.max(this.most, this.inUse);
      return { isBack: false };
    }
  }

  /** Answers or fails after a while, unless it is interrupted before. */
  const takes =
    (clock: VirtualClock, ms: number, isFailure: boolean) =>
    (attempt: { onInterrupt(end: (interruption: Interruption) => void): void }): Promise<AttemptEnd<string>> =>
      new Promise((resolve) => {
        const timer = clock.setTimer(ms, () =>
          resolve(isFailure ? { kind: "failure", failure: failure() } : { kind: "success", value: "done" }),
        );
        attempt.onInterrupt((interruption) => {
          timer.cancel();
          resolve(
            interruption.kind === "aborted"
              ? { kind: "aborted", reason: interruption.reason, outcome: "unknown" }
              : { kind: "failure", failure: failure({ isTransient: interruption.kind === "limit" }) },
          );
        });
      });

  const callPlan = fc.record({
    startsAt: fc.nat(200),
    takesMs: fc.nat(150),
    failures: fc.nat(3),
    deadlineMs: fc.integer({ min: 1, max: 400 }),
    attemptTimeoutMs: fc.integer({ min: 1, max: 200 }),
    abortsAt: fc.option(fc.nat(300), { nil: undefined }),
  });

  test("never exceed it, give every permit back, and all end", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(callPlan, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(3),
        fc.option(fc.nat(300), { nil: undefined }),
        async (plans, limit, maxQueued, drainsAt) => {
          const gate = new FixedLimit(limit, maxQueued);
          const scene = new Scene([gate]);
          const { clock } = scene;
          const ends: Promise<unknown>[] = [];
          const signals: AbortSignal[] = [];
          for (const plan of plans) {
            const controller = new AbortController();
            signals.push(controller.signal);
            clock.setTimer(plan.startsAt, () => {
              const { deadlineMs, attemptTimeoutMs, failures, takesMs } = plan;
              const steps = Array.from({ length: failures + 1 }, (_, i) => takes(clock, takesMs, i < failures));
              ends.push(
                scene
                  .call(steps, { deadlineMs, attemptTimeoutMs, signals: [controller.signal] })
                  .catch(() => undefined),
              );
            });
            if (plan.abortsAt !== undefined) clock.setTimer(plan.abortsAt, () => controller.abort("left"));
          }
          if (drainsAt !== undefined) clock.setTimer(drainsAt, () => void ends.push(scene.pipeline.drain(50)));

          await clock.advance(1_000);
          await Promise.all(ends);
          await scene.pipeline.drain(0);

          expect(gate.most).toBeLessThanOrEqual(limit);
          expect([gate.inUse, gate.queued, scene.pipeline.inFlight, clock.timers]).toEqual([0, 0, 0, 0]);
          expect(signals.flatMap((signal) => getEventListeners(signal, "abort"))).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });
});

test("an error of a limit is one of ours", async () => {
  const scene = new Scene();
  const call = scene.call([hangs()], { deadlineMs: 10 });
  await scene.clock.advance(10);
  expect(isServiceTimeoutError(await reasonOf(call))).toBe(true);
});
