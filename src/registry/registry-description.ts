import type { DescribedSetting, DescribedStage } from "../core/description.ts";

/** One service of a registry, as it is or would be. Nothing in it is secret. */
export interface DescribedService {
  readonly name: string;
  /** `custom`: made by functions of the application's own. */
  readonly kind: "rest" | "ws" | "custom";
  /** Of a service that was made, where it is in its life; `not started`, or why it is not there. */
  readonly state: string;
  /** Where it is reached; not there for one that has no URL. */
  readonly target?: string;
  /** What it goes by, in the order in which a call meets it; its own settings stand last. */
  readonly stages: readonly DescribedStage[];
}

/** What a registry goes by: as data by `toJSON()`, as text for a terminal by `toString()`. */
export class RegistryDescription {
  /** Whether the registry runs, or what a start would do is described. */
  readonly isStarted: boolean;
  readonly services: readonly DescribedService[];
  /** What a start would fail with; empty where the registry runs. */
  readonly problems: readonly string[];

  constructor(isStarted: boolean, services: readonly DescribedService[], problems: readonly string[]) {
    this.isStarted = isStarted;
    this.services = services;
    this.problems = problems;
  }

  toJSON(): Pick<RegistryDescription, "isStarted" | "services" | "problems"> {
    return { isStarted: this.isStarted, services: this.services, problems: this.problems };
  }

  /** One line for each setting, in columns: stage, setting, value, origin. */
  toString(): string {
    const rows = this.services.map((service) =>
      service.stages.filter(({ isOn }) => isOn).flatMap((stage) => rowsOf(stage, this.isStarted)),
    );
    // What nothing stands behind may be as long as it likes.
    const widths = [0, 1, 2].map((column) =>
      Math.max(
        0,
        ...rows.flat().map((row) => (row.slice(column + 1).join("") === "" ? 0 : (row[column] ?? "").length)),
      ),
    );
    const services = this.services.map((service, index) =>
      [
        `${service.name}  ${[service.kind, service.state, service.target].filter(Boolean).join(", ")}`,
        ...(rows[index] ?? []).map((row) => `  ${aligned(row, widths)}`),
        ...offLines(service.stages),
      ].join("\n"),
    );
    const problems = this.problems.length === 0 ? [] : [["a start would fail:", ...this.problems].join("\n  ")];
    const title = this.isStarted ? "services" : "services, not started: what a start would do";
    return [title, ...services, ...problems].join("\n\n");
  }
}

type Row = readonly [stage: string, setting: string, value: string, origin: string];

function rowsOf({ name, settings, state }: DescribedStage, isStarted: boolean): Row[] {
  const rows = settings.map((setting): Row => [name, setting.name, String(setting.value), originOf(setting)]);
  const all: Row[] = state === undefined || !isStarted ? rows : [...rows, [name, "now", state, ""]];
  if (all.length === 0) return [[name, "on", "", ""]];
  // The name stands once, beside the first of its settings.
  return all.map(([stage, ...others], index) => [index === 0 ? stage : "", ...others]);
}

const originOf = ({ origin }: DescribedSetting): string =>
  origin === "registry" ? "defaults of the registry" : origin;

function aligned(row: Row, widths: readonly number[]): string {
  return row
    .map((text, column) => text.padEnd(widths[column] ?? 0))
    .join("  ")
    .trimEnd();
}

function offLines(stages: readonly DescribedStage[]): string[] {
  const off = stages.filter(({ isOn }) => !isOn).map(({ name }) => name);
  return off.length === 0 ? [] : [`  off: ${off.join(", ")}`];
}
