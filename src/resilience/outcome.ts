import type { AttemptRecord, ErrorCode, ExternalServiceError, Outcome, Phase } from "../core/errors.ts";

/** What only the executor knows when an error is made of a failure. */
export interface CallFacts {
  readonly attempts: readonly AttemptRecord[];
  readonly elapsedMs: number;
  /** Of the whole call; see {@link combinedOutcome}. */
  readonly outcome: Outcome;
  readonly retryable: boolean;
  readonly retryAt: Date | undefined;
}

/**
 * A failed attempt, as a value: an Error is made only of the last one, and only if the call fails. Making one costs
 * microseconds, and most failures are followed by a retry that succeeds.
 */
export interface Failure {
  readonly code: ErrorCode;
  readonly phase: Phase;
  readonly outcome: Outcome;
  /** Whether the same attempt may well succeed when it is made again. Whether it is *safe* is another question. */
  readonly isTransient: boolean;
  readonly status?: number;
  /** How long the service asked us to wait. */
  readonly retryAfterMs?: number;
  toError(facts: CallFacts): ExternalServiceError;
}

/** How an attempt ended. `aborted`: by the caller's own signal, whose reason passes through unchanged. */
export type AttemptEnd<T> =
  | { readonly kind: "success"; readonly value: T; readonly status?: number }
  | { readonly kind: "failure"; readonly failure: Failure }
  | { readonly kind: "aborted"; readonly reason: unknown; readonly outcome: Outcome };

/** What is known of a call after some of its attempts: one that may have taken effect outweighs all that did not. */
export function combinedOutcome(attempts: Iterable<{ readonly outcome: Outcome }>): Outcome {
  let combined: Outcome = "not-sent";
  for (const { outcome } of attempts) {
    if (weight[outcome] > weight[combined]) combined = outcome;
  }
  return combined;
}

const weight: Record<Outcome, number> = { "not-sent": 0, rejected: 1, unknown: 2, accepted: 3 };
