import { expect, test } from "vitest";
import { exponential, logNormal, seededRandom } from "../../src/lab/seeded-random.ts";

const take = (count: number, next: () => number): number[] => Array.from({ length: count }, next);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

test("a seed and a name determine the numbers; another seed or name gives others", () => {
  const first = take(5, seededRandom(1, "a"));
  expect(take(5, seededRandom(1, "a"))).toEqual(first);
  expect(take(5, seededRandom(2, "a"))).not.toEqual(first);
  expect(take(5, seededRandom(1, "b"))).not.toEqual(first);
});

test("the numbers are from 0 to below 1 and fill that range evenly", () => {
  const values = take(100_000, seededRandom(7, "even"));
  expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
  const tenths = Array.from({ length: 10 }, (_, i) => values.filter((value) => Math.floor(value * 10) === i).length);
  for (const count of tenths) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

test("exponential and log-normal times have the mean that was asked for", () => {
  const random = seededRandom(3, "means");
  expect(mean(take(100_000, () => exponential(random, 20)))).toBeCloseTo(20, 0);
  expect(mean(take(200_000, () => logNormal(random, 20, 1)))).toBeCloseTo(20, 0);
});
