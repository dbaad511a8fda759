import type { Random } from "../core/clock.ts";

/**
 * The delay before a retry, in milliseconds: `random * min(maxDelayMs, baseDelayMs * 2^retryIndex)`.
 *
 * Full jitter: of the schemes that spread clients which failed together, it asks for the least work of the service
 * (Brooker, "Exponential Backoff And Jitter", 2015).
 *
 * @param retryIndex - 0 for the first retry.
 */
export function fullJitter(
  limits: { readonly baseDelayMs: number; readonly maxDelayMs: number },
  retryIndex: number,
  random: Random,
): number {
  // Finite, for a random 0 times no bound at all would be NaN, and no delay.
  return random() * Math.min(limits.maxDelayMs, limits.baseDelayMs * 2 ** retryIndex, Number.MAX_SAFE_INTEGER);
}
