import { ServiceConfigurationError } from "../core/errors.ts";
import type { AnyDefinition } from "./definition.ts";
import { isEnvPrefix } from "./env-names.ts";
import { settingSchemaProblems } from "./setting-problems.ts";

/** What a registry has to know of every definition. */
export type DefinitionFacts = Pick<
  AnyDefinition<unknown>,
  "isOptional" | "isLate" | "isCritical" | "healthTimeoutMs" | "envPrefix" | "settings"
>;

/**
 * Takes what belongs to the definition out of what it was given; `options` is what is left, for the class.
 *
 * @param made - the function that was called, without its parentheses.
 */
export function readDefinition(
  made: "rest" | "ws" | "service",
  given: unknown,
  problems: string[],
): { readonly facts: DefinitionFacts; readonly options: Readonly<Record<string, unknown>> } {
  const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
  if (!isObject) problems.push(`${made}() needs its options as an object`);
  const {
    optional,
    env,
    name,
    late,
    critical,
    healthTimeoutMs,
    settings = {},
    ...options
  } = (isObject ? given : {}) as Readonly<Record<string, unknown>>;
  const flag = (option: string, value: unknown): boolean => {
    if (value !== undefined && typeof value !== "boolean") problems.push(`${option} must be true or false`);
    return value === true;
  };
  const flags = {
    isOptional: flag("optional", optional),
    isLate: flag("late", late),
    isCritical: flag("critical", critical),
  };
  if (name !== undefined) problems.push("name is given twice: a service is named by its key in the registry");
  const isPrefix = typeof env === "string" && isEnvPrefix(env);
  if (env !== undefined && !isPrefix)
    problems.push("env must be what the variables start with: PAYMENTS for PAYMENTS_URL");
  const isLimit = typeof healthTimeoutMs === "number" && healthTimeoutMs > 0;
  if (healthTimeoutMs !== undefined && !isLimit) problems.push("healthTimeoutMs must be a number above 0");
  problems.push(...settingSchemaProblems(made === "service" ? "custom" : made, settings));
  const facts: DefinitionFacts = {
    ...flags,
    healthTimeoutMs: isLimit ? healthTimeoutMs : undefined,
    envPrefix: isPrefix ? env : undefined,
    settings: settings as AnyDefinition<unknown>["settings"],
  };
  return { facts, options };
}

/** @throws ServiceConfigurationError where there are problems. */
export function assertDefinable(what: string, problems: readonly string[]): void {
  if (problems.length > 0) throw new ServiceConfigurationError(what, problems);
}

/** Whether it was made by `rest`, `ws` or `service`. */
export function isDefinition(value: unknown): value is AnyDefinition<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { create?: unknown }).create === "function";
}
