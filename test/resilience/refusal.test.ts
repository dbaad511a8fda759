import { expect, test } from "vitest";
import { isServiceRateLimitError, isServiceUnavailableError } from "../../src/core/errors.ts";
import type { CallFacts } from "../../src/resilience/outcome.ts";
import { rateLimited, unavailable } from "../../src/resilience/refusal.ts";
import { applicant } from "./calls.ts";

const facts: CallFacts = {
  attempts: [],
  elapsedMs: 12,
  outcome: "unknown",
  retryable: true,
  retryAt: new Date(0),
  notRetried: "refused",
};
const ours = { phase: "queue", outcome: "not-sent", verdict: "local", isTransient: true, retryAfterMs: 700 };

test("a stage that refuses sends nothing, says nothing of the service, and says when to come back", () => {
  const failure = unavailable(
    "circuit-open",
    { service: "payments", applicant: applicant(), detail: "it is open" },
    700,
  );
  expect(failure).toMatchObject({ code: "unavailable-circuit-open", ...ours });
  const error = failure.toError(facts);
  expect(isServiceUnavailableError(error)).toBe(true);
  expect(error).toMatchObject({ code: "unavailable-circuit-open", reason: "circuit-open", phase: "queue" });
  // Of the whole call it says what the executor knows: an attempt before may have taken effect.
  expect(error).toMatchObject({
    service: "payments",
    operation: "POST /payments",
    outcome: "unknown",
    retryAfterMs: 700,
  });
  expect(error.message).toBe(
    "payments: POST /payments: it is open (phase queue, 12 ms; outcome unknown: it may have taken effect)",
  );
});

test("a rate that leaves no room is a rate limit without a status", () => {
  const failure = rateLimited("payments", applicant(), 700);
  expect(failure).toMatchObject({ code: "rate-limited", ...ours });
  const error = failure.toError(facts);
  expect(isServiceRateLimitError(error)).toBe(true);
  expect(error).toMatchObject({ status: undefined, operation: "POST /payments", phase: "queue", retryAfterMs: 700 });
  expect(error.message).toContain("payments: POST /payments: our own rate gate is shut, to be tried again in 700 ms");
});
