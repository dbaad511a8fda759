import { expect, test } from "vitest";
import { percentile, spreadOf } from "../../bench/statistics.ts";

test("a spread has the smallest, the middle and the largest value, in whatever order they came", () => {
  expect(spreadOf([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
});

test("the median of an even number of values lies between the two in the middle", () => {
  expect(spreadOf([4, 1, 2, 10]).median).toBe(3);
});

test("there is no spread of nothing", () => {
  expect(() => spreadOf([])).toThrow(RangeError);
});

test("a percentile is the smallest value that so many do not exceed", () => {
  const values = Float64Array.from({ length: 200 }, (_, index) => 200 - index);
  expect(percentile(values, 0.99)).toBe(198);
  expect(percentile(values, 1)).toBe(200);
  expect(percentile(Float64Array.of(7), 0.5)).toBe(7);
});
