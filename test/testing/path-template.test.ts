import * as fc from "fast-check";
import { expect, test } from "vitest";
import { PathTemplate } from "../../src/testing/path-template.ts";

test.each<[string, string, object | undefined]>([
  ["/users/{id}", "/users/7", { id: "7" }],
  ["/users/{id}", "/users/a%2Fb", { id: "a/b" }],
  ["/users/{id}", "/users/7/posts", undefined],
  ["/users/{id}", "/users/", undefined],
  ["/users/{id}.json", "/users/7.json", { id: "7" }],
  ["/users/{id}.json", "/users/7xjson", undefined],
  ["/{a}/{b-c}", "/1/2", { a: "1", "b-c": "2" }],
  ["/a b/ü", "/a%20b/%C3%BC", {}],
  ["/~x", "/%7Ex", {}],
  ["/a(b)+", "/a(b)+", {}],
  ["/", "/", {}],
])("%s and %s", (template, path, params) => {
  expect(new PathTemplate("on()", template).match(path)).toEqual(params);
});

test("every value that is encoded comes back", () => {
  const value = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => text.isWellFormed());
  const template = new PathTemplate("on()", "/users/{id}/x");
  fc.assert(
    fc.property(value, (id) => {
      expect(template.match(`/users/${encodeURIComponent(id)}/x`)).toEqual({ id });
    }),
  );
});
