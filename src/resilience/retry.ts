import type { Random } from "../core/clock.ts";
import type { OptionReader } from "../core/options.ts";
import { fullJitter } from "./backoff.ts";
import type { Failure } from "./outcome.ts";

/** When a failed attempt is followed by another. */
export interface RetryOptions {
  /** Attempts after the first. From 0. @defaultValue 2 */
  readonly maxRetries?: number | undefined;
  /** Upper bound of the first random delay, in milliseconds, above 0. After a 429 it is 1,000. @defaultValue 50 */
  readonly baseDelayMs?: number | undefined;
  /** Upper bound of every random delay, in milliseconds, at least `baseDelayMs`. @defaultValue 20000 */
  readonly maxDelayMs?: number | undefined;
}

export interface RetryLimits {
  readonly maxRetries: number;
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
}

// A throttled service wants seconds, a dropped packet wants milliseconds (AWS standard retry mode, 2026).
const throttledBaseDelayMs = 1_000;
// A hint counts up to this much beyond our own delay; whoever asks for more gets tried again and may ask again.
const maxHintBeyondDelayMs = 5_000;

const off: RetryLimits = { maxRetries: 0, baseDelayMs: 50, maxDelayMs: 20_000 };

/** Reads `retry`: an object of limits, or `false` for no retries at all. */
export function readRetry(reader: OptionReader): RetryLimits {
  if (reader.any("retry") === false) return off;
  const nested = reader.nested("retry");
  if (nested === undefined) return { ...off, maxRetries: 2 };
  const maxRetries = nested.number("maxRetries", 2, { min: 0, whole: true });
  const givenBaseMs = nested.number("baseDelayMs", undefined, { min: 1 });
  const givenMaxMs = nested.number("maxDelayMs", undefined, { min: 1 });
  // A default gives way to the limit that was given; only what the user wrote can contradict itself.
  const limits = {
    maxRetries,
    baseDelayMs: givenBaseMs ?? Math.min(50, givenMaxMs ?? 50),
    maxDelayMs: givenMaxMs ?? Math.max(20_000, givenBaseMs ?? 0),
  };
  if (limits.maxDelayMs < limits.baseDelayMs) nested.problem("retry.maxDelayMs must not be below retry.baseDelayMs");
  nested.rejectUnknown();
  return limits;
}

/** Why a failed attempt is not followed by another. */
export type RetryRefusal = "permanent" | "unsafe" | "one-shot-body" | "spent" | "deadline";

export type RetryDecision =
  | { readonly retry: true; readonly delayMs: number }
  | { readonly retry: false; readonly because: RetryRefusal; readonly retryAfterMs?: number };

/**
 * Whether, and after how long, a failed attempt is followed by another.
 *
 * The delay is `random * min(maxDelayMs, baseDelayMs * 2^i)`. A hint of the service is authoritative within
 * `max(t, min(hint, t + 5 s))`, t being our own delay. A delay, or a hint, that does not end before the deadline is
 * not waited for: the call fails now, and its error says when to come back.
 *
 * @param failed - `isRepeatable`: the method is idempotent (RFC 9110, section 9.2.2) or the call carries a key that
 * the service honours. `isReplayable`: the body can be produced again.
 */
export function decideRetry(failed: {
  readonly failure: Failure;
  readonly retriesMade: number;
  readonly isRepeatable: boolean;
  readonly isReplayable: boolean;
  readonly remainingMs: number;
  readonly limits: RetryLimits;
  readonly random: Random;
}): RetryDecision {
  const { failure, retriesMade, limits, remainingMs } = failed;
  if (!failure.isTransient) return { retry: false, because: "permanent" };
  const tookNoEffect = failure.outcome === "not-sent" || failure.status === 429;
  if (!failed.isRepeatable && !tookNoEffect) return { retry: false, because: "unsafe" };
  if (retriesMade >= limits.maxRetries) return { retry: false, because: "spent" };
  if (!failed.isReplayable) return { retry: false, because: "one-shot-body" };

  const baseDelayMs = failure.status === 429 ? throttledBaseDelayMs : limits.baseDelayMs;
  const own = fullJitter({ baseDelayMs, maxDelayMs: limits.maxDelayMs }, retriesMade, failed.random);
  const hint = failure.retryAfterMs ?? 0;
  const delayMs = Math.max(own, Math.min(hint, own + maxHintBeyondDelayMs));
  const soonest = Math.max(delayMs, hint);
  if (soonest >= remainingMs) return { retry: false, because: "deadline", retryAfterMs: soonest };
  return { retry: true, delayMs };
}
