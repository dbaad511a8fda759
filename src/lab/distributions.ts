import type { Random } from "../core/clock.ts";

/** An exponentially distributed number with this mean. */
export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random());
}

/** A log-normally distributed number with this mean; `sigma` is that of its logarithm. */
export function logNormal(random: Random, mean: number, sigma: number): number {
  // Box and Muller; the second number is thrown away, for a stream must not depend on who asked before.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return mean * Math.exp(sigma * normal - (sigma * sigma) / 2);
}
