import type { ExternalServiceError } from "../core/errors.ts";
import type { HealthReport, HealthStatus } from "../core/health.ts";
import type { Output, Style } from "./context.ts";
import { onOneVisibleLine } from "./visible.ts";

/** What `check` found out. */
export interface CheckedServices {
  readonly status: HealthStatus;
  readonly services: Readonly<Partial<Record<string, HealthReport>>>;
  /** Those that were not asked, since another could not be started. */
  readonly notChecked?: readonly string[];
}

/** What is known where one service could not be started: all of it about that one. */
export function failedStart(error: ExternalServiceError, names: readonly string[], wallNow: number): CheckedServices {
  const { service, message: output, elapsedMs } = error;
  const time = new Date(wallNow).toISOString();
  return {
    status: "fail",
    services: { [service]: { service, status: "fail", latencyMs: elapsedMs, state: "not started", time, output } },
    notChecked: names.filter((name) => name !== service),
  };
}

const marks: Readonly<Record<HealthStatus, { readonly style: Style; readonly mark: string }>> = {
  pass: { style: "green", mark: "✔ pass" },
  warn: { style: "yellow", mark: "! warn" },
  fail: { style: "red", mark: "✖ fail" },
};

/** A line for each service: how it is, its name, how long the check took, its state and why. */
export function healthLines({ services, notChecked = [] }: CheckedServices, output: Output): string[] {
  const reports = Object.entries(services).flatMap(([name, report]) =>
    report === undefined ? [] : [{ name, report }],
  );
  const width = Math.max(0, ...[...reports.map(({ name }) => name), ...notChecked].map((name) => name.length));
  const times = reports.map(({ report }) => `${Math.round(report.latencyMs)} ms`);
  const timeWidth = Math.max(0, ...times.map((time) => time.length));
  return [
    ...reports.map(({ name, report }, index) => {
      const { style, mark } = marks[report.status];
      const columns = [
        output.style(style, mark),
        name.padEnd(width),
        (times[index] ?? "").padStart(timeWidth),
        report.state,
      ];
      return [...columns, ...(report.output === undefined ? [] : [onOneVisibleLine(report.output)])].join("  ");
    }),
    ...notChecked.map(
      (name) => `${output.style("dim", "– none")}  ${name.padEnd(width)}  ${" ".repeat(timeWidth)}  not checked`,
    ),
  ];
}
