import { expect, test } from "vitest";
import { seededRandom } from "../../src/core/seeded-random.ts";

const take = (count: number, next: () => number): number[] => Array.from({ length: count }, next);

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

test("a seed that is no whole number is refused", () => {
  for (const seed of [0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => seededRandom(seed)).toThrow(/seed must be a whole number/);
  }
  expect(() => seededRandom("1" as never, 2 as never)).toThrow(/whole number.*name of the stream/s);
});
