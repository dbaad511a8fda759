import type { AnyDefinition } from "./definition.ts";

/** The names that each definition has in a registry: one, unless it was put in twice. */
export type NamesByDefinition = ReadonlyMap<AnyDefinition<unknown>, readonly string[]>;

/** To be made once for all needs of a registry: a search for each would take as long as there are services. */
export function namesByDefinition(definitions: ReadonlyMap<string, AnyDefinition<unknown>>): NamesByDefinition {
  const names = new Map<AnyDefinition<unknown>, string[]>();
  for (const [name, definition] of definitions) {
    const before = names.get(definition);
    if (before === undefined) names.set(definition, [name]);
    else before.push(name);
  }
  return names;
}

/** The names of what a definition needs. Looked at when the registry was made: each is there, and once. */
export function namesOf(needs: readonly AnyDefinition<unknown>[], names: NamesByDefinition): string[] {
  return needs.flatMap((need) => names.get(need) ?? []);
}
