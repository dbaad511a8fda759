import { describe, expect, test } from "vitest";
import { encodeFields, type Fields } from "../../src/rest/fields.ts";

function encoded(fields: unknown): { text: string; problems: string[] } {
  const problems: string[] = [];
  return { text: encodeFields("params", fields as Fields, (problem) => problems.push(problem)), problems };
}

describe("fields", () => {
  test("are encoded with a space as %20 and nothing left that a query gives a meaning to", () => {
    expect(encoded({ "a&b": "c=d e/?#", ü: "€" }).text).toBe("a%26b=c%3Dd%20e%2F%3F%23&%C3%BC=%E2%82%AC");
  });

  test("a list repeats the name; undefined and null are left out, in a list too", () => {
    expect(encoded({ id: [1, undefined, 2, null], none: undefined, nil: null, empty: [] }).text).toBe("id=1&id=2");
  });

  test("numbers, booleans, big integers and dates have their plain text", () => {
    const fields = { n: 1.5, b: false, i: 2n ** 64n, at: new Date(0), zero: 0, blank: "" };
    expect(encoded(fields).text).toBe(
      "n=1.5&b=false&i=18446744073709551616&at=1970-01-01T00%3A00%3A00.000Z&zero=0&blank=",
    );
  });

  test("half a surrogate pair becomes U+FFFD instead of an exception", () => {
    expect(encoded({ a: "x\uD800" }).text).toBe("a=x%EF%BF%BD");
  });

  test.each([
    ["an invalid date", new Date("never")],
    ["an object", { nested: 1 }],
    ["a list within a list", [["a"]]],
    ["a function", () => 1],
  ])("%s as a value is reported and not sent", (_kind, value) => {
    expect(encoded({ at: value, ok: 1 })).toEqual({
      text: "ok=1",
      problems: ["params.at must be a string, number, boolean, valid Date, or a list of these"],
    });
  });

  test.each([
    ["a URLSearchParams", new URLSearchParams("a=1")],
    ["a string", "a=1"],
    ["a list", ["a"]],
    ["null", null],
  ])("%s is not taken for fields", (_kind, fields) => {
    expect(encoded(fields)).toEqual({ text: "", problems: ["params must be an object of names and values"] });
  });
});
