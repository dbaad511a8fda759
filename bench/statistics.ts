/** What several rounds said of one thing. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** @throws RangeError where there is no value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined) throw new RangeError("nothing was measured");
  const upper = sorted[Math.floor(sorted.length / 2)] ?? max;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? min;
  return { min, median: (lower + upper) / 2, max };
}

/** The smallest value that at least `part` of the values do not exceed (nearest rank); `values` gets sorted. */
export function percentile(values: Float64Array, part: number): number {
  values.sort();
  return values[Math.max(0, Math.ceil(part * values.length) - 1)] ?? Number.NaN;
}
