import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { DeadlineList } from "../../src/core/deadline-list.ts";
import type { Outcome } from "../../src/core/errors.ts";
import type { AttemptEnd } from "../../src/resilience/outcome.ts";
import { Call, type CallLimits, type Interruption } from "../../src/resilience/call.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

function heldCall(limits: Partial<CallLimits> = {}, startsAt = 0) {
  const clock = new VirtualClock();
  clock.jump(startsAt);
  const list = new DeadlineList<Call>(clock);
  const usual = { operation: "GET /x", deadlineMs: 1_000, attemptTimeoutMs: 400, signals: [] };
  const call = new Call(clock, list, { ...usual, ...limits });
  call.hold();
  const told: Interruption[] = [];
  return { clock, list, call, told, tell: (interruption: Interruption) => void told.push(interruption) };
}

const accepted: AttemptEnd<string> = { kind: "success", value: "done" };
const given = (outcome: Outcome): AttemptEnd<string> => ({ kind: "aborted", reason: undefined, outcome });

test("what ends an attempt is told once, although several things end it", async () => {
  const controller = new AbortController();
  const { clock, call, told, tell } = heldCall({ signals: [controller.signal] });
  call.onInterrupt(tell);
  controller.abort("left");
  call.interrupt({ kind: "closed" });
  await clock.advance(5_000);
  expect(told).toEqual([{ kind: "aborted", reason: "left" }]);
});

test("who asks after the call was ended is told at once", () => {
  const { call, told, tell } = heldCall();
  call.interrupt({ kind: "closed" });
  call.onInterrupt(tell);
  expect(told).toEqual([{ kind: "closed" }]);
});

test("the attempt limit that passed before anybody asked is told to whoever asks", async () => {
  const { clock, call, told, tell } = heldCall();
  call.applyForAttempt();
  call.startAttempt(clock.now());
  await clock.advance(400);
  call.onInterrupt(tell);
  expect(told).toEqual([{ kind: "limit", limit: "attempt", limitMs: 400, isTelling: true }]);
});

test("what one attempt missed is not told to the next", async () => {
  const { clock, call, told, tell } = heldCall();
  call.startAttempt(clock.now());
  await clock.advance(400);
  call.endAttempt(given("unknown"), clock.now());
  call.startAttempt(clock.now());
  call.onInterrupt(tell);
  expect(told).toEqual([]);
});

test("an attempt that has ended leaves no limit of its own behind", () => {
  const { clock, call } = heldCall();
  call.hedgeAt(20, { begin: () => undefined });
  call.startAttempt(clock.now());
  call.limit("body-idle", 10);
  expect(call.expiresAt).toBe(10);
  call.endAttempt(given("unknown"), clock.now());
  expect(call.expiresAt).toBe(call.deadlineAt);
});

test("the attempt limit does not end the call, and the deadline does", async () => {
  const { clock, call } = heldCall();
  call.startAttempt(clock.now());
  await clock.advance(400);
  expect(call.interruption).toBeUndefined();
  await clock.advance(600);
  expect(call.interruption).toEqual({ kind: "limit", limit: "deadline", limitMs: 1_000, isTelling: false });
});

test("what was cleared is not told", async () => {
  const { clock, call, told, tell } = heldCall();
  call.onInterrupt(tell);
  call.clearInterrupt();
  await clock.advance(1_000);
  expect(told).toEqual([]);
});

test("a call that has ended asks nothing more of the deadline list, though nobody released it yet", async () => {
  const { clock, call } = heldCall();
  call.startAttempt(clock.now());
  call.interrupt({ kind: "closed" });
  await clock.advance(10_000);
  expect(clock.timers).toBe(0);
});

test("durations in a record are rounded to tenths of a millisecond", async () => {
  const { clock, call } = heldCall();
  await clock.advance(0.1234);
  call.applyForAttempt();
  call.startAttempt(clock.now());
  await clock.advance(2.0678);
  expect(call.endAttempt(accepted, clock.now())).toEqual({
    number: 1,
    startedAfterMs: 0.1,
    durationMs: 2.1,
    phase: "queue",
    outcome: "accepted",
  });
});

test("times are those of the call, whenever it began", async () => {
  const { clock, call, told, tell } = heldCall({ deadlineMs: 600, attemptTimeoutMs: 5_000 }, 70_000);
  await clock.advance(100);
  call.startAttempt(clock.now());
  call.onInterrupt(tell);
  await clock.advance(500);
  expect(told).toEqual([{ kind: "limit", limit: "deadline", limitMs: 600, isTelling: false }]);
  expect(call.endAttempt(given("unknown"), clock.now())).toMatchObject({ startedAfterMs: 100, durationMs: 500 });
});

test("a released call has left the list and its signals", () => {
  const { signal } = new AbortController();
  const { list, call } = heldCall({ signals: [signal] });
  expect([list.size, getEventListeners(signal, "abort").length]).toEqual([1, 1]);
  call.release();
  expect([list.size, getEventListeners(signal, "abort").length]).toEqual([0, 0]);
});

describe("what a limit says of the service", () => {
  const endedBy = async (limits: Partial<CallLimits>, begin: (call: Call) => void, ms = 10_000) => {
    const { clock, call, told, tell } = heldCall(limits);
    begin(call);
    call.onInterrupt(tell);
    await clock.advance(ms);
    return told[0];
  };
  const start = (call: Call): void => call.startAttempt(call.startedAt);

  test("the deadline says something of an attempt that had a second, or all the time that any attempt gets", async () => {
    const deadline = { kind: "limit", limit: "deadline" };
    expect(await endedBy({ deadlineMs: 1_000, attemptTimeoutMs: 5_000 }, start)).toMatchObject({
      ...deadline,
      limitMs: 1_000,
      isTelling: true,
    });
    expect(await endedBy({ deadlineMs: 999, attemptTimeoutMs: 5_000 }, start)).toMatchObject({
      ...deadline,
      isTelling: false,
    });
    expect(await endedBy({ deadlineMs: 300, attemptTimeoutMs: 300 }, start)).toMatchObject({
      ...deadline,
      isTelling: true,
    });
    expect(await endedBy({ deadlineMs: 300, attemptTimeoutMs: 301 }, start)).toMatchObject({
      ...deadline,
      isTelling: false,
    });
  });

  test("the deadline says nothing where no attempt was under way", async () => {
    expect(await endedBy({ deadlineMs: 5_000 }, () => undefined)).toMatchObject({
      limit: "deadline",
      isTelling: false,
    });
    const between = await endedBy({ deadlineMs: 5_000 }, (call) => {
      call.startAttempt(call.startedAt);
      call.endAttempt(given("unknown"), call.startedAt);
    });
    expect(between).toMatchObject({ limit: "deadline", isTelling: false });
  });

  test("a deadline that had passed before an attempt began says nothing, however short attempts may be", () => {
    const { call, told, tell } = heldCall({ attemptTimeoutMs: 0 });
    call.startAttempt(call.startedAt);
    call.onInterrupt(tell);
    call.expire(call.startedAt);
    expect(told).toMatchObject([{ limit: "attempt" }]);
    const late = heldCall({ deadlineMs: 0, attemptTimeoutMs: 0 });
    late.call.startAttempt(0);
    late.call.onInterrupt(late.tell);
    late.call.expire(0);
    expect(late.told).toMatchObject([{ limit: "deadline", isTelling: false }]);
  });

  test("a limit of the queue says nothing, any other limit within an attempt does", async () => {
    expect(await endedBy({}, (call) => call.limit("queue", 100))).toEqual({
      kind: "limit",
      limit: "queue",
      limitMs: 100,
      isTelling: false,
    });
    expect(await endedBy({}, (call) => call.limit("body-idle", 100))).toMatchObject({ isTelling: true });
  });
});

describe("a hedge", () => {
  const hedgedCall = (limits: Partial<CallLimits> = {}) => {
    const scene = heldCall(limits);
    scene.call.applyForAttempt();
    return { ...scene, hedge: scene.call.beginHedge() };
  };

  test("is of the same call: its operation, identity, deadline and records, and numbered with it", async () => {
    const { clock, list, call, hedge } = hedgedCall({ identity: "GET /x" });
    await clock.advance(100);
    hedge.applyForAttempt("hedge");
    expect(hedge).toMatchObject({ operation: "GET /x", identity: "GET /x", startedAt: 0, deadlineAt: 1_000 });
    expect([call.number, hedge.number, list.size]).toEqual([1, 2, 2]);
    hedge.startAttempt(clock.now());
    await clock.advance(5);
    expect(hedge.endAttempt(accepted, clock.now())).toMatchObject({
      number: 2,
      reason: "hedge",
      startedAfterMs: 100,
    });
    expect(call.attempts).toHaveLength(1);
    call.applyForAttempt("retry");
    expect(call.number).toBe(3);
  });

  test("that is not made gives its number to the next attempt", () => {
    const { call, hedge } = hedgedCall();
    hedge.applyForAttempt("hedge");
    hedge.withdraw();
    call.applyForAttempt("retry");
    expect([hedge.number, call.number]).toEqual([2, 2]);
  });

  test("ends with the call, and not the call with it", () => {
    const { call, hedge, told, tell } = hedgedCall();
    hedge.onInterrupt(tell);
    hedge.interrupt({ kind: "superseded" });
    expect([told, call.interruption]).toEqual([[{ kind: "superseded" }], undefined]);
    const other = hedgedCall();
    other.hedge.onInterrupt(other.tell);
    other.call.interrupt({ kind: "closed" });
    expect([other.told, other.hedge.interruption]).toEqual([[{ kind: "closed" }], { kind: "closed" }]);
  });

  test("listens to no signal of its own, and leaves the list with the call", () => {
    const { signal } = new AbortController();
    const { list, call } = hedgedCall({ signals: [signal] });
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    call.release();
    expect([list.size, getEventListeners(signal, "abort").length]).toEqual([0, 0]);
  });
});

test("who is superseded ends the attempt under way, and the call goes on", () => {
  const { clock, call, told, tell } = heldCall();
  call.startAttempt(clock.now());
  call.onInterrupt(tell);
  call.supersede();
  expect([told, call.interruption]).toEqual([[{ kind: "superseded" }], undefined]);
  call.endAttempt(given("unknown"), clock.now());
  call.startAttempt(clock.now());
  call.onInterrupt(tell);
  expect(told).toHaveLength(1);
});

test("an attempt that applies is in the queue again, and a first one has no reason", () => {
  const { clock, call } = heldCall();
  call.phase = "backoff";
  call.applyForAttempt();
  expect(call.phase).toBe("queue");
  call.startAttempt(clock.now());
  expect(call.endAttempt(given("rejected"), clock.now())).not.toHaveProperty("reason");
  call.applyForAttempt("stale-connection");
  call.startAttempt(clock.now());
  expect(call.endAttempt(accepted, clock.now())).toMatchObject({ number: 2, reason: "stale-connection" });
});

test("a limit that was cleared together with the wait that it was for does not hold any more", async () => {
  const { clock, call, told, tell } = heldCall();
  call.limit("queue", 100);
  call.onInterrupt(tell);
  call.clearInterrupt();
  call.onInterrupt(tell);
  await clock.advance(500);
  expect([told, call.expiresAt]).toEqual([[], 1_000]);
});

test("a signal that has aborted already is not listened to", () => {
  const signal = AbortSignal.abort("left");
  const { call } = heldCall({ signals: [signal] });
  expect(call.interruption).toEqual({ kind: "aborted", reason: "left" });
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("a thousand calls by one signal put one listener on it, and are all ended by it", () => {
  const controller = new AbortController();
  const list = new DeadlineList<Call>(new VirtualClock());
  const calls = Array.from({ length: 1_000 }, () => {
    const limits = { operation: "GET /x", deadlineMs: 1_000, attemptTimeoutMs: 500, signals: [controller.signal] };
    return new Call(new VirtualClock(), list, limits);
  });
  for (const call of calls) call.hold();
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
  controller.abort("enough");
  expect(new Set(calls.map(({ interruption }) => JSON.stringify(interruption)))).toEqual(
    new Set([JSON.stringify({ kind: "aborted", reason: "enough" })]),
  );
  for (const call of calls) call.release();
  expect(list.size).toBe(0);
});
