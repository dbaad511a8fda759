import type { Scenario } from "../scenario.ts";
import type { Summary } from "../summarise.ts";
import { figureColumns, figureRow, markdownTable, percent, recoveryText } from "./figures-text.ts";
import { type Results, type Standing, standings, summaryOf } from "./standing.ts";

/** The document of a run, in Markdown: first how the first subject stands, the losses included; then all figures. */
export function resultsDocument(
  results: Results,
  facts: { readonly command: string; readonly versions: Readonly<Record<string, string>>; readonly seeds: number },
): string {
  const own = results.subjects[0]?.name ?? "";
  const all = standings(results);
  const versions = Object.entries(facts.versions).map(([name, version]) => `${name} ${version}`);
  return `# What the lab measured

Written by \`${facts.command}\`; do not edit. How it is measured, and what it does not show, is in [README.md](README.md).
${facts.seeds} seeds of each scenario; figures are means over them, ± their standard deviation. With ${versions.join(", ")}.

![Goodput of every subject in every scenario](goodput.svg)

![Attempts per call during the fault](attempts.svg)

![Seconds to recovery](recovery.svg)

## How ${own} stands

Goodput is that from the beginning of the fault to the end of the run. The best other is the best of all peers and baselines in that scenario, whichever it is. "Failing" means that during the fault fewer than half of the calls of a client without retries succeed.

${standingTable(all)}

${lossesText(own, all)}

## The subjects

${markdownTable([["subject", "what it is"], ...results.subjects.map(({ name, about }) => [name, about])], "text")}

${results.scenarios.map((scenario) => scenarioSection(results, scenario)).join("\n\n")}
`;
}

function standingTable(all: readonly Standing[]): string {
  return markdownTable([
    [
      "scenario",
      "goodput %",
      "best other",
      "its goodput %",
      "points behind",
      "attempts/call during",
      "failing",
      "recovery",
    ],
    ...all.map(({ scenario, own, best, behind, isFailing }) => [
      scenario.id,
      percent(own.goodput.mean),
      best.name,
      percent(best.summary.goodput.mean),
      behindText(behind),
      own.attemptsPerCallDuring.mean.toFixed(2),
      failingText(isFailing),
      recoveryText(own),
    ]),
  ]);
}

function behindText(behind: number): string {
  if (Math.abs(behind) < 0.05) return "level";
  return behind < 0 ? "ahead" : behind.toFixed(1);
}

function failingText(isFailing: boolean | undefined): string {
  if (isFailing === undefined) return "?";
  return isFailing ? "yes" : "no";
}

function lossesText(own: string, all: readonly Standing[]): string {
  const losses = all.filter(({ behind }) => behind > 0.05).toSorted((a, b) => b.behind - a.behind);
  if (losses.length === 0) return `In none of these is anybody ahead of ${own}.`;
  const list = losses.map(
    ({ scenario, best, behind }) => `- **${scenario.id}**: ${best.name} is ${behind.toFixed(1)} points ahead.`,
  );
  return [`Where ${own} loses, most first:`, "", ...list].join("\n");
}

function scenarioSection(results: Results, scenario: Scenario): string {
  const rows = results.subjects.flatMap(({ id, name }) => {
    const summary: Summary | undefined = summaryOf(results, scenario.id, id);
    return summary === undefined ? [] : [figureRow(name, summary)];
  });
  return `## ${scenario.id}

${scenario.title}. ${scenario.why}

![Goodput over time](scenario-${scenario.id}.svg)

${markdownTable([figureColumns, ...rows])}`;
}
