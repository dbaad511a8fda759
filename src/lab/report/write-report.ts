import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { resultsDocument } from "./document.ts";
import { goodputChart } from "./goodput-chart.ts";
import { attemptsOverview, goodputOverview, recoveryOverview } from "./overview-charts.ts";
import { type Results, summaryOf } from "./standing.ts";

/** Writes document, figures and charts of a run into a directory. */
export async function writeReport(
  directory: string,
  results: Results,
  facts: { readonly command: string; readonly versions: Readonly<Record<string, string>>; readonly seeds: number },
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const write = (name: string, content: string): Promise<void> => writeFile(join(directory, name), content);
  await Promise.all([
    write("results.md", resultsDocument(results, facts)),
    write("results.json", jsonOf(results, facts)),
    write("goodput.svg", goodputOverview(results)),
    write("attempts.svg", attemptsOverview(results)),
    write("recovery.svg", recoveryOverview(results)),
    ...results.scenarios.map((scenario) =>
      write(
        `scenario-${scenario.id}.svg`,
        goodputChart(
          scenario,
          results.subjects.flatMap(({ id, name }) => {
            const summary = summaryOf(results, scenario.id, id);
            return summary === undefined ? [] : [{ name, summary }];
          }),
        ),
      ),
    ),
  ]);
}

/** All figures as JSON, a line for each subject in each scenario. */
export function jsonOf(results: Results, facts: object): string {
  const { summaries, subjects } = results;
  const lines = summaries.map((summary) => `  ${JSON.stringify(summary)}`).join(",\n");
  return `{"facts": ${JSON.stringify(facts)},\n"subjects": ${JSON.stringify(subjects)},\n"summaries": [\n${lines}\n]}\n`;
}
