import { markdownTable } from "../src/lab/report/figures-text.ts";
import type { Row, Suite } from "./suite.ts";
import { tableOf } from "./table.ts";
import { standingsOf, targetTable } from "./targets.ts";

/** What a reader must know to take the figures for what they are. */
export interface Facts {
  readonly command: string;
  readonly date: string;
  /** Processor, cores, system; nothing that names the machine. */
  readonly machine: string;
  /** Where clients and server ran. */
  readonly pinning: string;
  /** Of the last minute, before and after: what else ran is in the figures. */
  readonly load: readonly [before: number, after: number];
  readonly versions: Readonly<Record<string, string>>;
}

const heading =
  "# Results of the benchmarks\n\nWritten by `npm run bench`; how it is measured: [README.md](README.md).\n";

const mark = (suite: string): string => `<!-- suite: ${suite} -->`;

/** The document with this suite's section in place of its last one; the other suites' stay. */
export function withSection(document: string, suite: string, section: string): string {
  const sections = document.split(/(?=<!-- suite: )/).filter((part) => part.startsWith("<!-- suite: "));
  const own = `${mark(suite)}\n\n${section.trim()}\n`;
  const at = sections.findIndex((part) => part.startsWith(mark(suite)));
  const all = (at === -1 ? [...sections, own] : sections.with(at, own)).map((part) => part.trim());
  return `${heading}\n${all.join("\n\n")}\n`;
}

/**
 * One suite's section: what was promised and whether it was kept, facts, a table for each workload, and what its subjects are.
 *
 * @param charts - where the chart of a workload is, by its id.
 */
export function sectionOf(
  suite: Suite,
  rows: readonly Row[],
  facts: Facts,
  charts: ReadonlyMap<string, string> = new Map(),
): string {
  const [before, after] = facts.load;
  const versions = Object.entries(facts.versions).map(([name, version]) => `${name} ${version}`);
  const tables = suite.workloads.flatMap(({ id, about }) => {
    const here = rows.filter(({ workload }) => workload === id);
    if (here.length === 0) return [];
    const chart = charts.get(id);
    return [
      `### ${id}`,
      about,
      ...(chart === undefined ? [] : [`![CPU time](${chart})`]),
      markdownTable(tableOf(here)),
    ];
  });
  const doubts = suite.doubts?.(rows) ?? [];
  const all = standingsOf(suite.targets ?? [], rows);
  const standings = all.filter(({ verdict }) => verdict !== "not measured");
  const conclusions = suite.conclusions?.(rows) ?? [];
  return [
    `## ${suite.title}`,
    ...(standings.length === 0 ? [] : [markdownTable(targetTable(standings, "**"))]),
    ...(standings.length === all.length
      ? []
      : [`Of ${all.length} promises, ${standings.length} were measured in this run.`]),
    `\`${facts.command}\`, ${facts.date}; ${roundsText(rows[0]?.rounds ?? 0)}. ${facts.machine}; ${facts.pinning}. ` +
      `Load average ${before.toFixed(1)} before and ${after.toFixed(1)} after.`,
    `Versions: ${versions.join(", ")}.`,
    ...(doubts.length === 0 ? [] : [doubts.map((doubt) => `- ${doubt}`).join("\n")]),
    ...(conclusions.length === 0 ? [] : [markdownTable(conclusions)]),
    ...tables,
    `### Subjects\n\n${markdownTable([["subject", "set up as"], ...suite.subjects.map(({ id, about }) => [id, about])], "text")}`,
  ].join("\n\n");
}

const roundsText = (rounds: number): string => (rounds === 1 ? "one round" : `${rounds} rounds, medians`);
