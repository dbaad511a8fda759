/** What so much of something costs as a whole. */
export interface Point {
  readonly size: number;
  readonly total: number;
}

/**
 * How a total grows with size: the exponent of the power of `size` that comes nearest to the totals, by least squares of
 * the logarithms. 1 is linear, 2 quadratic.
 *
 * @param points - with sizes and totals above 0, and two sizes at least.
 * @throws RangeError for others: a logarithm of them would be no number, and a slope through one point any.
 */
export function slopeOf(points: readonly Point[]): number {
  if (points.some(({ size, total }) => !(size > 0 && total > 0)))
    throw new RangeError("a slope is of sizes and totals above 0");
  const xs = points.map(({ size }) => Math.log(size));
  const ys = points.map(({ total }) => Math.log(total));
  const [meanX, meanY] = [mean(xs), mean(ys)];
  const spread = sum(xs.map((x) => (x - meanX) ** 2));
  if (!(spread > 0)) throw new RangeError("a slope is of two sizes at least");
  return sum(xs.map((x, index) => (x - meanX) * ((ys[index] ?? 0) - meanY))) / spread;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
