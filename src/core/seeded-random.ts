import type { Random } from "./clock.ts";
import { ServiceConfigurationError } from "./errors.ts";

/**
 * A stream of numbers that a seed and a name determine: sfc32 (Doty-Humphrey, PractRand), which passes the usual
 * batteries and is a few additions. Streams of different names are independent, so that what one part of a simulation
 * draws does not shift what another sees. Never for secrets.
 *
 * @param seed - a whole number.
 * @param stream - the name of the stream. @defaultValue ""
 * @throws ServiceConfigurationError for a seed that is no whole number, and a name that is no string.
 */
export function seededRandom(seed: number, stream = ""): Random {
  const problems = [
    ...(Number.isSafeInteger(seed) ? [] : [`the seed must be a whole number, not ${String(seed)}`]),
    ...(typeof stream === "string" ? [] : ["the name of the stream must be a string"]),
  ];
  if (problems.length > 0) throw new ServiceConfigurationError("seededRandom", problems);
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
