import { type Point, slopeOf } from "../slope.ts";
import type { Spread } from "../statistics.ts";
import type { Row, Target } from "../suite.ts";
import { figure } from "../table.ts";

/** The most that the slope of a total may be. */
const promisedSlope = 1.05;

/** What one figure comes to at one size, for each of so many. */
export interface Measured {
  readonly size: number;
  readonly each: number;
}

/** What is asked of as work grows. */
export interface Axis {
  readonly id: string;
  /** Ascending. */
  readonly sizes: readonly number[];
  /** The first size whose figures are above the noise, and hold little that does not grow: the slope begins there. */
  readonly fitFrom: number;
}

// Shorter than any run that says something.
const tinyMs = 100;

/** The axis that a run measures: where it is so short that it only shows that everything works, with two sizes of the fit. */
export function axisFor<A extends Axis>(axis: A, measureMs: number): A {
  if (measureMs >= tinyMs) return axis;
  const count = axis.sizes.indexOf(axis.fitFrom) + 2;
  return { ...axis, sizes: axis.sizes.slice(0, count) };
}

const slopeKey = (title: string): string => `slope of ${title}`;
const key = (title: string, size: number): string => `${title} @${size}`;

/**
 * The columns of one figure: what it is for each at both ends of the fit, and the slope of the total.
 *
 * @param title - with its unit, such as `CPU µs`. A size whose figure is not above zero is left out of the
 * slope; where one size is left, there is none.
 * @param measured - at every size of the axis.
 */
export function growthOf({ fitFrom }: Axis, title: string, measured: readonly Measured[]): Record<string, number> {
  const fitted = measured.filter(({ size }) => size >= fitFrom);
  // What the noise of one process brings below zero, a heap of few or what an interval allocated, has no logarithm.
  const points: Point[] = fitted.filter(({ each }) => each > 0).map(({ size, each }) => ({ size, total: size * each }));
  const columns: Record<string, number> = {};
  for (const { size, each } of [fitted.at(0), fitted.at(-1)].filter((one) => one !== undefined))
    columns[key(title, size)] = each;
  return points.length < 2 ? columns : { ...columns, [slopeKey(title)]: slopeOf(points) };
}

/** One slope, as the rows have it. */
interface Slope {
  readonly axis: Axis;
  readonly row: Row;
  readonly title: string;
  readonly spread: Spread;
}

function slopesIn(rows: readonly Row[], axes: readonly Axis[]): readonly Slope[] {
  const prefix = slopeKey("");
  return axes.flatMap((axis) =>
    rows
      .filter(({ workload }) => workload === axis.id)
      .flatMap((row) =>
        Object.entries(row.more ?? {})
          .filter(([column]) => column.startsWith(prefix))
          .map(([column, spread]) => ({ axis, row, title: column.slice(prefix.length), spread })),
      ),
  );
}

/** Every slope, and what it is of. */
export function slopeTable(rows: readonly Row[], axes: readonly Axis[]): readonly (readonly string[])[] {
  const slopes = slopesIn(rows, axes);
  if (slopes.length === 0) return [];
  const header = ["of each", "subject", "figure", "from", "to", "slope of the total", "min to max"];
  return [
    header,
    ...slopes.map(({ axis: { id, fitFrom, sizes }, row, title, spread: { min, median, max } }) => {
      const at = (size: number): string => {
        const each = row.more?.[key(title, size)]?.median;
        return each === undefined ? "–" : `${figure(each)} @${size}`;
      };
      const ends = [at(fitFrom), at(sizes.at(-1) ?? fitFrom)];
      return [id, row.subject, title, ...ends, median.toFixed(3), `${min.toFixed(3)} to ${max.toFixed(3)}`];
    }),
  ];
}

/** The promises of every axis: of all figures of the subject, the one whose slope is steepest. */
export function slopeTargets(axes: readonly Axis[], subject: string): readonly Target[] {
  return axes.map((axis) => ({
    text: `${axis.id}: steepest slope of a total, ${subject}`,
    of: (rows) => {
      const slopes = slopesIn(rows, [axis]).filter(({ row }) => row.subject === subject);
      return slopes.length === 0 ? undefined : Math.max(...slopes.map(({ spread }) => spread.median));
    },
    atMost: promisedSlope,
  }));
}
