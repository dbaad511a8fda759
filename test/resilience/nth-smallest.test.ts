import * as fc from "fast-check";
import { expect, test } from "vitest";
import { nthSmallest } from "../../src/resilience/nth-smallest.ts";

const durations = fc.array(fc.oneof(fc.nat(3), fc.double({ min: 0, max: 1_000, noNaN: true })), {
  minLength: 1,
  maxLength: 100,
});

test("it is the value that sorting would put there, whatever was asked for before", () => {
  fc.assert(
    fc.property(durations, fc.array(fc.nat(99), { minLength: 1, maxLength: 4 }), (given, places) => {
      const sorted = Float64Array.from(given).toSorted();
      const values = Float64Array.from(given);
      for (const place of places) {
        const n = place % given.length;
        expect(nthSmallest(values, n)).toBe(sorted[n]);
      }
      expect(values.toSorted()).toEqual(sorted);
    }),
  );
});

test.each([
  ["all the same", () => 7],
  ["rising", (index: number) => index],
  ["falling", (index: number) => -index],
])("of many values, %s, too", (_how, valueAt) => {
  const values = Float64Array.from({ length: 512 }, (_, index) => valueAt(index));
  const sorted = values.toSorted();
  for (const n of [486, 256, 0, 511]) expect(nthSmallest(values, n)).toBe(sorted[n]);
});
