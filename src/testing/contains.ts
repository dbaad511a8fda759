const brand: unique symbol = Symbol("contains");

/** A part of a value that is looked for; what else is there does not matter. */
export interface Contains {
  readonly [brand]: unknown;
}

/**
 * Matches what holds at least this: the fields of an object, each in turn by its own fields, and the items of a list,
 * one by one from its start. For the `body` and the `query` that a mock expects, and for any value within a body.
 */
export function contains(part: object): Contains {
  return { [brand]: part };
}

/** Whether it was made with `contains`. */
export function isContains(expected: unknown): expected is Contains {
  return typeof expected === "object" && expected !== null && brand in expected;
}

/** The part that is looked for; undefined for any other value. */
export function partOf(expected: unknown): { readonly value: unknown } | undefined {
  return isContains(expected) ? { value: expected[brand] } : undefined;
}

/** What was expected, for a message. */
export function shownExpected(expected: unknown): unknown {
  return isContains(expected) ? expected[brand] : expected;
}
