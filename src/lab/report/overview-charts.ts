import { behindBest } from "../summarise.ts";
import { percent } from "./figures-text.ts";
import { type HeatCell, heatTable } from "./heat-table.ts";
import { type Results, summaryOf } from "./standing.ts";

const empty: HeatCell = { text: "–", badness: 0 };

/** Goodput of every subject in every scenario. */
export function goodputOverview(results: Results): string {
  return heatTable({
    title: "Goodput: calls that succeeded in time, in percent",
    subtitle: "From the beginning of the fault to the end of the run; mean over the seeds.",
    legend:
      "Bold: the best, or less than 0.05 points behind. Colour: points behind the best of the row, darkest at 50.",
    columns: columnsOf(results),
    rows: results.scenarios.map((scenario) => {
      const behind = behindBest(results.summaries, scenario);
      return {
        name: scenario.id,
        cells: results.subjects.map(({ id }) => {
          const summary = summaryOf(results, scenario.id, id);
          const points = behind.get(id) ?? 0;
          if (summary === undefined) return empty;
          return { text: percent(summary.goodput.mean), badness: points / 50, isBold: points < 0.05 };
        }),
      };
    }),
  });
}

/** Attempts for each call while something is wrong. */
export function attemptsOverview(results: Results): string {
  return heatTable({
    title: "Attempts per call during the fault",
    subtitle: "How much a subject multiplies the load while something is wrong; below 1 it keeps calls back.",
    legend: "Colour: from 1.15 (light) to 4 (dark). Under random errors each retry helps; under slowdowns none does.",
    columns: columnsOf(results),
    rows: results.scenarios.map(({ id }) => ({
      name: id,
      cells: results.subjects.map((subject) => {
        const summary = summaryOf(results, id, subject.id);
        if (summary === undefined) return empty;
        const { mean } = summary.attemptsPerCallDuring;
        return { text: mean.toFixed(2), badness: mean <= 1.15 ? 0 : 0.1 + (mean - 1.15) / 2.85 };
      }),
    })),
  });
}

/** How long after the fault calls succeed as before. */
export function recoveryOverview(results: Results): string {
  return heatTable({
    title: "Recovery: seconds from the end of the fault",
    subtitle:
      "To the beginning of the first 3 s in which at least 95 % of the calls succeed; mean over the seeds that recover.",
    legend: "*: some seeds never recover within the run. never: no seed does. Colour: darkest at 20 s and more.",
    columns: columnsOf(results),
    rows: results.scenarios
      .filter(({ afterMs }) => afterMs > 0)
      .map(({ id }) => ({
        name: id,
        cells: results.subjects.map((subject) => {
          const summary = summaryOf(results, id, subject.id);
          if (summary === undefined) return empty;
          if (summary.recoveryMs === null) return { text: "never", badness: 1 };
          const seconds = summary.recoveryMs.mean / 1_000;
          const isPartial = summary.recovered < summary.seeds;
          return { text: `${seconds.toFixed(1)}${isPartial ? " *" : ""}`, badness: isPartial ? 1 : seconds / 20 };
        }),
      })),
  });
}

/** Peers and baselines are one group: the others. */
function columnsOf({ subjects }: Results): readonly { readonly name: string; readonly group: string }[] {
  return subjects.map(({ name, group }) => ({ name, group: group === "baseline" ? "peer" : group }));
}
