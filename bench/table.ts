import type { Spread } from "./statistics.ts";
import type { Row } from "./suite.ts";

/** The rows as cells, the header first: columns that no row has a figure for are left out. */
export function tableOf(rows: readonly Row[]): readonly (readonly string[])[] {
  const baseline = rows[0]?.baseline ?? "";
  const columns: readonly (readonly [string, (row: Row) => string | undefined])[] = [
    [`CPU ÷ ${baseline}`, ({ cpuRatio }) => cpuRatio && figure(cpuRatio.median)],
    ["min to max", ({ cpuRatio }) => cpuRatio && `${figure(cpuRatio.min)} to ${figure(cpuRatio.max)}`],
    ["CPU µs", ({ cpuUs }) => figure(cpuUs.median)],
    ["wall µs", ({ wallUs }) => figure(wallUs.median)],
    ["p99 µs", ({ p99Us }) => p99Us && figure(p99Us.median)],
    ["B allocated", ({ allocatedBytes }) => allocatedBytes && figure(allocatedBytes.median)],
    ["kB retained", ({ retainedBytes }) => retainedBytes && (retainedBytes.median / 1_000).toFixed(0)],
    ...moreColumns(rows),
  ];
  const filled = columns.filter(([, cell]) => rows.some((row) => cell(row) !== undefined));
  const header = ["subject", ...filled.map(([title]) => title)];
  return [header, ...rows.map((row) => [row.subject, ...filled.map(([, cell]) => cell(row) ?? "–")])];
}

function moreColumns(rows: readonly Row[]): readonly (readonly [string, (row: Row) => string | undefined])[] {
  const titles = new Set(rows.flatMap(({ more }) => Object.keys(more ?? {})));
  return [...titles].map((title) => {
    const spreadIn = ({ more }: Row): Spread | undefined => more?.[title];
    return [title, (row) => (spreadIn(row) === undefined ? undefined : figure(spreadIn(row)?.median ?? 0))] as const;
  });
}

/** Three digits, which is more than any of the figures is worth; whole numbers from 100. */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return value.toFixed(size >= 0.1 || size === 0 ? 2 : 3);
}

/** One line of JSON, every figure cut to six digits. */
export function jsonLineOf(row: Row): string {
  return JSON.stringify(row, (_key, value: unknown) =>
    typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value,
  );
}
