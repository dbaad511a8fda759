import type { Random } from "../core/clock.ts";
import type { RetryRefusal } from "../core/errors.ts";
import type { OptionReader } from "../core/options.ts";
import { fullJitter } from "./backoff.ts";
import type { Failure, FreeReplay } from "./outcome.ts";
import { readRetryBudget, type RetryBudgetLimits, type RetryBudgetOptions } from "./retry-budget.ts";

/** When a failed attempt is followed by another. */
export interface RetryOptions {
  /** Attempts after the first. From 0. @defaultValue 3 */
  readonly maxRetries?: number | undefined;
  /** Upper bound of the first random delay, in milliseconds, above 0. After a 429 it is 1,000. @defaultValue 50 */
  readonly baseDelayMs?: number | undefined;
  /** Upper bound of every random delay, in milliseconds, at least `baseDelayMs`. @defaultValue 20000 */
  readonly maxDelayMs?: number | undefined;
  /** What all calls of the service together may retry; `false` for no such bound. */
  readonly budget?: RetryBudgetOptions | false | undefined;
}

export interface RetryLimits {
  readonly maxRetries: number;
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
}

/** What is read of `retry`: the limits of a call, and the budget that all calls share. */
export interface RetrySettings extends RetryLimits {
  readonly budget: RetryBudgetLimits | undefined;
}

// A throttled service wants seconds, a dropped packet wants milliseconds (AWS standard retry mode, 2026).
const throttledBaseDelayMs = 1_000;
// A hint counts up to this much beyond our own delay; whoever asks for more gets tried again and may ask again.
const maxHintBeyondDelayMs = 5_000;

const off: RetrySettings = { maxRetries: 0, baseDelayMs: 50, maxDelayMs: 20_000, budget: undefined };

/** Reads `retry`: an object of limits, or `false` for no retries at all. */
export function readRetry(reader: OptionReader): RetrySettings {
  if (reader.any("retry") === false) return off;
  const nested = reader.group("retry");
  const maxRetries = nested.number("maxRetries", 3, { min: 0, whole: true });
  const givenBaseMs = nested.number("baseDelayMs", undefined, { min: 1 });
  const givenMaxMs = nested.number("maxDelayMs", undefined, { min: 1 });
  // A default gives way to the limit that was given; only what the user wrote can contradict itself.
  const limits = {
    maxRetries,
    baseDelayMs: givenBaseMs ?? Math.min(50, givenMaxMs ?? 50),
    maxDelayMs: givenMaxMs ?? Math.max(20_000, givenBaseMs ?? 0),
    budget: readRetryBudget(nested),
  };
  if (limits.maxDelayMs < limits.baseDelayMs) nested.problem("retry.maxDelayMs must not be below retry.baseDelayMs");
  nested.rejectUnknown();
  return limits;
}

export type RetryDecision =
  | { readonly retry: true; readonly delayMs: number; readonly reason: "retry" | FreeReplay }
  | { readonly retry: false; readonly because: RetryRefusal; readonly retryAfterMs?: number };

/**
 * Whether, and after how long, a failed attempt is followed by another.
 *
 * The delay is `random * min(maxDelayMs, baseDelayMs * 2^i)`. A hint of the service is authoritative within
 * `max(t, min(hint, t + 5 s))`, t being our own delay. A delay, or a hint, that does not end before the deadline is
 * not waited for: the call fails now, and its error says when to come back.
 *
 * A replay for a reason of the transport or of auth is made at once, once per call and reason, and is no retry.
 *
 * @param failed - `isRepeatable`: the method is idempotent (RFC 9110, section 9.2.2) or the call carries a key that
 * the service honours. `isReplayable`: the body can be produced again. `replayed`: the reasons for which this call
 * was made again already.
 */
export function decideRetry(failed: {
  readonly failure: Failure;
  readonly retriesMade: number;
  readonly isRepeatable: boolean;
  readonly isReplayable: boolean;
  readonly replayed: ReadonlySet<FreeReplay>;
  readonly remainingMs: number;
  readonly limits: RetryLimits;
  readonly random: Random;
}): RetryDecision {
  const { failure, retriesMade, limits, remainingMs } = failed;
  const { freeReplay } = failure;
  if (freeReplay !== undefined && !failed.replayed.has(freeReplay) && failed.isReplayable && remainingMs > 0) {
    const isRefused = freeReplay === "fresh-credentials" && failure.outcome === "rejected";
    if (failed.isRepeatable || isRefused) return { retry: true, delayMs: 0, reason: freeReplay };
  }
  if (!failure.isTransient) return { retry: false, because: "permanent" };
  const tookNoEffect = failure.outcome === "not-sent" || failure.verdict === "throttled";
  if (!failed.isRepeatable && !tookNoEffect) return { retry: false, because: "unsafe" };
  if (retriesMade >= limits.maxRetries) return { retry: false, because: "spent" };
  if (!failed.isReplayable) return { retry: false, because: "one-shot-body" };

  const baseDelayMs = failure.verdict === "throttled" ? throttledBaseDelayMs : limits.baseDelayMs;
  const own = fullJitter({ baseDelayMs, maxDelayMs: limits.maxDelayMs }, retriesMade, failed.random);
  const hint = failure.retryAfterMs ?? 0;
  const delayMs = Math.max(own, Math.min(hint, own + maxHintBeyondDelayMs));
  const soonest = Math.max(delayMs, hint);
  if (soonest >= remainingMs) return { retry: false, because: "deadline", retryAfterMs: soonest };
  return { retry: true, delayMs, reason: "retry" };
}
