import { expect, test } from "vitest";
import { isServiceTimeoutError, isServiceUnavailableError } from "../../src/core/errors.ts";
import { interruptedEnd } from "../../src/resilience/interruption.ts";
import type { CallFacts } from "../../src/resilience/outcome.ts";

const at = { service: "payments", operation: "POST /payments", phase: "headers", outcome: "unknown" } as const;
const facts: CallFacts = {
  attempts: [],
  elapsedMs: 7,
  outcome: "unknown",
  retryable: false,
  retryAt: undefined,
  notRetried: undefined,
};

test("an abort hands the caller's own reason on, with what is known of the effect", () => {
  const reason = { mine: true };
  const end = interruptedEnd({ kind: "aborted", reason }, at);
  expect(end).toEqual({ kind: "aborted", reason, outcome: "unknown" });
  expect((end as { reason: unknown }).reason).toBe(reason);
});

test("a limit that passed is a timeout which names it, and may pass when it is tried again", () => {
  const end = interruptedEnd(
    { kind: "limit", limit: "body-idle", limitMs: 15_000, isTelling: true },
    { ...at, phase: "body" },
  );
  if (end.kind !== "failure") throw new Error("a limit is a failure");
  expect(end.failure).toMatchObject({
    code: "timeout-body-idle",
    phase: "body",
    outcome: "unknown",
    isTransient: true,
  });
  const error = end.failure.toError(facts);
  expect(isServiceTimeoutError(error)).toBe(true);
  expect(error).toMatchObject({ limit: "body-idle", limitMs: 15_000, phase: "body", elapsedMs: 7 });
});

test("a call ended by close says so, and is not tried again on the closed service", () => {
  const end = interruptedEnd({ kind: "closed" }, { ...at, outcome: "not-sent" });
  if (end.kind !== "failure") throw new Error("being closed is a failure");
  expect(end.failure).toMatchObject({ code: "unavailable-draining", outcome: "not-sent", isTransient: false });
  const error = end.failure.toError({ ...facts, outcome: "not-sent" });
  expect(isServiceUnavailableError(error)).toBe(true);
  expect(error.message).toContain("POST /payments: the service was closed");
});

test("the outcome of the whole call, where it is known, outweighs that of the attempt", () => {
  const end = interruptedEnd(
    { kind: "limit", limit: "deadline", limitMs: 1, isTelling: false },
    { ...at, outcome: "not-sent" },
  );
  if (end.kind !== "failure") throw new Error("a limit is a failure");
  expect(end.failure.toError(facts)).toMatchObject({ outcome: "unknown" });
});

test("an attempt that another one outran was given up, with no reason of the caller's", () => {
  expect(interruptedEnd({ kind: "superseded" }, at)).toEqual({
    kind: "aborted",
    reason: undefined,
    outcome: "unknown",
  });
});

test("a limit counts as overload where it says something of the service, and being closed never does", () => {
  const limit = { kind: "limit", limit: "deadline", limitMs: 1 } as const;
  expect(interruptedEnd({ ...limit, isTelling: true }, at)).toMatchObject({ failure: { verdict: "overload" } });
  expect(interruptedEnd({ ...limit, isTelling: false }, at)).toMatchObject({ failure: { verdict: "local" } });
  expect(interruptedEnd({ kind: "closed" }, at)).toMatchObject({ failure: { verdict: "local" } });
});
