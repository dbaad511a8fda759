import * as fc from "fast-check";
import { expect, test } from "vitest";
import { allVariablesOf } from "../../src/registry/build.ts";
import { service } from "../../src/registry/custom-service.ts";
import { type AnyDefinition, rest } from "../../src/registry/definition.ts";
import { definitionProblems } from "../../src/registry/definition-problems.ts";
import { plainText } from "../../src/registry/setting-schemas.ts";

/** What is told of variables that two would read, found by looking up every variable of all. */
function sharedVariables(definitions: ReadonlyMap<string, AnyDefinition<unknown>>): string[] {
  const readers = new Map<string, string>();
  return [...definitions].flatMap(([name, definition]) => {
    for (const variable of allVariablesOf(name, definition)) {
      const other = readers.get(variable) ?? name;
      if (other !== name) return [`${other} and ${name} would both be read from ${variable}`];
      readers.set(variable, name);
    }
    return [];
  });
}

test("whatever services are called, those that share a variable are told of as if each variable were looked up", () => {
  const words = fc.array(fc.constantFrom("stripe", "api", "key", "url", "file", "timeout"), {
    minLength: 1,
    maxLength: 4,
  });
  const separators = fc.constantFrom("-", "_", ".");
  const names = fc.uniqueArray(
    words.chain((parts) => separators.map((separator) => parts.join(separator))),
    { minLength: 2, maxLength: 12 },
  );
  const kinds = fc.array(fc.constantFrom("rest", "own", "none"), { minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(names, kinds, (all, kindOf) => {
      const definitions = new Map<string, AnyDefinition<unknown>>(
        all.map((name, index) => {
          if (kindOf[index] === "rest") return [name, rest()];
          const settings = { apiKeyUrl: plainText(), file: plainText() };
          return [name, service({ ...(kindOf[index] === "own" ? { settings } : {}), create: () => index })];
        }),
      );
      const told = definitionProblems(definitions).map((problem) => problem.replace(/: give one of them .*$/, ""));
      expect(told).toEqual(sharedVariables(definitions));
    }),
  );
});
