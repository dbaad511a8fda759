import { expect, test } from "vitest";
import { misdeedFor, oneOf } from "../../bench/soak/misdeeds.ts";
import { deedFor, deeds } from "../../bench/soak/deeds.ts";
import { seededRandom } from "../../src/core/seeded-random.ts";

test("the same seed makes the same plan, with every misdeed in it and most requests answered", () => {
  const planOf = (seed: number): (string | undefined)[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 5_000 }, () => misdeedFor(random));
  };
  const plan = planOf(1);
  expect(planOf(1)).toEqual(plan);
  expect(planOf(2)).not.toEqual(plan);
  expect(new Set(plan).size).toBe(10);
  expect(plan.filter((misdeed) => misdeed === undefined).length).toBeGreaterThan(3_500);
});

test("nothing is chosen from nothing", () => {
  expect(oneOf(["a", "b"], () => 0.999)).toBe("b");
  expect(() => oneOf([], () => 0)).toThrow(RangeError);
});

test("every deed is drawn, the first at 0 and the last just below 1", () => {
  expect(deedFor(0)).toBe(deeds[0]);
  expect(deedFor(0.999_999)).toBe(deeds.at(-1));
  const drawn = new Set(Array.from({ length: 1_000 }, (_, index) => deedFor(index / 1_000).kind));
  expect(drawn.size).toBe(deeds.length);
  expect(() => deedFor(1)).toThrow(RangeError);
});
