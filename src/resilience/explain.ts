import type { AttemptRecord, ExternalServiceError, Outcome, RetryRefusal } from "../core/errors.ts";

/** Why a call failed as it did: what was tried, why not more, and what to do. As data, and by `toString()` as text. */
export class Explanation {
  readonly service: string;
  readonly operation: string | undefined;
  readonly attempts: readonly AttemptRecord[];
  readonly outcome: Outcome;
  /** Why the last attempt was not followed by another; undefined where none failed. */
  readonly notRetried: RetryRefusal | undefined;
  readonly retryAt: Date | undefined;
  /** What happened, a sentence each, in order. */
  readonly steps: readonly string[];
  readonly advice: string;

  constructor(error: ExternalServiceError) {
    this.service = error.service;
    this.operation = error.operation;
    this.attempts = error.attempts;
    this.outcome = error.outcome;
    this.notRetried = error.notRetried;
    this.retryAt = error.retryAt;
    this.steps = [
      ...error.attempts.map((attempt, index) => attemptText(attempt, error.attempts[index - 1])),
      ...(error.attempts.length === 0 ? [`nothing was attempted: ${error.code}`] : []),
      ...(error.notRetried === undefined ? [] : [`not tried again: ${refusals[error.notRetried]}`]),
    ];
    this.advice = adviceFor(error);
  }

  toString(): string {
    const head = `${this.service}: ${this.operation ?? "call"} failed`;
    return [head, ...[...this.steps, this.advice].map((line) => `  ${line}`)].join("\n");
  }
}

const refusals: Record<RetryRefusal, string> = {
  permanent: "the same attempt would end the same way",
  unsafe: "it may have taken effect, and the method is not idempotent and carries no key that the service honours",
  spent: "all retries that maxRetries allows were made",
  "one-shot-body": "the body was a stream that can be read once; give a function that makes it anew",
  deadline: "the wait before another attempt would not have ended before the deadline",
  budget: "the retry budget is spent: too many attempts at this service fail at the moment for retries to help",
  refused: "a stage of our own let no further attempt start (circuit open, queue full, or rate limit)",
};

const effects: Record<Outcome, string> = {
  "not-sent": "nothing was sent",
  rejected: "the service refused it",
  unknown: "it may have taken effect",
  accepted: "the service accepted it",
};

const reasons: Record<NonNullable<AttemptRecord["reason"]>, string> = {
  retry: "a retry",
  hedge: "beside the one before, which took long",
  "stale-connection": "at once, for the connection had gone stale",
  "fresh-credentials": "at once, with fresh credentials",
};

function attemptText(attempt: AttemptRecord, before: AttemptRecord | undefined): string {
  const { number, reason, startedAfterMs, durationMs, phase, outcome, status, code } = attempt;
  const waitedMs = before === undefined ? startedAfterMs : startedAfterMs - before.startedAfterMs - before.durationMs;
  const why = reason === undefined ? "" : `, ${reasons[reason]}`;
  const wait = waitedMs >= 1 ? `, after a wait of ${Math.round(waitedMs)} ms` : "";
  const what = status === undefined ? (code ?? "success") : `status ${status}`;
  return `attempt ${number}${why}${wait}: ${what} after ${Math.round(durationMs)} ms in phase ${phase}; ${effects[outcome]}`;
}

function adviceFor({ outcome, retryable, retryAt }: ExternalServiceError): string {
  const when = retryAt === undefined ? "" : `, from ${retryAt.toISOString()} on`;
  if (retryable) return `the same call may be made again${when}`;
  if (outcome === "unknown")
    return "it may have taken effect: look at the service before it is made again, or repeat it under its key";
  return "made again as it is, it would fail again";
}

/**
 * Why a call was or was not retried, step by step. Needs nothing but the error: it can be asked later and elsewhere.
 */
export function explain(error: ExternalServiceError): Explanation {
  return new Explanation(error);
}
