import type { Spread, Summary } from "../summarise.ts";

/** How figures are written in tables, on the terminal and in documents alike. */
export const percent = (share: number): string => (100 * share).toFixed(1);

export const percentWithSpread = ({ mean, sd }: Spread): string => `${percent(mean)} ±${percent(sd)}`;

/** Seconds; with how many of the seeds did not recover at all. */
export function recoveryText({ recoveryMs, recovered, seeds, goodputAfter }: Summary): string {
  if (goodputAfter === null) return "–";
  if (recoveryMs === null) return "never";
  const seconds = `${(recoveryMs.mean / 1_000).toFixed(1)} s`;
  return recovered === seeds ? seconds : `${seconds}, never in ${seeds - recovered} of ${seeds}`;
}

/** The columns of a table of one scenario; the first is the subject's name. */
export const figureColumns: readonly string[] = [
  "subject",
  "goodput %",
  "during %",
  "after %",
  "attempts/call",
  "during",
  "recovery",
  "p50 ms",
  "p99 ms",
  "p99.9 ms",
  "wasted %",
];

/** What stands under {@link figureColumns}. */
export function figureRow(name: string, summary: Summary): readonly string[] {
  return [
    name,
    percentWithSpread(summary.goodput),
    percent(summary.goodputDuring.mean),
    summary.goodputAfter === null ? "–" : percent(summary.goodputAfter.mean),
    summary.attemptsPerCall.mean.toFixed(2),
    summary.attemptsPerCallDuring.mean.toFixed(2),
    recoveryText(summary),
    summary.p50Ms.mean.toFixed(0),
    summary.p99Ms.mean.toFixed(0),
    summary.p999Ms.mean.toFixed(0),
    percent(summary.wastedWork.mean),
  ];
}

/** Columns in line, the first to the left and the others to the right. */
export function alignedTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((one, column) => (column === 0 ? one.padEnd(widths[column] ?? 0) : one.padStart(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** In Markdown; figures, which are all columns but the first, to the right. */
export function markdownTable(rows: readonly (readonly string[])[], columns: "figures" | "text" = "figures"): string {
  const [header = [], ...body] = rows;
  const line = (row: readonly string[]): string => `| ${row.join(" | ")} |`;
  const rule = line(header.map((_, column) => (column === 0 || columns === "text" ? "---" : "---:")));
  return [line(header), rule, ...body.map(line)].join("\n");
}
