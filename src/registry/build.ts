import { isServiceConfigurationError } from "../core/errors.ts";
import type { BaseExternalService, ExternalServiceOptions } from "../core/external-service.ts";
import { optionSources } from "../core/options.ts";
import type { AnyDefinition } from "./definition.ts";
import { envPrefixFor } from "./env-names.ts";
import { ownFields, settingFields } from "./setting-fields.ts";
import type { Environment } from "../core/environment.ts";
import { readSettings, type SettingField, type Settings, variablesOf } from "./settings.ts";

/** What became of a definition. */
export type Built<T> =
  | { readonly kind: "service"; readonly service: T }
  /** Optional, and its URL is not set. */
  | { readonly kind: "skipped"; readonly variable: string }
  | { readonly kind: "wrong"; readonly problems: readonly string[] };

/** What all services of a registry are built with. */
export interface BuildContext {
  readonly env: Environment;
  /** Who wins where both give an option. */
  readonly precedence: "environment" | "code";
  /** For services that are not given their own. */
  readonly shared: Pick<ExternalServiceOptions, "logger" | "clock" | "random">;
}

/** The prefix of a service's variables. */
export function prefixOf(name: string, definition: AnyDefinition<unknown>): string {
  return definition.envPrefix ?? envPrefixFor(name);
}

/** Every variable that a service may be configured by. */
export function allVariablesOf(name: string, definition: AnyDefinition<unknown>): string[] {
  return fieldsOf(definition).flatMap((field) => variablesOf(field, prefixOf(name, definition)));
}

/** The settings of a definition: those of its kind, and those that it has schemas for. */
export function fieldsOf(definition: AnyDefinition<unknown>): readonly SettingField[] {
  return definition.kind === "custom" ? ownFields(definition.settings) : settingFields[definition.kind];
}

/** Makes a service of its definition and the environment. No I/O but the reading of mounted files. */
export function buildService<T extends BaseExternalService>(
  name: string,
  definition: AnyDefinition<T>,
  context: BuildContext,
): Built<T> {
  const prefix = prefixOf(name, definition);
  const given = withoutUndefined(definition.options);
  const fields = fieldsOf(definition);
  // A stream's whole URLs stand in the place of its base URL and of the path below that.
  const stand = (option: string): string => (["baseUrl", "endpoint"].includes(option) ? "endpoints" : option);
  const isRead = (option: string): boolean =>
    context.precedence === "environment" || !(isGiven(given, option) || isGiven(given, stand(option)));
  const settings = readSettings({ fields: fields.filter(({ option }) => isRead(option)), prefix, env: context.env });
  const problems = [...settings.problems];
  const options = merged({ ...withoutUndefined(context.shared), ...given, name }, settings);

  const variable = `${prefix}_URL`;
  const isAddressed = options["baseUrl"] !== undefined || options["endpoints"] !== undefined;
  if (!isAddressed && !problems.some((problem) => problem.startsWith(variable))) {
    if (definition.isOptional && problems.length === 0) return { kind: "skipped", variable };
    problems.push(`${variable} is not set: set it to the service's URL, or give baseUrl in the code`);
  }
  if (problems.length > 0) return { kind: "wrong", problems };

  try {
    // A constructor returns at once; only the functions of service() may make one wait.
    const service = definition.create(options) as T;
    if (service.name === name) return { kind: "service", service };
    return {
      kind: "wrong",
      problems: [`the constructor of ${service.constructor.name} must hand all options that it gets to super()`],
    };
  } catch (error) {
    if (!isServiceConfigurationError(error)) throw error;
    return { kind: "wrong", problems: error.problems.map((problem) => withSource(problem, settings)) };
  }
}

function merged(given: Readonly<Record<string, unknown>>, settings: Settings): Record<string, unknown> {
  const sources = new Map([...settings.values].map(([option, { variable }]) => [option, variable]));
  const options: Record<string, unknown> = { ...given, [optionSources]: sources };
  for (const [option, { value }] of settings.values) {
    const [outer = "", inner] = option.split(".");
    options[outer] = inner === undefined ? value : { ...asObject(options[outer]), [inner]: value };
  }
  return options;
}

function isGiven(given: Readonly<Record<string, unknown>>, option: string): boolean {
  const [outer = "", inner] = option.split(".");
  if (inner === undefined || given[outer] === false) return given[outer] !== undefined;
  return asObject(given[outer])[inner] !== undefined;
}

const asObject = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

const withoutUndefined = (options: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/** A constructor knows options alone; whoever reads its complaint may have set a variable. */
function withSource(problem: string, settings: Settings): string {
  const sources = [...settings.values].filter(([option]) => problem.includes(option));
  return problem + sources.map(([option, { variable }]) => ` [${option} comes from ${variable}]`).join("");
}
