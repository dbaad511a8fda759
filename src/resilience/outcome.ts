import type { AttemptRecord, ErrorCode, ExternalServiceError, Outcome, Phase, RetryRefusal } from "../core/errors.ts";
import type { Attempt } from "./call.ts";

/** What only the executor knows when an error is made of a failure. */
export interface CallFacts {
  readonly attempts: readonly AttemptRecord[];
  readonly elapsedMs: number;
  /** Of the whole call; see {@link combinedOutcome}. */
  readonly outcome: Outcome;
  readonly retryable: boolean;
  readonly retryAt: Date | undefined;
  readonly notRetried: RetryRefusal | undefined;
}

/**
 * What a failed attempt says about the service, for the policies that learn from it.
 *
 * - `fault`: it could not be reached, broke off, or answered that it failed.
 * - `overload`: it has more to do than it can: a limit passed, or it said so itself (503).
 * - `throttled`: it is well, and wants less of us (429).
 * - `healthy`: it is well, and refused this one call.
 * - `local`: nothing. The attempt never got there, or was given up for a reason of ours.
 */
export type Verdict = "fault" | "overload" | "throttled" | "healthy" | "local";

/** Why an attempt is made again at once, outside of the retries: each reason counts once per call. */
export type FreeReplay = "stale-connection" | "fresh-credentials";

/** What the service says of how much more it will take, read from its answer. */
export interface Quota {
  /** Calls that are left until the quota is full again. */
  readonly remaining: number;
  /** Milliseconds until then. */
  readonly resetMs: number;
  /** All calls of one period, where the service tells. */
  readonly limit?: number;
}

/**
 * A failed attempt, as a value: an Error is made only of the last one, and only if the call fails. Making one costs
 * microseconds, and most failures are followed by a retry that succeeds.
 */
export interface Failure {
  readonly code: ErrorCode;
  readonly phase: Phase;
  readonly outcome: Outcome;
  readonly verdict: Verdict;
  /** Whether the same attempt may well succeed when it is made again. Whether it is *safe* is another question. */
  readonly isTransient: boolean;
  readonly status?: number;
  /** How long the service asked us to wait. */
  readonly retryAfterMs?: number;
  readonly quota?: Quota;
  readonly freeReplay?: FreeReplay;
  /** Another origin said so, where the service had sent us on to: its own credentials have no part in it. */
  readonly isElsewhere?: boolean;
  toError(facts: CallFacts): ExternalServiceError;
}

/**
 * What is still to come of an attempt that succeeded: a body that its caller reads. The loop over the attempts is over
 * then, and no failure of it leads to another; but the call stays under way, under its deadline and its signals.
 */
export interface Remainder {
  /** Called once, by the executor, after the last policy was settled. */
  begin(hold: Hold): void;
  /** Called instead where nobody will get the value: gives back what it holds. */
  discard(): void;
}

/** The call that a {@link Remainder} belongs to. */
export interface Hold extends Pick<Attempt, "onInterrupt" | "limit"> {
  /** The error of the whole call, given how its remainder failed. */
  errorOf(failure: Failure): ExternalServiceError;
  /** To be called once, when nothing is left: the call is over, and what its remainder threw is how it ended. */
  release(failed?: { readonly thrown: unknown }): void;
}

/** How an attempt ended. `aborted`: by the caller's own signal, whose reason passes through unchanged. */
export type AttemptEnd<T> =
  | {
      readonly kind: "success";
      readonly value: T;
      readonly status?: number;
      readonly quota?: Quota | undefined;
      readonly remainder?: Remainder | undefined;
    }
  | { readonly kind: "failure"; readonly failure: Failure }
  | { readonly kind: "aborted"; readonly reason: unknown; readonly outcome: Outcome };

/**
 * A success with a status. A class: V8 counts how much of what an object literal makes survives a collection, and where
 * that is nearly all, as in a burst of first calls, makes it among what is old until most of that is found dead. Whatever
 * it holds then outlives all collections of what is young.
 */
export class Success<T> {
  readonly kind = "success";
  readonly value: T;
  readonly status: number;
  readonly quota: Quota | undefined;
  readonly remainder: Remainder | undefined;

  constructor(value: T, status: number, quota?: Quota, remainder?: Remainder) {
    this.value = value;
    this.status = status;
    this.quota = quota;
    this.remainder = remainder;
  }
}

/** What is known of a call after some of its attempts: one that may have taken effect outweighs all that did not. */
export function combinedOutcome(attempts: Iterable<{ readonly outcome: Outcome }>): Outcome {
  let combined: Outcome = "not-sent";
  for (const { outcome } of attempts) {
    if (weight[outcome] > weight[combined]) combined = outcome;
  }
  return combined;
}

const weight: Record<Outcome, number> = { "not-sent": 0, rejected: 1, unknown: 2, accepted: 3 };

/** What an end says about the service; a caller's own abort says nothing. */
export function verdictOf(end: AttemptEnd<unknown>): Verdict {
  switch (end.kind) {
    case "success":
      return "healthy";
    case "failure":
      return end.failure.verdict;
    case "aborted":
      return "local";
  }
}

/** What an end says of the effect on the far side. */
export function outcomeOf(end: AttemptEnd<unknown>): Outcome {
  if (end.kind === "success") return "accepted";
  return end.kind === "aborted" ? end.outcome : end.failure.outcome;
}
