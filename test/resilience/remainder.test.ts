import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { DeadlineList } from "../../src/core/deadline-list.ts";
import { type Attempt, Call, type Interruption } from "../../src/resilience/call.ts";
import type { Hold, Remainder } from "../../src/resilience/outcome.ts";
import type { Ended } from "../../src/resilience/policy-chain.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";
import { failsWith, failure, listening, Scene, type Step, Witness, hedged } from "./calls.ts";

/** A success with more to come, which notes what it is told. */
class Rest implements Remainder {
  hold: Hold | undefined;
  readonly interruptions: Interruption[] = [];
  readonly step: Step = async () => ({ kind: "success", value: "head", status: 200, remainder: this });

  begin(hold: Hold): void {
    this.hold = hold;
    hold.onInterrupt((interruption) => this.interruptions.push(interruption));
  }

  isDiscarded = false;

  discard(): void {
    this.isDiscarded = true;
  }
}

test("a call with a remainder returns its value, and stays under way until that is over", async () => {
  const scene = new Scene();
  const rest = new Rest();
  const controller = new AbortController();
  const call = scene.call([failsWith(), rest.step], { signals: [controller.signal] });
  await scene.clock.advance(100);
  const { value, attempts } = await call;
  expect([value, attempts.length, scene.pipeline.inFlight]).toEqual(["head", 2, 1]);
  const drained = scene.pipeline.drain(1_000);
  rest.hold?.release();
  await drained;
  expect(scene.pipeline.inFlight).toBe(0);
  expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  await scene.clock.advance(60_000);
  expect(rest.interruptions).toEqual([]);
});

test("a remainder begins when every policy was settled", async () => {
  const log: string[] = [];
  const scene = new Scene([new Witness("gate", log)]);
  const rest = new Rest();
  rest.begin = (hold) => {
    log.push("begin");
    hold.release();
  };
  await scene.call([rest.step]);
  expect(log).toEqual(["admit gate", "settle gate: success", "begin"]);
});

test("a remainder is outside of the attempt's limit, under a limit of its own, and under the deadline", async () => {
  const scene = new Scene();
  const [own, late] = [new Rest(), new Rest()];
  await scene.call([own.step], { attemptTimeoutMs: 100 });
  await scene.call([late.step], { attemptTimeoutMs: 100, deadlineMs: 5_000 });
  await scene.clock.advance(1_000);
  own.hold?.limit("body-idle", 500);
  await scene.clock.advance(500);
  expect(own.interruptions).toEqual([{ kind: "limit", limit: "body-idle", limitMs: 500, isTelling: true }]);
  expect(late.interruptions).toEqual([]);
  await scene.clock.advance(3_500);
  expect(late.interruptions).toEqual([{ kind: "limit", limit: "deadline", limitMs: 5_000, isTelling: false }]);
  own.hold?.release();
  late.hold?.release();
});

test("a call that is aborted between its head and its remainder interrupts that at once", async () => {
  const scene = new Scene();
  const controller = new AbortController();
  const rest = new Rest();
  const step: Step = async (attempt) => {
    queueMicrotask(() => controller.abort("enough"));
    return rest.step(attempt);
  };
  await scene.call([step], { signals: [controller.signal] });
  expect(rest.interruptions).toEqual([{ kind: "aborted", reason: "enough" }]);
  rest.hold?.release();
});

describe("of two attempts side by side", () => {
  /** Both end in the same turn, when the hedge is under way. */
  async function sideBySide(main: () => Promise<Ended<string>>, beside: () => Promise<Ended<string>>) {
    const clock = new VirtualClock();
    const limits = { operation: "GET /x", deadlineMs: 1_000, attemptTimeoutMs: 1_000, signals: [] };
    const call = new Call(clock, new DeadlineList<Call>(clock), limits);
    call.hold();
    const both = Promise.withResolvers<void>();
    const result = hedged(call, both.promise.then(main), 10, () => both.promise.then(beside));
    await clock.advance(10);
    both.resolve();
    return result;
  }
  const ends = (rest: Rest) => async (): Promise<Ended<string>> => ({ end: await rest.step({} as Attempt) });
  const defect = new Error("defect");
  const throws = async (): Promise<never> => Promise.reject(defect);

  test("that both succeed, the loser's remainder is given back", async () => {
    const [winner, loser] = [new Rest(), new Rest()];
    expect((await sideBySide(ends(winner), ends(loser))).end).toMatchObject({ remainder: winner });
    expect([winner.isDiscarded, loser.isDiscarded]).toEqual([false, true]);
  });

  test("of which one throws, in either order, the other's remainder is given back", async () => {
    const now = <T>(step: () => Promise<T>) => step;
    const later =
      <T>(step: () => Promise<T>) =>
      async () =>
        settled().then(step);
    for (const [first, then] of [
      [now, later],
      [later, now],
    ] as const) {
      const [main, beside] = [new Rest(), new Rest()];
      await expect(sideBySide(first(ends(main)), then(throws))).rejects.toBe(defect);
      await expect(sideBySide(first(throws), then(ends(beside)))).rejects.toBe(defect);
      await settled();
      expect([main.isDiscarded, beside.isDiscarded]).toEqual([true, true]);
    }
  });
});

test("the error of a remainder is one of the whole call", async () => {
  const scene = new Scene();
  const rest = new Rest();
  const call = scene.call([failsWith(), rest.step]);
  await scene.clock.advance(100);
  await call;
  await scene.clock.advance(70);
  const error = rest.hold?.errorOf(failure({ outcome: "accepted", phase: "body" }));
  expect(error).toMatchObject({ outcome: "accepted", attempts: [{ outcome: "unknown" }, { outcome: "accepted" }] });
  expect(error?.elapsedMs).toBe(170);
  rest.hold?.release();
});

test("a drain whose limit passes interrupts remainders too", async () => {
  const scene = new Scene();
  const rest = new Rest();
  await scene.call([rest.step]);
  rest.begin = () => undefined;
  const drained = scene.pipeline.drain(50);
  await scene.clock.advance(50);
  expect(rest.interruptions).toEqual([{ kind: "closed" }]);
  rest.hold?.release();
  await drained;
});

describe("the event of its end", () => {
  async function endOf(release: (hold: Hold) => void): Promise<unknown> {
    const scene = new Scene();
    const rest = new Rest();
    using heard = listening();
    const ends = (): unknown[] => heard.events.filter(([name]) => name === "hawser:call:end").map(([, event]) => event);
    await scene.call([rest.step]);
    expect(ends()).toEqual([]);
    scene.clock.jump(700);
    if (rest.hold !== undefined) release(rest.hold);
    expect(ends()).toHaveLength(1);
    return ends()[0];
  }

  test("comes when the remainder is over, with the time until then", async () => {
    const end = await endOf((hold) => hold.release());
    expect(end).toMatchObject({ result: "success", status: 200, durationMs: 700, attempts: 1 });
  });

  test("says how the remainder failed", async () => {
    const end = await endOf((hold) => hold.release({ thrown: hold.errorOf(failure({ outcome: "accepted" })) }));
    expect(end).toMatchObject({ result: "failure", status: 200, code: "connection-reset", outcome: "accepted" });
  });

  test("says that its caller gave it up", async () => {
    const end = await endOf((hold) => hold.release({ thrown: "left" }));
    expect(end).toEqual(expect.objectContaining({ result: "aborted", status: 200 }));
    expect(end).not.toHaveProperty("code");
  });
});
