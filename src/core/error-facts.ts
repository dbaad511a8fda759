/**
 * What is known about the effect of a call on the far side.
 *
 * - `not-sent`: no byte of it left this process; repeating it is safe.
 * - `rejected`: the service answered and refused.
 * - `unknown`: it was sent, and no answer came that settles whether it took effect. A 500, 502 or 504 counts here:
 *   whoever answered may have acted before it failed, or stand in front of one that did.
 * - `accepted`: the service answered with success, and only what came after (reading, decoding) failed.
 */
export type Outcome = "not-sent" | "rejected" | "unknown" | "accepted";

/** Where in the life of a call or a stream something happened. */
export type Phase =
  | "configure"
  | "start"
  | "queue"
  | "auth"
  | "connect"
  | "send"
  | "headers"
  | "body"
  | "decode"
  | "backoff"
  | "open"
  | "receive"
  | "close";

export type ConnectionFault = "dns" | "connect" | "blocked" | "tls" | "reset" | "protocol" | "not-connected" | "closed";
export type TimeoutLimit =
  | "deadline"
  | "attempt"
  | "queue"
  | "connect"
  | "body-idle"
  | "pong"
  | "send"
  | "start"
  | "answer"
  | "handler"
  | "close";
export type DecodeFault = "json" | "schema" | "too-large" | "encoding" | "content-type" | "next-page" | "range";
export type UnavailableReason =
  | "not-started"
  | "draining"
  | "stopped"
  | "circuit-open"
  | "queue-full"
  | "no-credentials";

export type WaitReason = "timeout" | "failed";

/**
 * Why a failed attempt was not followed by another.
 *
 * - `permanent`: the same attempt would fail the same way.
 * - `unsafe`: it may have taken effect, and the call is neither idempotent nor under a key.
 * - `spent`: all retries were made.
 * - `one-shot-body`: the body cannot be produced again.
 * - `deadline`: the wait before it would not have ended in time.
 * - `budget`: too many attempts at this service were failing already.
 * - `refused`: a policy of ours did not let it start.
 */
export type RetryRefusal = "permanent" | "unsafe" | "spent" | "one-shot-body" | "deadline" | "budget" | "refused";

/** Every code that an error of this library can carry. The union is closed: a new code is a public change. */
export type ErrorCode =
  | `connection-${ConnectionFault}`
  | `timeout-${TimeoutLimit}`
  | "rate-limited"
  | "response-status"
  | `decode-${DecodeFault}`
  | `unavailable-${UnavailableReason}`
  | `wait-${WaitReason}`
  | "rpc-error"
  | "configuration-invalid"
  | "stop-failed";

/** How one attempt on the wire ended. */
export interface AttemptRecord {
  /** 1 for the first attempt. */
  readonly number: number;
  /** Why it was made, where it is not the first. `stale-connection` and `fresh-credentials` do not count as retries. */
  readonly reason?: "retry" | "hedge" | "stale-connection" | "fresh-credentials";
  /** Milliseconds from the start of the call to the start of this attempt. */
  readonly startedAfterMs: number;
  readonly durationMs: number;
  readonly outcome: Outcome;
  /** The last phase that this attempt reached. */
  readonly phase: Phase;
  /** The HTTP status, where an answer came. */
  readonly status?: number;
  /** Why it failed; absent on success. */
  readonly code?: ErrorCode;
}

/** What every error of the tree is built from. */
export interface ErrorFacts {
  readonly service: string;
  /** Method and path without query (`POST /payments/{id}`), or what the stream was doing (`send /stream`). */
  readonly operation?: string | undefined;
  readonly phase: Phase;
  readonly outcome: Outcome;
  /** Whether the same call may succeed, safely, if it is made again later. */
  readonly retryable?: boolean | undefined;
  readonly attempts?: readonly AttemptRecord[] | undefined;
  readonly elapsedMs?: number | undefined;
  /** How long the service asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly retryAt?: Date | undefined;
  readonly notRetried?: RetryRefusal | undefined;
  readonly requestId?: string | undefined;
  readonly cause?: unknown;
}
