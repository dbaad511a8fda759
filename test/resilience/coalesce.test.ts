import { describe, expect, test } from "vitest";
import { ServiceConnectionError } from "../../src/core/errors.ts";
import { Coalescing } from "../../src/resilience/coalesce.ts";
import type { CallRequest } from "../../src/resilience/call-request.ts";
import type { Completed } from "../../src/resilience/pipeline.ts";
import { RetryBudget } from "../../src/resilience/retry-budget.ts";
import { settled } from "../support/virtual-clock.ts";
import {
  aborted,
  Asked,
  errorOf,
  failed,
  failsWith,
  failure,
  hangs,
  reasonOf,
  Scene,
  type Step,
  success,
  succeeds,
  takes,
} from "./calls.ts";

const once = { retry: { maxRetries: 0, baseDelayMs: 1, maxDelayMs: 1 } };

function sharing() {
  const scene = new Scene([new Coalescing()]);
  const get = (step: Step, more: Partial<CallRequest<string>> = {}): Promise<Completed<string>> =>
    scene.call([step], { identity: "GET /rates", ...once, ...more });
  return { scene, get };
}

describe("calls that are the same and under way at the same time", () => {
  test("make one attempt, and all get its answer; only the first has the record of it", async () => {
    const { scene, get } = sharing();
    const calls = [get(takes(scene.clock, 100)), get(succeeds), get(succeeds)];
    await scene.clock.advance(100);
    const done = await Promise.all(calls);
    expect(done.map(({ value }) => value)).toEqual(["done", "done", "done"]);
    expect(done.map(({ attempts }) => attempts.length)).toEqual([1, 0, 0]);
    expect(scene.started).toEqual([1]);
  });

  test("are not shared with others, nor with those that have no identity", async () => {
    const { scene, get } = sharing();
    const calls = [
      get(takes(scene.clock, 100)),
      get(succeeds, { identity: "GET /other" }),
      get(succeeds, { identity: undefined }),
      get(succeeds, { identity: undefined }),
    ];
    await scene.clock.advance(100);
    await Promise.all(calls);
    expect(scene.started).toHaveLength(4);
  });

  test("nothing is kept once the answer is there", async () => {
    const { scene, get } = sharing();
    await get(succeeds);
    await get(succeeds);
    expect(scene.started).toEqual([1, 1]);
  });

  test("nothing is kept of several that are under way beside each other, whichever ends first", async () => {
    const { scene, get } = sharing();
    const other = { identity: "GET /other" };
    for (const [ms, otherMs] of [
      [10, 20],
      [20, 10],
    ] as const) {
      const calls = [
        get(takes(scene.clock, ms)),
        get(takes(scene.clock, otherMs), other),
        get(succeeds),
        get(succeeds, other),
      ];
      await scene.clock.advance(20);
      expect((await Promise.all(calls)).map(({ attempts }) => attempts.length)).toEqual([1, 1, 0, 0]);
    }
    expect(scene.started).toHaveLength(4);
  });

  test("are found whichever of them has ended", async () => {
    const { scene, get } = sharing();
    const second = { identity: "GET /second" };
    const third = { identity: "GET /third" };
    const calls = [get(takes(scene.clock, 10)), get(takes(scene.clock, 30), second)];
    await scene.clock.advance(10);
    calls.push(get(succeeds, second), get(takes(scene.clock, 10), third), get(succeeds, second), get(succeeds, third));
    await scene.clock.advance(20);
    expect((await Promise.all(calls)).map(({ attempts }) => attempts.length)).toEqual([1, 1, 0, 1, 0, 0]);
  });

  test("count as one call for the retry budget", async () => {
    const budget = new RetryBudget({ successRatio: 0.6, ratio: 2, minFailures: 1 });
    const scene = new Scene([new Coalescing()], { budget });
    const calls = [1, 2, 3].map(() => scene.call([takes(scene.clock, 10)], { identity: "GET /rates" }));
    await scene.clock.advance(10);
    await Promise.all(calls);
    expect(budget.capacity(scene.clock.now())).toBe(2);
  });

  test("share a failure too, each with an error of its own", async () => {
    const { scene, get } = sharing();
    const late = takes(scene.clock, 100, failsWith({ status: 500 }));
    const leader = get(late);
    await scene.clock.advance(40);
    const followers = [get(succeeds), get(succeeds)];
    await scene.clock.advance(60);
    const errors = await Promise.all([leader, ...followers].map(errorOf));
    expect(errors.every((error) => error instanceof ServiceConnectionError)).toBe(true);
    expect(new Set(errors).size).toBe(3);
    expect(errors.map(({ elapsedMs, attempts }) => [elapsedMs, attempts.length])).toEqual([
      [100, 1],
      [60, 0],
      [60, 0],
    ]);
    expect(scene.started).toEqual([1]);
  });

  test("share the answer of the leader's retry, not each of its failures", async () => {
    const { scene } = sharing();
    const more = { identity: "GET /rates" };
    const leader = scene.call([failsWith(), succeeds], more);
    const follower = scene.call([succeeds], more);
    await scene.clock.advance(1_000);
    expect(await Promise.all([leader, follower])).toMatchObject([{ value: "done" }, { value: "done" }]);
    expect(scene.started).toEqual([1, 2]);
  });
});

describe("a leader speaks for itself alone", () => {
  test("when its caller aborts: the first of the others goes, and the rest follow that one", async () => {
    const { scene, get } = sharing();
    const controller = new AbortController();
    const leader = get(hangs(), { signals: [controller.signal] });
    const followers = [get(takes(scene.clock, 100)), get(succeeds)];
    await scene.clock.advance(10);
    controller.abort("left");
    expect(await reasonOf(leader)).toBe("left");
    await scene.clock.advance(100);
    const done = await Promise.all(followers);
    expect(done.map(({ attempts }) => attempts.length)).toEqual([1, 0]);
    expect(scene.started).toEqual([1, 1]);
  });

  test("when its own deadline passes, though the attempt ran long enough to tell", async () => {
    const { scene, get } = sharing();
    const leader = get(hangs(), { deadlineMs: 2_000 });
    const follower = get(succeeds);
    await scene.clock.advance(2_000);
    expect(await errorOf(leader)).toMatchObject({ limit: "deadline" });
    expect(await follower).toMatchObject({ value: "done", attempts: [{ startedAfterMs: 2_000 }] });
  });

  test.each([
    ["an abort", aborted, "go"],
    ["its deadline", failed({ code: "timeout-deadline", verdict: "overload" }), "go"],
    ["a refusal for its deadline's sake", failed({ code: "unavailable-queue-full", verdict: "local" }), "go"],
    ["a success", success, "answer"],
    ["a fault", failed(), "answer"],
    ["a 404", failed({ verdict: "healthy" }), "answer"],
    ["an attempt limit", failed({ code: "timeout-attempt", verdict: "overload" }), "answer"],
  ])("after %s of the leader a follower is told: %s, %s", (_what, end, kind) => {
    const coalescing = new Coalescing();
    const leader = new Asked(coalescing, 0, { identity: "a" });
    const follower = new Asked(coalescing, 0, { identity: "a" });
    coalescing.settle(leader.permit, end);
    expect(follower.decision?.kind).toBe(kind);
  });

  test("where nobody else waits, the next call begins anew", async () => {
    const { scene, get } = sharing();
    const controller = new AbortController();
    const leader = get(hangs(), { signals: [controller.signal] });
    await settled();
    controller.abort("left");
    expect(await reasonOf(leader)).toBe("left");
    expect(await get(succeeds)).toMatchObject({ attempts: [{}] });
    expect(scene.started).toEqual([1, 1]);
  });

  test("a call that comes while the heir is under way follows it", async () => {
    const { scene, get } = sharing();
    const controller = new AbortController();
    const leader = get(hangs(), { signals: [controller.signal] });
    const heir = get(takes(scene.clock, 100));
    await settled();
    controller.abort("left");
    await scene.clock.advance(50);
    const follower = get(succeeds);
    await scene.clock.advance(50);
    expect(await Promise.all([heir, follower])).toMatchObject([{ elapsedMs: 100 }, { elapsedMs: 50, attempts: [] }]);
    await reasonOf(leader);
  });

  test("an heir whose caller aborts in the turn in which it inherits passes it on", async () => {
    const { scene, get } = sharing();
    const [first, second] = [new AbortController(), new AbortController()];
    const leader = get(hangs(), { signals: [first.signal] });
    const heir = get(hangs(), { signals: [second.signal] });
    const last = get(succeeds);
    await settled();
    void reasonOf(leader).then(() => second.abort("left too"));
    first.abort("left");
    expect(await reasonOf(heir)).toBe("left too");
    expect(await last).toMatchObject({ value: "done" });
    expect(scene.started).toHaveLength(3);
  });
});

describe("a follower", () => {
  test("ends at its own caller's abort, and disturbs nobody", async () => {
    const { scene, get } = sharing();
    const controller = new AbortController();
    const leader = get(takes(scene.clock, 100));
    const leaving = get(succeeds, { signals: [controller.signal] });
    const staying = get(succeeds);
    await scene.clock.advance(10);
    controller.abort("left");
    expect(await reasonOf(leaving)).toBe("left");
    await scene.clock.advance(90);
    expect(await Promise.all([leader, staying])).toMatchObject([{ value: "done" }, { value: "done" }]);
    expect(scene.started).toEqual([1]);
  });

  test("ends at its own deadline, with nothing sent", async () => {
    const { scene, get } = sharing();
    const leader = get(takes(scene.clock, 100));
    const hurried = get(succeeds, { deadlineMs: 50 });
    await scene.clock.advance(100);
    expect(await errorOf(hurried)).toMatchObject({ limit: "deadline", limitMs: 50, outcome: "not-sent", attempts: [] });
    expect(await leader).toMatchObject({ value: "done" });
  });

  test("who left does not inherit", () => {
    const coalescing = new Coalescing();
    const [leader, leaving, staying] = [0, 1, 2].map(() => new Asked(coalescing, 0, { identity: "a" }));
    leaving?.leave();
    coalescing.settle(leader?.permit, aborted);
    expect([leaving?.isWaiting, staying?.hasGone]).toEqual([true, true]);
    coalescing.settle(staying?.permit, success);
    expect(new Asked(coalescing, 0, { identity: "a" }).hasGone).toBe(true);
  });

  test("whom closing ends ends with all others", async () => {
    const { scene, get } = sharing();
    const calls = [get(hangs()), get(succeeds), get(succeeds)];
    const drained = scene.pipeline.drain(100);
    await scene.clock.advance(100);
    await drained;
    const errors = await Promise.all(calls.map(errorOf));
    expect(errors.map(({ code }) => code)).toEqual(Array.from({ length: 3 }, () => "unavailable-draining"));
    expect(scene.started).toEqual([1]);
  });
});

test("a call without an identity has nothing to give back", () => {
  const coalescing = new Coalescing();
  expect(coalescing).toMatchObject({ name: "coalesce", scope: "call" });
  expect(() => coalescing.settle(undefined, { kind: "failure", failure: failure() })).not.toThrow();
});
