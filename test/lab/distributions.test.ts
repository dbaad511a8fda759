import { expect, test } from "vitest";
import { seededRandom } from "../../src/core/seeded-random.ts";
import { exponential, logNormal } from "../../src/lab/distributions.ts";

const take = (count: number, next: () => number): number[] => Array.from({ length: count }, next);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

test("exponential and log-normal times have the mean that was asked for", () => {
  const random = seededRandom(3, "means");
  expect(mean(take(100_000, () => exponential(random, 20)))).toBeCloseTo(20, 0);
  expect(mean(take(200_000, () => logNormal(random, 20, 1)))).toBeCloseTo(20, 0);
});
