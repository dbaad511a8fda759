import type { Random } from "../../src/core/clock.ts";

/** What the far side does with one request, and how often in a thousand; with the others it does what it should. */
const perMille = {
  /** Answers after the limit of an attempt. */
  late: 40,
  /** 503, to be asked again in a second. */
  unavailable: 30,
  /** 429, to be asked again in a second: that holds all callers back. */
  throttled: 3,
  /** 500. */
  error: 20,
  /** The connection is reset before the answer. */
  reset: 30,
  /** The answer ends in the middle, and so does the connection. */
  cut: 30,
  /** Bytes that are no HTTP. */
  garbage: 15,
  /** A 200 whose body is not what its type says. */
  mistyped: 15,
  /** No answer, ever. */
  silent: 10,
} as const;

export type Misdeed = keyof typeof perMille;

/** What is done to one connection of a stream. */
export const strokes = ["terminate", "going-away", "overloaded", "garbage", "mute"] as const;

export type Stroke = (typeof strokes)[number];

/** Undefined for a request that is answered as it should be. */
export function misdeedFor(random: Random): Misdeed | undefined {
  let left = random() * 1_000;
  for (const [misdeed, share] of Object.entries(perMille) as [Misdeed, number][]) {
    left -= share;
    if (left < 0) return misdeed;
  }
  return undefined;
}

/** One of these. @throws RangeError where there is none. */
export function oneOf<T>(all: readonly T[], random: Random): T {
  const one = all[Math.floor(random() * all.length)];
  if (one === undefined) throw new RangeError("there is nothing to choose from");
  return one;
}
