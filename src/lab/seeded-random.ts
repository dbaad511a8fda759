import type { Random } from "../core/clock.ts";

/**
 * A stream of numbers that a seed and a name determine: sfc32 (Doty-Humphrey, PractRand), which passes the usual
 * batteries and is a few additions. Streams of different names are independent, so that what one part of a simulation
 * draws does not shift what another sees.
 */
export function seededRandom(seed: number, stream: string): Random {
  let hash = 0x811c9dc5;
  for (const letter of `${seed}:${stream}`) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  let a = hash;
  let b = Math.imul(hash, 0x9e3779b1);
  let c = seed | 0;
  let counter = 1;
  const next: Random = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  // Seeds that differ in a bit must not begin alike.
  for (let i = 0; i < 15; i++) next();
  return next;
}

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
