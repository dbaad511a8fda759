import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { DeadlineList } from "../../src/core/deadline-list.ts";
import { Call, type CallLimits, type Interruption } from "../../src/resilience/call.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

function heldCall(limits: Partial<CallLimits> = {}) {
  const clock = new VirtualClock();
  const list = new DeadlineList<Call>(clock);
  const usual = { operation: "GET /x", deadlineMs: 1_000, attemptTimeoutMs: 400, signals: [] };
  const call = new Call(clock, list, { ...usual, ...limits });
  call.hold();
  const told: Interruption[] = [];
  return { clock, list, call, told, tell: (interruption: Interruption) => void told.push(interruption) };
}

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
  call.startAttempt();
  await clock.advance(400);
  call.onInterrupt(tell);
  expect(told).toEqual([{ kind: "limit", limit: "attempt", limitMs: 400, isTelling: true }]);
});

test("what one attempt missed is not told to the next", async () => {
  const { clock, call, told, tell } = heldCall();
  call.startAttempt();
  await clock.advance(400);
  call.endAttempt({ outcome: "unknown" });
  call.startAttempt();
  call.onInterrupt(tell);
  expect(told).toEqual([]);
});

test("the attempt limit does not end the call, and the deadline does", async () => {
  const { clock, call } = heldCall();
  call.startAttempt();
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
  call.startAttempt();
  call.interrupt({ kind: "closed" });
  await clock.advance(10_000);
  expect(clock.timers).toBe(0);
});

test("durations in a record are rounded to tenths of a millisecond", async () => {
  const { clock, call } = heldCall();
  await clock.advance(0.1234);
  call.applyForAttempt();
  call.startAttempt();
  await clock.advance(2.0678);
  expect(call.endAttempt({ outcome: "accepted" })).toEqual({
    number: 1,
    startedAfterMs: 0.1,
    durationMs: 2.1,
    phase: "queue",
    outcome: "accepted",
  });
});

test("a released call has left the list and its signals", () => {
  const { signal } = new AbortController();
  const { list, call } = heldCall({ signals: [signal] });
  expect([list.size, getEventListeners(signal, "abort").length]).toEqual([1, 1]);
  call.release();
  expect([list.size, getEventListeners(signal, "abort").length]).toEqual([0, 0]);
});
