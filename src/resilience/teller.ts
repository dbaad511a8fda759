import type { Clock } from "../core/clock.ts";
import type { AttemptRecord, ErrorCode, ExternalServiceError, RetryRefusal } from "../core/errors.ts";
import { hasSubscribers, publish } from "../core/events.ts";
import type { Call, Interruption } from "./call.ts";
import { combinedOutcome, type Failure } from "./outcome.ts";
import type { Ended } from "./policy-chain.ts";
import { type HowEnded, resultOf } from "./result.ts";

/** What every event of one call says. */
interface About {
  readonly service: string;
  readonly operation: string;
  readonly callId: number;
}

/** What of a call decides whether a later one may do the same again. */
interface Repeatable {
  readonly isRepeatableLater: boolean;
}

/** Tells of the calls of a service: by events to whoever listens, and by the error of one that failed to its caller. */
export class Teller {
  readonly #service: string;
  readonly #clock: Clock;

  constructor(service: string, clock: Clock) {
    this.#service = service;
    this.#clock = clock;
  }

  begun(call: Call): void {
    if (hasSubscribers("hawser:call:start")) publish("hawser:call:start", this.#about(call));
  }

  attempted(call: Call, attempt: AttemptRecord): void {
    if (hasSubscribers("hawser:attempt")) publish("hawser:attempt", { ...this.#about(call), attempt });
  }

  /** Another attempt follows after `delayMs` milliseconds. */
  toBeRetried(call: Call, delayMs: number, because: ErrorCode): void {
    if (!hasSubscribers("hawser:retry")) return;
    publish("hawser:retry", { ...this.#about(call), attempt: call.attempts.length + 1, delayMs, because });
  }

  /** @param thrown - to the caller; whatever that is. */
  ended(call: Call, durationMs: number, how: HowEnded, thrown?: unknown): void {
    if (!hasSubscribers("hawser:call:end")) return;
    const attempts = call.attempts.length;
    publish("hawser:call:end", { ...this.#about(call), durationMs, attempts, ...resultOf(how, thrown) });
  }

  /** @param why - what the executor did about it, where it did anything. */
  errorOf(
    call: Call,
    elapsedMs: number,
    failure: Failure,
    { isRepeatableLater }: Repeatable,
    { retryAfterMs, notRetried }: Pick<Ended<unknown>, "retryAfterMs" | "notRetried"> = {},
  ): ExternalServiceError {
    const outcome = combinedOutcome([...call.attempts, failure]);
    const tookNoEffect = outcome === "not-sent" || outcome === "rejected";
    const waitMs = retryAfterMs ?? failure.retryAfterMs;
    return failure.toError({
      attempts: call.attempts,
      elapsedMs,
      outcome,
      retryable: failure.isTransient && (tookNoEffect || isRepeatableLater),
      retryAt: waitMs === undefined ? undefined : new Date(this.#clock.wallNow() + waitMs),
      notRetried: notRetried ?? endedBy(call.interruption),
    });
  }

  #about({ operation, id: callId }: Call): About {
    return { service: this.#service, operation, callId };
  }
}

/** What a limit of ours that ended the whole call says of why nothing followed. */
function endedBy(interruption: Interruption | undefined): RetryRefusal | undefined {
  if (interruption?.kind !== "limit") return undefined;
  return interruption.limit === "queue" ? "refused" : "deadline";
}
