import { isDeepStrictEqual } from "node:util";

const brand: unique symbol = Symbol("contains");

/** A part of a value that is looked for; what else is there does not matter. */
export interface Contains {
  readonly [brand]: unknown;
}

/**
 * Matches what holds at least this: the fields of an object, each in turn by its own fields, and the items of a list,
 * one by one from its start. For the `body` and the `query` that a mock expects.
 */
export function contains(part: object): Contains {
  return { [brand]: part };
}

/** Whether it was made with `contains`. */
export function isContains(expected: unknown): expected is Contains {
  return typeof expected === "object" && expected !== null && brand in expected;
}

/** Whether a value is what was expected: the very same, or what `contains` says. */
export function isExpected(expected: unknown, actual: unknown): boolean {
  return isContains(expected) ? holds(expected[brand], actual) : isDeepStrictEqual(expected, actual);
}

function holds(part: unknown, whole: unknown): boolean {
  if (typeof part !== "object" || part === null) return Object.is(part, whole);
  if (isContains(part)) return holds(part[brand], whole);
  if (typeof whole !== "object" || whole === null || Array.isArray(part) !== Array.isArray(whole)) return false;
  return Object.entries(part).every(
    ([key, value]) => Object.hasOwn(whole, key) && holds(value, (whole as Readonly<Record<string, unknown>>)[key]),
  );
}

/** What was expected, for a message. */
export function shownExpected(expected: unknown): unknown {
  return isContains(expected) ? expected[brand] : expected;
}
