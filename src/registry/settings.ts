import { readFileSync } from "node:fs";
import type { Environment } from "../core/environment.ts";
import { validateNow } from "../core/schema.ts";
import { messageWithout } from "./foreign-message.ts";
import type { SettingField } from "./setting-fields.ts";
import { SettingSchema } from "./setting-schemas.ts";

/** A setting that holds, and the variable that it came from; none where its schema said what holds without one. */
export interface SettingValue {
  readonly value: unknown;
  readonly variable: string | undefined;
}

/** What the environment says of one service. */
export interface Settings {
  /** By option. */
  readonly values: ReadonlyMap<string, SettingValue>;
  readonly problems: readonly string[];
  /** Of the problems, the variables that are not set although their schema asks for a value. */
  readonly missing: readonly string[];
}

/** Where the settings of one service are read from. */
export interface SettingSource {
  readonly fields: readonly SettingField[];
  readonly prefix: string;
  readonly env: Environment;
  /** Whether the code gives this option, which counts where the variable is not set. @defaultValue never */
  readonly isGiven?: (option: string) => boolean;
}

type Report = (problem: string) => void;

/**
 * Reads the settings of one service, each through its schema. Each variable `X` may be given as `X_FILE`, the path of
 * a mounted secret. Problems name the variable and what is expected, and never the value.
 */
export function readSettings(source: SettingSource): Settings {
  const { fields, prefix, env, isGiven = () => false } = source;
  const values = new Map<string, SettingValue>();
  const problems: string[] = [];
  const missing: string[] = [];
  const report: Report = (problem) => void problems.push(problem);
  for (const field of fields) {
    const [variable, ...others] = variablesOf(field, prefix).filter((name) => (env[name] ?? "") !== "");
    if (others.length > 0) {
      report(`${[variable, ...others].join(" and ")} are set, and mean the same: keep one of them`);
      continue;
    }
    const setting =
      variable === undefined
        ? readAbsent(field, prefix, isGiven, report, missing)
        : readPresent(field, { prefix, variable, env }, report);
    if (setting !== undefined) values.set(field.option, setting);
  }
  return { values, problems, missing };
}

/** Every variable that a field may be read from. */
export function variablesOf(field: Pick<SettingField, "suffixes">, prefix: string): string[] {
  return field.suffixes.flatMap((suffix) => [prefix + suffix, `${prefix}${suffix}_FILE`]);
}

function readPresent(
  { schema, option, suffixes }: SettingField,
  { prefix, variable, env }: { readonly prefix: string; readonly variable: string; readonly env: Environment },
  report: Report,
): SettingValue | undefined {
  // Not by its end: `caFile` is read from …_CA_FILE, which is a path, and mounted as …_CA_FILE_FILE.
  const isMounted = !suffixes.some((suffix) => prefix + suffix === variable);
  const text = isMounted ? readMounted(variable, env[variable] ?? "", report) : env[variable];
  if (text === undefined) return undefined;
  const verdict = verdictOf(schema, text);
  if (verdict.kind === "valid") return { value: verdict.value, variable };
  if (verdict.kind === "unusable") report(`${variable} cannot be read: ${unusable(option)}`);
  else if (schema instanceof SettingSchema) for (const message of verdict.messages) report(`${variable} ${message}`);
  else {
    const shown = verdict.messages.map((message) => messageWithout(text, message)).filter((said) => said !== undefined);
    report(
      shown.length === 0
        ? `${variable} is not what the schema of ${option} asks for`
        : `${variable} is not what is asked for: ${shown.join("; ")}`,
    );
  }
  return undefined;
}

function readAbsent(
  { schema, option, isOwn = false, suffixes }: SettingField,
  prefix: string,
  isGiven: (option: string) => boolean,
  report: Report,
  missing: string[],
): SettingValue | undefined {
  if (!isOwn || isGiven(option)) return undefined;
  const variable = prefix + suffixes[0];
  const verdict = verdictOf(schema, undefined);
  if (verdict.kind === "valid") {
    return verdict.value === undefined ? undefined : { value: verdict.value, variable: undefined };
  }
  if (verdict.kind === "unusable") report(`${variable} cannot be read: ${unusable(option)}`);
  else {
    missing.push(variable);
    report(`${variable} is not set, and the schema of ${option} has no default`);
  }
  return undefined;
}

type Verdict =
  | { readonly kind: "valid"; readonly value: unknown }
  | { readonly kind: "invalid"; readonly messages: readonly string[] }
  | { readonly kind: "unusable" };

function verdictOf(schema: SettingField["schema"], value: string | undefined): Verdict {
  try {
    const verdict = validateNow(schema, value);
    if (verdict === undefined) return { kind: "unusable" };
    if (verdict.isValid) return { kind: "valid", value: verdict.value };
    return { kind: "invalid", messages: verdict.issues.map(({ message }) => message) };
  } catch {
    // What it threw may quote the value.
    return { kind: "unusable" };
  }
}

// One text for both: zod turns a schema that threw into one that is asynchronous.
const unusable = (option: string): string =>
  `the schema of ${option} is asynchronous, or threw; settings are read at once, so give one that answers at once`;

function readMounted(variable: string, path: string, report: Report): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    // Not the path either: some set the secret itself here by mistake.
    report(`${variable} must be the path of a file that can be read (${(error as NodeJS.ErrnoException).code})`);
    return undefined;
  }
  // Editors and `echo` end a file with a newline that is not part of the secret; some begin it with a byte order mark.
  const value = text.replace(/^\uFEFF/, "").replace(/\r?\n$/, "");
  if (value !== "") return value;
  report(`${variable} must be the path of a file that is not empty`);
  return undefined;
}
