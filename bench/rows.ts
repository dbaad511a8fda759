import { type Spread, spreadOf } from "./statistics.ts";
import type { Row, Sample, Suite } from "./suite.ts";

/** The samples of one subject at one workload, by round. */
export type Rounds = readonly Sample[];

/**
 * The rows of one workload, in the order of the subjects. A ratio is of two samples of the same round, which ran within
 * seconds of each other, and not of two medians: what else the machine did by then happened to both.
 */
export function rowsOf(
  suite: Pick<Suite, "id" | "baseline">,
  workload: string,
  samples: ReadonlyMap<string, Rounds>,
): readonly Row[] {
  const base = samples.get(suite.baseline);
  return [...samples].map(([subject, rounds]) => {
    const optional = (name: "p99Us" | "allocatedBytes" | "retainedBytes"): Partial<Row> =>
      named(name, spreadWhereAll(rounds.map((sample) => sample[name])));
    const ratios = rounds.map(({ cpuUs }, round) => dividedBy(cpuUs, base?.[round]?.cpuUs));
    const more = moreOf(rounds);
    return {
      suite: suite.id,
      workload,
      subject,
      baseline: suite.baseline,
      ...named("cpuRatio", spreadWhereAll(ratios)),
      rounds: rounds.length,
      cpuUs: spreadOf(rounds.map(({ cpuUs }) => cpuUs)),
      wallUs: spreadOf(rounds.map(({ wallUs }) => wallUs)),
      ...optional("p99Us"),
      ...optional("allocatedBytes"),
      ...optional("retainedBytes"),
      ...(Object.keys(more).length === 0 ? {} : { more }),
    };
  });
}

const dividedBy = (value: number, by: number | undefined): number | undefined =>
  by === undefined ? undefined : value / by;

const named = (name: string, spread: Spread | undefined): Partial<Row> =>
  spread === undefined ? {} : { [name]: spread };

/** Undefined where a round lacks the value: a median over some of the rounds would not be of the same rounds. */
function spreadWhereAll(values: readonly (number | undefined)[]): Spread | undefined {
  const there = values.filter((value) => value !== undefined);
  return there.length === 0 || there.length < values.length ? undefined : spreadOf(there);
}

function moreOf(rounds: Rounds): Record<string, Spread> {
  const names = new Set(rounds.flatMap(({ more }) => Object.keys(more ?? {})));
  const spreads: Record<string, Spread> = {};
  for (const name of names) {
    const spread = spreadWhereAll(rounds.map(({ more }) => more?.[name]));
    if (spread !== undefined) spreads[name] = spread;
  }
  return spreads;
}
