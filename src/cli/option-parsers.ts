import { InvalidArgumentError } from "commander";
import { durationInWords, parseDurationMs } from "../registry/durations.ts";
import { UsageError } from "./failure.ts";

/** Milliseconds of `30`, `30s` or `500ms`. @throws InvalidArgumentError */
export function durationMs(text: string): number {
  const parsed = parseDurationMs(text);
  if (parsed === undefined) throw new InvalidArgumentError(`It must be ${durationInWords}.`);
  return parsed;
}

/** A whole number of at least 1. @throws InvalidArgumentError */
export function positiveCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number of at least 1.");
}

/** For options that may be given more than once. */
export const collected = (text: string, before: readonly string[] | undefined): string[] => [...(before ?? []), text];

/** Adds `name=value` to those before. @throws InvalidArgumentError */
export function queryParameter(
  text: string,
  before: Readonly<Record<string, readonly string[]>> = {},
): Record<string, readonly string[]> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be name=value.");
  const name = text.slice(0, at);
  return { ...before, [name]: [...(before[name] ?? []), text.slice(at + 1)] };
}

/** Adds `name: value` to those before. @throws UsageError, for commander's own would show what may be a secret */
export function headerLine(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, name, value] = /^([^\s:]+):\s*(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new UsageError('--header must be "name: value", in quotes; see hawser call --help');
  return { ...before, [name]: value };
}
