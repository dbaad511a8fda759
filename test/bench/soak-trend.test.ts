import { describe, expect, test } from "vitest";
import { isGrowing, leastPoints, type Point, trendOf } from "../../bench/soak/trend.ts";
import { seededRandom } from "../../src/core/seeded-random.ts";

/** A point a minute: a line with noise. */
function points(line: { readonly from: number; readonly perMinute: number; readonly noise: number }): Point[] {
  const random = seededRandom(7);
  return Array.from({ length: 60 }, (_, minute) => {
    const noise = (random() - 0.5) * 2 * line.noise;
    return { atMs: minute * 60_000, value: line.from + minute * line.perMinute + noise };
  });
}

describe("a line through points", () => {
  test("has the slope and the growth of points that lie on it, and no error", () => {
    const trend = trendOf(points({ from: 100, perMinute: 2, noise: 0 }));
    expect(trend.perHour).toBeCloseTo(120, 6);
    expect(trend.growth).toBeCloseTo(118, 6);
    expect(trend.errorPerHour).toBeCloseTo(0, 6);
    expect(trend.mean).toBeCloseTo(159, 6);
  });

  test("is not drawn through few points, nor through those of one moment", () => {
    const all = points({ from: 1, perMinute: 0, noise: 0 });
    expect(() => trendOf(all.slice(0, leastPoints - 1))).toThrow(/a trend needs 20 points at different times, not 19/);
    expect(() => trendOf(all.map(({ value }) => ({ atMs: 5, value })))).toThrow(RangeError);
  });
});

describe("a value grows", () => {
  test("where its slope is no chance", () => {
    expect(isGrowing(trendOf(points({ from: 1_000, perMinute: 5, noise: 40 })))).toBe(true);
  });

  test("and not where noise alone makes the slope", () => {
    expect(isGrowing(trendOf(points({ from: 100, perMinute: 0, noise: 90 })))).toBe(false);
  });

  test("nor where it falls", () => {
    expect(isGrowing(trendOf(points({ from: 1_000, perMinute: -5, noise: 1 })))).toBe(false);
  });

  test("nor by less than a hundredth of itself, however sure that is", () => {
    expect(isGrowing(trendOf(points({ from: 1_000, perMinute: 0.15, noise: 0 })))).toBe(false);
    expect(isGrowing(trendOf(points({ from: 1_000, perMinute: 0.2, noise: 0 })))).toBe(true);
  });
});
