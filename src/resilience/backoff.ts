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
  return random() * Math.min(limits.maxDelayMs, limits.baseDelayMs * 2 ** retryIndex);
}
