import { allVariablesOf, prefixOf } from "./build.ts";
import type { AnyDefinition } from "./definition.ts";
import { isDefinition } from "./definition-options.ts";
import { isEnvPrefix } from "./env-names.ts";
import { type NamesByDefinition, namesByDefinition } from "./names-by-definition.ts";

type Definitions = ReadonlyMap<string, AnyDefinition<unknown>>;

/** What is wrong with the definitions of a registry, taken together: names, and variables that two would read. */
export function definitionProblems(definitions: Definitions): string[] {
  const problems: string[] = [];
  const readers = new Map<string, string>();
  const names = namesByDefinition(definitions);
  const related = relatedPrefixes(
    [...definitions].flatMap(([name, definition]) =>
      hasDerivedPrefix(definition) ? [prefixOf(name, definition)] : [],
    ),
  );
  for (const [name, definition] of definitions) {
    if (!isDefinition(definition)) {
      problems.push(`${name} must be made by rest(), ws() or service()`);
      continue;
    }
    problems.push(...needProblems(name, definition, names));
    const prefix = prefixOf(name, definition);
    if (!isEnvPrefix(prefix)) {
      problems.push(`${JSON.stringify(name)} gives no name for a variable: say with env what its variables start with`);
    }
    if (!hasDerivedPrefix(definition) || !related.has(prefix)) continue;
    for (const variable of allVariablesOf(name, definition)) {
      const other = readers.get(variable);
      if (other === undefined) readers.set(variable, name);
      else if (other !== name) {
        problems.push(
          `${other} and ${name} would both be read from ${variable}: give one of them another prefix with env`,
        );
        break;
      }
    }
  }
  return problems;
}

/** It comes from the name. Whoever says one by hand may share it: two clients of one vendor, say, with one key. */
const hasDerivedPrefix = (definition: AnyDefinition<unknown>): boolean =>
  isDefinition(definition) && definition.envPrefix === undefined;

/**
 * The prefixes that may have a variable in common with another one: `PAYMENT_API` + `_KEY` is `PAYMENT` + `_API_KEY`. All
 * that follows a prefix begins with an underscore, so one of the two goes on with one where the other ends, or they are
 * the same. Nearly always there is none, and no variable of a thousand services has to be looked up.
 */
function relatedPrefixes(prefixes: readonly string[]): ReadonlySet<string> {
  const all = new Set<string>();
  const related = new Set<string>();
  for (const prefix of prefixes) {
    if (all.has(prefix)) related.add(prefix);
    all.add(prefix);
  }
  for (const prefix of all) {
    for (let end = prefix.lastIndexOf("_"); end > 0; end = prefix.lastIndexOf("_", end - 1)) {
      const shorter = prefix.slice(0, end);
      if (all.has(shorter)) related.add(prefix).add(shorter);
    }
  }
  return related;
}

/** What is wrong with the needs of one of them. They are values, so that a circle cannot be written down. */
function needProblems(name: string, definition: AnyDefinition<unknown>, byDefinition: NamesByDefinition): string[] {
  return definition.needs.flatMap((need, index) => {
    const names = byDefinition.get(need) ?? [];
    const [first, ...others] = names;
    const which = `needs[${index}] of ${name}`;
    if (first === undefined) return [`${which} is not of this registry: give the definition a name in it as well`];
    if (others.length > 0) return [`${which} is called both ${names.join(" and ")}: define it twice, to say which`];
    if (need.isLate && !definition.isLate) {
      return [`${name} needs ${first}, which is late, and so must be late itself: the start does not wait for it`];
    }
    return [];
  });
}
