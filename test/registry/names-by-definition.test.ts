import { expect, test } from "vitest";
import type { AnyDefinition } from "../../src/registry/definition.ts";
import { rest } from "../../src/registry/definition.ts";
import { service } from "../../src/registry/custom-service.ts";
import { definitionProblems } from "../../src/registry/definition-problems.ts";
import { namesByDefinition, namesOf } from "../../src/registry/names-by-definition.ts";
import { readStartOptions } from "../../src/registry/start-options.ts";

/** Counts how many entries anybody has walked over. */
class CountingMap extends Map<string, AnyDefinition<unknown>> {
  walked = 0;

  override *[Symbol.iterator](): ReturnType<Map<string, AnyDefinition<unknown>>[typeof Symbol.iterator]> {
    for (const entry of super.entries()) {
      this.walked += 1;
      yield entry;
    }
    return undefined;
  }
}

function chainOf(length: number): CountingMap {
  const all = new CountingMap([["s0", rest()]]);
  for (let index = 1; index < length; index++) {
    const before = all.get(`s${index - 1}`);
    if (before !== undefined) all.set(`s${index}`, service({ needs: [before], create: () => index }));
  }
  return all;
}

test("a definition has the names that it was given, in their order", () => {
  const [a, b, elsewhere] = [rest(), rest(), rest()];
  const names = namesByDefinition(
    new Map([
      ["one", a],
      ["two", b],
      ["three", a],
    ]),
  );
  expect([namesOf([b, a], names), namesOf([elsewhere], names)]).toEqual([["two", "one", "three"], []]);
});

test("what looks for the needs of all services walks over them as often as for ten times fewer", () => {
  const walks = (length: number): number => {
    const all = chainOf(length);
    expect(definitionProblems(all)).toEqual([]);
    expect(readStartOptions({}, all).definitions.size).toBe(length);
    return all.walked / length;
  };
  expect(walks(300)).toBe(walks(30));
});
