import { readFileSync } from "node:fs";
import type { Environment } from "../core/environment.ts";

/** One setting of a kind of service. */
export interface SettingField {
  /** How its variable may end, the first being the one to recommend: `_API_KEY`, `_KEY`. */
  readonly suffixes: readonly [string, ...string[]];
  /** The option that it fills; `retry.maxRetries` is one within another. */
  readonly option: string;
  /** The value of the option. Reports what is wrong, with the variable's name and never its value. */
  parse(text: string, variable: string, report: (problem: string) => void): unknown;
}

/** What the environment says of one service. */
export interface Settings {
  /** By option, with the variable that the value came from. */
  readonly values: ReadonlyMap<string, { readonly value: unknown; readonly variable: string }>;
  readonly problems: readonly string[];
}

const fileSuffix = "_FILE";

/** Reads the settings of one service. Each variable `X` may be given as `X_FILE`, the path of a mounted secret. */
export function readSettings(source: {
  readonly fields: readonly SettingField[];
  readonly prefix: string;
  readonly env: Environment;
}): Settings {
  const { fields, prefix, env } = source;
  const values = new Map<string, { value: unknown; variable: string }>();
  const problems: string[] = [];
  const report = (problem: string): void => void problems.push(problem);
  for (const field of fields) {
    const [variable, ...others] = variablesOf(field, prefix).filter((name) => (env[name] ?? "") !== "");
    if (variable === undefined) continue;
    if (others.length > 0) {
      report(`${[variable, ...others].join(" and ")} are set, and mean the same: keep one of them`);
      continue;
    }
    const text = variable.endsWith(fileSuffix) ? readMounted(variable, env[variable] ?? "", report) : env[variable];
    if (text === undefined) continue;
    const before = problems.length;
    const value = field.parse(text, variable, report);
    if (problems.length === before) values.set(field.option, { value, variable });
  }
  return { values, problems };
}

/** Every variable that a field may be read from. */
export function variablesOf(field: SettingField, prefix: string): string[] {
  return field.suffixes.flatMap((suffix) => [prefix + suffix, prefix + suffix + fileSuffix]);
}

function readMounted(variable: string, path: string, report: (problem: string) => void): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    // Not the path either: some set the secret itself here by mistake.
    report(`${variable} must be the path of a file that can be read (${(error as NodeJS.ErrnoException).code})`);
    return undefined;
  }
  // Editors and `echo` end a file with a newline that is not part of the secret.
  const value = text.replace(/\r?\n$/, "");
  if (value !== "") return value;
  report(`${variable} must be the path of a file that is not empty`);
  return undefined;
}
