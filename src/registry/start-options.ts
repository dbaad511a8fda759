import { OptionReader } from "../core/options.ts";
import type { Definitions } from "./build-members.ts";
import type { EnvironmentSource } from "./environment-from.ts";
import { namesByDefinition, namesOf } from "./names-by-definition.ts";
import { type EnvironmentOf, readSource } from "./registry-options.ts";

export interface StartOptions<Env extends string = string, Name extends string = string> {
  /** Gives the start up; its reason is thrown unchanged. Where a start is under way already, its own signal counts. */
  readonly signal?: AbortSignal | undefined;
  /** Instead of the registry's own; a function is called at this start and at each reload. */
  readonly env?: EnvironmentSource<EnvironmentOf<Env>> | undefined;
  /**
   * Starts these services alone, and those that they need: a job that uses two of twenty. The settings of the others
   * are not looked at, and they are as they were before the start.
   *
   * @defaultValue all
   */
  readonly only?: readonly Name[] | undefined;
  /**
   * Tries every service once, late ones too, and waits for all of them: one that cannot be connected stops no other. It
   * is as not started, `health()` says why, and what `get` throws has it as its cause. For a look at all of them, such
   * as a check before a deployment.
   *
   * @defaultValue false
   */
  readonly trial?: boolean | undefined;
}

/** What a start is asked for, looked at. */
export interface StartSettings {
  /** Those that are started, in the order of all. */
  readonly definitions: Definitions;
  readonly isTrial: boolean;
}

/** @throws ServiceConfigurationError with every problem of the options at once. */
export function readStartOptions(options: object, all: Definitions): StartSettings {
  const reader = new OptionReader("services", options);
  reader.any("signal");
  readSource(reader);
  const only = reader.any("only") ?? [...all.keys()];
  if (!Array.isArray(only)) reader.problem('only must be an array of names, such as ["payments"]');
  const names = [only].flat().map(String);
  const isTrial = reader.boolean("trial", false);
  if (Array.isArray(only)) for (const name of names) if (!all.has(name)) reader.problem(unknownName(name, all.keys()));
  reader.finish();
  return { definitions: withNeeds(names, all), isTrial };
}

/** What to tell of a name that no service has. */
export function unknownName(name: string, known: Iterable<string>): string {
  return `no service is named ${JSON.stringify(name)}; known are ${[...known].join(", ") || "none"}`;
}

function withNeeds(names: readonly string[], all: Definitions): Definitions {
  const wanted = new Set(names);
  const byDefinition = namesByDefinition(all);
  // A set goes on to what is added to it meanwhile.
  for (const name of wanted) for (const need of namesOf(all.get(name)?.needs ?? [], byDefinition)) wanted.add(need);
  return new Map([...all].filter(([name]) => wanted.has(name)));
}
