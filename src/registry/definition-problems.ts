import { allVariablesOf, prefixOf } from "./build.ts";
import type { AnyDefinition } from "./definition.ts";
import { isDefinition } from "./definition-options.ts";
import { isEnvPrefix } from "./env-names.ts";

/** What is wrong with the definitions of a registry, taken together: names, and variables that two would read. */
export function definitionProblems(definitions: ReadonlyMap<string, AnyDefinition<unknown>>): string[] {
  const problems: string[] = [];
  const readers = new Map<string, string>();
  for (const [name, definition] of definitions) {
    if (!isDefinition(definition)) {
      problems.push(`${name} must be made by rest(), ws() or service()`);
      continue;
    }
    if (!isEnvPrefix(prefixOf(name, definition))) {
      problems.push(`${JSON.stringify(name)} gives no name for a variable: say with env what its variables start with`);
    }
    // Whoever says it by hand may share: two clients of one vendor, say, with one key.
    if (definition.envPrefix !== undefined) continue;
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
