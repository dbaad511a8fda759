/** A value at a moment. */
export interface Point {
  readonly atMs: number;
  readonly value: number;
}

/** A straight line through points, by least squares. */
export interface Trend {
  /** Of the value, for each hour. */
  readonly perHour: number;
  /** The standard error of that. */
  readonly errorPerHour: number;
  /** From the first point to the last. */
  readonly growth: number;
  /** The mean of all values. */
  readonly mean: number;
}

const hourMs = 3_600_000;
/** With fewer, chance draws any line. */
export const leastPoints = 20;
/** Above as many standard errors, a slope is no chance: one in 700 of lines that are flat. */
const significance = 3;
/** Growth below this part of the mean is what V8 notes of code that seldom runs. */
const negligible = 0.01;

/** @throws RangeError for fewer than {@link leastPoints}, or all at one moment. */
export function trendOf(points: readonly Point[]): Trend {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || points.length < leastPoints || first.atMs >= last.atMs) {
    throw new RangeError(`a trend needs ${leastPoints} points at different times, not ${points.length}`);
  }
  const meanAt = meanOf(points.map(({ atMs }) => atMs));
  const mean = meanOf(points.map(({ value }) => value));
  const spread = sumOf(points.map(({ atMs }) => (atMs - meanAt) ** 2));
  const slope = sumOf(points.map(({ atMs, value }) => (atMs - meanAt) * (value - mean))) / spread;
  const residues = points.map(({ atMs, value }) => value - mean - slope * (atMs - meanAt));
  const error = Math.sqrt(sumOf(residues.map((residue) => residue ** 2)) / (points.length - 2) / spread);
  return {
    perHour: slope * hourMs,
    errorPerHour: error * hourMs,
    growth: slope * (last.atMs - first.atMs),
    mean,
  };
}

/**
 * Whether the value grows: the slope is above 0 by more than three of its standard errors, and what that makes over the
 * time that was watched is more than a hundredth of the value.
 */
export function isGrowing({ perHour, errorPerHour, growth, mean }: Trend): boolean {
  return perHour > significance * errorPerHour && growth > negligible * mean;
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const meanOf = (values: readonly number[]): number => sumOf(values) / values.length;
