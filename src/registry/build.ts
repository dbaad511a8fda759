import { isServiceConfigurationError } from "../core/errors.ts";
import type { BaseExternalService, ExternalServiceOptions } from "../core/external-service.ts";
import { type OptionOrigin, optionSources } from "../core/options.ts";
import type { AnyDefinition } from "./definition.ts";
import { envPrefixFor } from "./env-names.ts";
import { ownFields, type SettingField, settingFields } from "./setting-fields.ts";
import type { Environment } from "../core/environment.ts";
import { readSettings, type Settings, variablesOf } from "./settings.ts";

/** What became of a definition. */
export type Built<T> =
  | { readonly kind: "service"; readonly service: T; readonly prepared: Prepared }
  /** Optional, and what it cannot do without is not set. */
  | { readonly kind: "skipped"; readonly variable: string }
  | { readonly kind: "wrong"; readonly problems: readonly string[] };

type GivenOptions = Readonly<Record<string, unknown>>;

/** What all services of a registry are built with. */
export interface BuildContext {
  readonly env: Environment;
  /** Who wins where both give an option. */
  readonly precedence: "environment" | "code";
  /** For services that are not given their own. */
  readonly shared: Pick<ExternalServiceOptions, "logger" | "clock" | "random">;
  /** By kind, for what neither the definition nor the environment says. */
  readonly defaults?: { readonly [Kind in keyof typeof settingFields]?: object | undefined } | undefined;
}

/** The options of a service before it is made: those of the code and those of the environment. */
export interface Prepared {
  readonly options: GivenOptions;
  readonly settings: Settings;
  readonly problems: readonly string[];
  /** Optional, and this variable is not set. */
  readonly skippedFor?: string;
}

/** The prefix of a service's variables. */
export function prefixOf(name: string, definition: AnyDefinition<unknown>): string {
  return definition.envPrefix ?? envPrefixFor(name);
}

/** Every setting of a service: those of its kind, and its own. */
export function fieldsOf({ kind, settings }: AnyDefinition<unknown>): readonly SettingField[] {
  return [...settingFields[kind], ...ownFields(settings)];
}

/** Every variable that a service may be configured by. */
export function allVariablesOf(name: string, definition: AnyDefinition<unknown>): string[] {
  const prefix = prefixOf(name, definition);
  return fieldsOf(definition).flatMap((field) => variablesOf(field, prefix));
}

/** Puts together what a service is made with. No I/O but the reading of mounted files. */
export function prepareOptions(name: string, definition: AnyDefinition<unknown>, context: BuildContext): Prepared {
  const prefix = prefixOf(name, definition);
  const own = withoutUndefined(definition.options);
  const usual = { ...withoutUndefined(context.shared), ...withoutUndefined(context.defaults?.[definition.kind] ?? {}) };
  const given = { ...usual, ...own };
  // A stream's whole URLs stand in the place of its base URL and of the path below that.
  const stand = (option: string): string => (["baseUrl", "endpoint"].includes(option) ? "endpoints" : option);
  const isRead = (option: string): boolean =>
    context.precedence === "environment" || !(isGiven(given, option) || isGiven(given, stand(option)));
  const fields = fieldsOf(definition).filter(({ option }) => isRead(option));
  const settings = readSettings({ fields, prefix, env: context.env, isGiven: (option) => isGiven(given, option) });
  const origins = new Map<string, OptionOrigin>(
    Object.keys(usual).flatMap((option) => (option in own ? [] : [[option, "registry"]])),
  );
  const options = merged({ ...given, name }, settings, origins);
  const problems = [...settings.problems];
  const isSkippable = definition.isOptional && problems.length === settings.missing.length;
  if (definition.kind === "custom") {
    const isConfigured = [...settings.values.values()].some(({ variable }) => variable !== undefined);
    const [skippedFor] = isSkippable && !isConfigured ? settings.missing : [];
    return { options, settings, ...(skippedFor === undefined ? { problems } : { problems: [], skippedFor }) };
  }

  const variable = `${prefix}_URL`;
  const isAddressed = options["baseUrl"] !== undefined || options["endpoints"] !== undefined;
  if (!isAddressed && !problems.some((problem) => problem.startsWith(variable))) {
    if (isSkippable) return { options, settings, problems: [], skippedFor: variable };
    problems.push(`${variable} is not set: set it to the service's URL, or give baseUrl in the code`);
  }
  return { options, settings, problems };
}

/** Where each option comes from that is not of the definition. */
export function sourcesOf({ options }: Prepared): ReadonlyMap<string, OptionOrigin> {
  return (options as { readonly [optionSources]?: ReadonlyMap<string, OptionOrigin> })[optionSources] ?? new Map();
}

/** Makes a service of its definition and the environment. No I/O but the reading of mounted files. */
export function buildService<T extends BaseExternalService>(
  name: string,
  definition: AnyDefinition<T>,
  context: BuildContext,
): Built<T> {
  const prepared = prepareOptions(name, definition, context);
  if (prepared.skippedFor !== undefined) return { kind: "skipped", variable: prepared.skippedFor };
  if (prepared.problems.length > 0) return { kind: "wrong", problems: prepared.problems };
  return construct(name, definition, prepared);
}

/** Makes a service of what was put together without a problem. */
export function construct<T extends BaseExternalService>(
  name: string,
  definition: AnyDefinition<T>,
  prepared: Prepared,
): Exclude<Built<T>, { kind: "skipped" }> {
  const { options, settings } = prepared;
  try {
    // A constructor returns at once; only the functions of service() may make one wait.
    const service = definition.create(options) as T;
    if (service.name === name) return { kind: "service", service, prepared };
    return {
      kind: "wrong",
      problems: [`the constructor of ${service.constructor.name} must hand all options that it gets to super()`],
    };
  } catch (error) {
    if (!isServiceConfigurationError(error)) throw error;
    return { kind: "wrong", problems: error.problems.map((problem) => withSource(problem, settings)) };
  }
}

function merged(given: GivenOptions, settings: Settings, origins: Map<string, OptionOrigin>): Record<string, unknown> {
  const options: Record<string, unknown> = { ...given, [optionSources]: origins };
  for (const [option, { value, variable }] of settings.values) {
    const [outer = "", inner] = option.split(".");
    options[outer] = inner === undefined ? value : { ...asObject(options[outer]), [inner]: value };
    if (variable !== undefined) origins.set(option, `environment: ${variable}`);
  }
  return options;
}

function isGiven(given: GivenOptions, option: string): boolean {
  const [outer = "", inner] = option.split(".");
  if (inner === undefined || given[outer] === false) return given[outer] !== undefined;
  return asObject(given[outer])[inner] !== undefined;
}

const asObject = (value: unknown): GivenOptions =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

const withoutUndefined = (options: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/** A constructor knows options alone; whoever reads its complaint may have set a variable. */
function withSource(problem: string, settings: Settings): string {
  const words = new Set(problem.split(/[^\w.$]+/));
  const sources = [...settings.values].flatMap(([option, { variable }]) =>
    variable !== undefined && words.has(option) ? [` [${option} comes from ${variable}]`] : [],
  );
  return problem + sources.join("");
}
