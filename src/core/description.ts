import type { OptionOrigin } from "./options.ts";

/** One number, or another setting, of a service. */
export interface DescribedSetting {
  /** As it is given in the options: `retry.maxRetries`. */
  readonly name: string;
  readonly value: string | number | boolean;
  readonly origin: OptionOrigin;
}

/** One stage that a call goes through. */
export interface DescribedStage {
  readonly name: string;
  readonly isOn: boolean;
  readonly settings: readonly DescribedSetting[];
  /** How it is at this moment, where it keeps a state: for people. */
  readonly state?: string;
}

/** What holds for a service: as data, and by `toString()` as text. Nothing in it is secret. */
export class ServiceDescription {
  readonly service: string;
  readonly target: string;
  /** In the order in which a call meets them. */
  readonly stages: readonly DescribedStage[];

  constructor(service: string, target: string, stages: readonly DescribedStage[]) {
    this.service = service;
    this.target = target;
    this.stages = stages;
  }

  /** One line for each setting; those that are not defaults say where they come from. */
  toString(): string {
    const width = Math.max(...this.stages.map(({ name }) => name.length));
    const lines = this.stages.flatMap((stage, index) => stageLines(stage, String(index + 1).padStart(2), width));
    return [`${this.service}  ${this.target}`, ...lines].join("\n");
  }
}

function stageLines({ name, isOn, settings, state }: DescribedStage, number: string, width: number): string[] {
  const texts = isOn ? settings.map(settingText) : ["off"];
  const [first = "on", ...others] = [...texts, ...(state === undefined ? [] : [`now: ${state}`])];
  const indent = " ".repeat(number.length + width + 4);
  return [`${number}  ${name.padEnd(width)}  ${first}`, ...others.map((text) => `${indent}${text}`)];
}

function settingText({ name, value, origin }: DescribedSetting): string {
  return `${name} ${value}${origin === "default" ? "" : `  (${origin})`}`;
}
