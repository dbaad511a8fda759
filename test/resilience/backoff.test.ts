import * as fc from "fast-check";
import { expect, test } from "vitest";
import { fullJitter } from "../../src/resilience/backoff.ts";

const limits = { baseDelayMs: 50, maxDelayMs: 20_000 };

test.each([
  [0, 25],
  [1, 50],
  [2, 100],
  [8, 6_400],
  [9, 10_000],
  [2_000, 10_000],
])("retry %i waits its share of the bound, which doubles up to maxDelayMs: %i of twice that", (retryIndex, delayMs) => {
  expect(fullJitter(limits, retryIndex, () => 0.5)).toBe(delayMs);
});

test("a random number of 0 is no delay at all, even where nothing bounds it", () => {
  const unbounded = { baseDelayMs: 50, maxDelayMs: Number.POSITIVE_INFINITY };
  expect(fullJitter(unbounded, 5_000, () => 0)).toBe(0);
});

test("any delay is a number from 0 up to the bound of its retry, the bound itself excluded", () => {
  fc.assert(
    fc.property(
      fc.record({
        baseDelayMs: fc.double({ min: 1, max: 1e9, noNaN: true }),
        maxDelayMs: fc.double({ min: 1, noNaN: true }),
      }),
      fc.nat(3_000),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (any, retryIndex, random) => {
        const delayMs = fullJitter(any, retryIndex, () => random);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThan(any.maxDelayMs);
        expect(delayMs).toBeLessThan(Number.POSITIVE_INFINITY);
      },
    ),
  );
});
