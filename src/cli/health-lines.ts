import type { HealthReport, HealthStatus } from "../core/health.ts";
import type { Output, Style } from "./context.ts";
import { onOneVisibleLine } from "./visible.ts";

const marks: Readonly<Record<HealthStatus, { readonly style: Style; readonly mark: string }>> = {
  pass: { style: "green", mark: "✔ pass" },
  warn: { style: "yellow", mark: "! warn" },
  fail: { style: "red", mark: "✖ fail" },
};

/**
 * A line for each service: how it is, its name, how long the check took, its state and why.
 *
 * @param leftOut - why others were not looked at, by name.
 */
export function healthLines(
  reports: ReadonlyMap<string, HealthReport>,
  leftOut: ReadonlyMap<string, string>,
  output: Output,
): string[] {
  const width = Math.max(0, ...[...reports.keys(), ...leftOut.keys()].map((name) => name.length));
  const timeOf = (report: HealthReport): string => `${Math.round(report.latencyMs)} ms`;
  const timeWidth = Math.max(0, ...[...reports.values()].map((report) => timeOf(report).length));
  const line = (mark: string, name: string, ...columns: readonly string[]): string =>
    [mark, name.padEnd(width), ...columns].join("  ");
  return [
    ...[...reports].map(([name, report]) => {
      const { style, mark } = marks[report.status];
      const why = report.output === undefined ? [] : [onOneVisibleLine(report.output)];
      return line(output.style(style, mark), name, timeOf(report).padStart(timeWidth), report.state, ...why);
    }),
    ...[...leftOut].map(([name, why]) => line(output.style("dim", "– none"), name, " ".repeat(timeWidth), why)),
  ];
}
