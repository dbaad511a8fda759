import { expect, test } from "vitest";
import { type ErrorFacts, type RetryRefusal, ServiceConnectionError } from "../../src/core/errors.ts";
import { explain } from "../../src/resilience/explain.ts";

const facts: ErrorFacts = { service: "payments", operation: "POST /payments", phase: "headers", outcome: "unknown" };
const errorWith = (more: Partial<ErrorFacts>): ServiceConnectionError =>
  new ServiceConnectionError("reset", { ...facts, ...more });

test("each attempt is told with its reason, its wait and what is known of its effect", () => {
  const error = errorWith({
    notRetried: "spent",
    attempts: [
      { number: 1, startedAfterMs: 0, durationMs: 12, outcome: "rejected", phase: "headers", status: 503 },
      {
        number: 2,
        reason: "retry",
        startedAfterMs: 52,
        durationMs: 8,
        outcome: "unknown",
        phase: "send",
        code: "connection-reset",
      },
    ],
  });
  expect(String(explain(error)).split("\n")).toEqual([
    "payments: POST /payments failed",
    "  attempt 1: status 503 after 12 ms in phase headers; the service refused it",
    "  attempt 2, a retry, after a wait of 40 ms: connection-reset after 8 ms in phase send; it may have taken effect",
    "  not tried again: all retries that maxRetries allows were made",
    "  it may have taken effect: look at the service before it is made again, or repeat it under its key",
  ]);
});

test.each<[NonNullable<RetryRefusal>, string]>([
  ["permanent", "would end the same way"],
  ["unsafe", "carries no key"],
  ["spent", "maxRetries"],
  ["one-shot-body", "give a function"],
  ["deadline", "before the deadline"],
  ["budget", "retry budget is spent"],
  ["refused", "circuit open, queue full, or rate limit"],
])("%s is put into words", (notRetried, words) => {
  expect(explain(errorWith({ notRetried })).steps.at(-1)).toContain(words);
});

test("a call of which nothing was attempted says what kept it", () => {
  const { steps, notRetried } = explain(errorWith({ outcome: "not-sent" }));
  expect(steps).toEqual(["nothing was attempted: connection-reset"]);
  expect(notRetried).toBeUndefined();
});

test("the advice says whether, and from when on, the same call may be made again", () => {
  const retryAt = new Date(Date.UTC(2026, 0, 1));
  expect(explain(errorWith({ retryable: true, retryAt })).advice).toContain("from 2026-01-01T00:00:00.000Z on");
  expect(explain(errorWith({ retryable: true })).advice).toBe("the same call may be made again");
  expect(explain(errorWith({ outcome: "rejected" })).advice).toContain("it would fail again");
});
