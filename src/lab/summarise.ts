import type { Figures } from "./measure.ts";
import type { Scenario } from "./scenario.ts";
import { measures } from "./scenarios.ts";

/** Over the seeds. */
export interface Spread {
  readonly mean: number;
  /** Standard deviation of the sample; 0 of a single one. */
  readonly sd: number;
}

/** The figures of one subject in one scenario over all seeds; see {@link Figures}. */
export interface Summary {
  readonly scenario: string;
  readonly subject: string;
  readonly seeds: number;
  readonly goodput: Spread;
  readonly goodputDuring: Spread;
  readonly goodputAfter: Spread | null;
  readonly attemptsPerCall: Spread;
  readonly attemptsPerCallDuring: Spread;
  /** Of the seeds in which calls succeeded again; null where there are none. */
  readonly recoveryMs: Spread | null;
  /** In how many seeds calls succeeded again. */
  readonly recovered: number;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
  readonly p999Ms: Spread;
  readonly wastedWork: Spread;
  readonly goodputBySecond: readonly number[];
}

/** Takes the figures of several seeds together. */
export function summarise(scenario: string, subject: string, figures: readonly Figures[]): Summary {
  const of = (name: Exclude<keyof Figures, "goodputBySecond" | "goodputAfter" | "recoveryMs">): Spread =>
    spread(figures.map((one) => one[name]));
  const recoveries = figures.flatMap(({ recoveryMs }) => (recoveryMs === null ? [] : [recoveryMs]));
  const after = figures.flatMap(({ goodputAfter }) => (goodputAfter === null ? [] : [goodputAfter]));
  const seconds = figures[0]?.goodputBySecond.length ?? 0;
  return {
    scenario,
    subject,
    seeds: figures.length,
    goodput: of("goodput"),
    goodputDuring: of("goodputDuring"),
    goodputAfter: after.length === 0 ? null : spread(after),
    attemptsPerCall: of("attemptsPerCall"),
    attemptsPerCallDuring: of("attemptsPerCallDuring"),
    recoveryMs: recoveries.length === 0 ? null : spread(recoveries),
    recovered: recoveries.length,
    p50Ms: of("p50Ms"),
    p99Ms: of("p99Ms"),
    p999Ms: of("p999Ms"),
    wastedWork: of("wastedWork"),
    goodputBySecond: Array.from({ length: seconds }, (_, second) =>
      digits(spread(figures.map((one) => one.goodputBySecond[second] ?? 0)).mean),
    ),
  };
}

function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean: digits(mean), sd: digits(values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1))) };
}

// More than any figure is worth, and a file that can be read.
const digits = (value: number): number => Math.round(value * 1e5) / 1e5;

/**
 * Whether the service is failing during the fault, and not merely flaky: fewer than half of the calls succeed of a
 * client that does not retry. Undefined where that client was not run.
 */
export function isFailing(summaries: readonly Summary[], scenario: string): boolean | undefined {
  const yardstick = summaries.find((one) => one.scenario === scenario && one.subject === "no-retries");
  return yardstick === undefined ? undefined : yardstick.goodputDuring.mean < measures.failingBelow;
}

/** How many percentage points of goodput each subject is behind the best of its scenario. */
export function behindBest(summaries: readonly Summary[], scenario: Pick<Scenario, "id">): ReadonlyMap<string, number> {
  const rows = summaries.filter((one) => one.scenario === scenario.id);
  const best = Math.max(...rows.map(({ goodput }) => goodput.mean));
  return new Map(rows.map(({ subject, goodput }) => [subject, 100 * (best - goodput.mean)]));
}
