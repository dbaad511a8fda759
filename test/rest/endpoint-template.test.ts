import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { endpointProblem, joinPath } from "../../src/core/endpoint.ts";
import { filledPath, fillEndpoint, type PathValues, templateOf } from "../../src/rest/endpoint-template.ts";
import { encodePath } from "../../src/rest/options.ts";

/** The path as it is made of the whole endpoint, anew for each call; undefined where the call is refused. */
function pathWithout(endpoint: string, basePath: string, values: PathValues): string | undefined {
  const problems: string[] = [];
  const filled = fillEndpoint(endpoint, values, (problem) => problems.push(problem));
  if (problems.length > 0 || endpointProblem(filled) !== undefined) return undefined;
  return joinPath(basePath, encodePath(filled));
}

function pathWith(endpoint: string, basePath: string, values: PathValues): string | undefined {
  const template = templateOf(endpoint, basePath);
  return template === undefined ? undefined : filledPath(template, values);
}

describe("an endpoint without values", () => {
  test.each(["", "/", "a", "/a/ü", "?q=1", "/a%2Fb", "/a/{", "/}{"])(
    "%j is its base and itself, encoded",
    (endpoint) => {
      expect(templateOf(endpoint, "/v1")).toEqual({
        pieces: [joinPath("/v1", encodePath(endpoint))],
        names: [],
        isSafe: true,
      });
      expect(pathWith(endpoint, "/v1", {})).toBe(joinPath("/v1", encodePath(endpoint)));
    },
  );

  test.each(["/../x", "//other.test", "https://other.test", "/a b", "/a#b", "/a/../{id}"])(
    "%j has none",
    (endpoint) => {
      expect(templateOf(endpoint, "")).toBeUndefined();
    },
  );
});

describe("the pieces of a template are filled", () => {
  test.each([
    ["/payments/{id}", { id: "p 1" }, "/v1/payments/p%201"],
    ["{kind}/{id}", { kind: "payments", id: 7 }, "/v1/payments/7"],
    ["/ü/{id}/ß?at={at}", { id: 2n, at: "a&b" }, "/v1/%C3%BC/2/%C3%9F?at=a%26b"],
    ["/pairs/{id}-{id}", { id: "x" }, "/v1/pairs/x-x"],
    ["/jobs/{id}:cancel", { id: "j1" }, "/v1/jobs/j1:cancel"],
  ])("%s", (endpoint, values, path) => {
    expect(pathWith(endpoint, "/v1", values)).toBe(path);
    expect(pathWithout(endpoint, "/v1", values)).toBe(path);
  });

  test.each([
    ["without a value", "/{id}", {}],
    ["with an empty one", "/{id}", { id: "" }],
    ["with one that is no text", "/{id}", { id: true }],
    ["with one too many", "/{id}", { id: 1, more: 2 }],
    ["with an inherited one that is no text", "/{constructor}", {}],
    ["with a dot", "/{id}", { id: ".." }],
    ["with a slash", "/a{id}..", { id: "/" }],
    ["beside a dot", "/.{id}", { id: "x" }],
    ["beside half of an encoded dot", "/%{id}e", { id: "2" }],
    ["in front of a colon", "{id}:x", { id: "http" }],
  ])("but not %s, which is for a closer look", (_what, endpoint, values) => {
    expect(pathWith(endpoint, "", values)).toBeUndefined();
  });

  test("with a value that is inherited, as any other way of reading it has it", () => {
    const values = Object.create({ id: "x" }) as PathValues;
    expect(pathWith("/{id}", "", values)).toBe("/x");
    expect(pathWithout("/{id}", "", values)).toBe("/x");
  });
});

test("whatever path the pieces make is the one that the whole endpoint makes", () => {
  const piece = fc.constantFrom(..."/.%:?-25ex\uD800\uDC00ü".split(""), "{a}", "{b}", "%2", "%2f", "//", "http", "{");
  const value = fc.oneof(
    fc.constantFrom("", ".", "..", "/", "2", "e", "2e", "%", "http", "x", 5),
    fc.string({ unit: "binary", maxLength: 3 }),
  );
  let made = 0;
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 7 }),
      fc.constantFrom("", "/v1"),
      fc.record({ a: value, b: value }, { requiredKeys: [] }),
      (pieces, base, values) => {
        const endpoint = pieces.join("");
        const path = pathWith(endpoint, base, values);
        if (path === undefined) return;
        made += 1;
        expect(path).toBe(pathWithout(endpoint, base, values));
      },
    ),
    { numRuns: 5_000 },
  );
  expect(made).toBeGreaterThan(100);
});
