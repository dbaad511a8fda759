import * as fc from "fast-check";
import { expect, test } from "vitest";
import { slopeOf } from "../../bench/slope.ts";

const points = (sizes: readonly number[], totalOf: (size: number) => number) =>
  sizes.map((size) => ({ size, total: totalOf(size) }));

test.each([
  ["what does not grow", 0, () => 7],
  ["what grows as its size does", 1, (size: number) => 3 * size],
  ["what grows with the square", 2, (size: number) => 0.5 * size * size],
])("%s has a slope of %d", (_what, slope, totalOf) => {
  expect(slopeOf(points([1, 3, 10, 30, 100], totalOf))).toBeCloseTo(slope, 10);
});

test("what is nearly linear lies between", () => {
  const slope = slopeOf(points([10, 100, 1_000], (size) => size * Math.log(size)));
  expect(slope).toBeGreaterThan(1.1);
  expect(slope).toBeLessThan(1.4);
});

test("a fixed part makes a slope smaller, which is why the fit begins above it", () => {
  const withFixed = (size: number): number => 1_000 + size;
  expect(slopeOf(points([1, 10, 100], withFixed))).toBeLessThan(0.1);
  expect(slopeOf(points([10_000, 100_000], withFixed))).toBeGreaterThan(0.9);
});

test("the unit of neither matters", () => {
  const total = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
  const scale = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
  fc.assert(
    fc.property(fc.array(total, { minLength: 2, maxLength: 6 }), scale, scale, (totals, unit, other) => {
      const plain = totals.map((one, index) => ({ size: 2 ** index, total: one }));
      const scaled = plain.map(({ size, total: one }) => ({ size: size * unit, total: one * other }));
      expect(slopeOf(scaled)).toBeCloseTo(slopeOf(plain), 6);
    }),
  );
});

test.each([
  [
    "one size",
    [
      { size: 3, total: 1 },
      { size: 3, total: 2 },
    ],
  ],
  ["nothing", []],
  [
    "a total of nothing",
    [
      { size: 1, total: 0 },
      { size: 2, total: 1 },
    ],
  ],
  [
    "a total below it",
    [
      { size: 1, total: -5 },
      { size: 2, total: 1 },
    ],
  ],
  [
    "a total that is no number",
    [
      { size: 1, total: Number.NaN },
      { size: 2, total: 1 },
    ],
  ],
])("%s has none", (_what, few) => {
  expect(() => slopeOf(few)).toThrow(RangeError);
});
