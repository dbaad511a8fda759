import { describe, expect, test } from "vitest";
import { headerProblem, readApiKey } from "../../src/core/headers.ts";
import { OptionReader } from "../../src/core/options.ts";
import { Secret } from "../../src/core/secret.ts";

test.each([
  ["content-type", "application/json"],
  ["X-Odd!#$%&'*+-.^_`|~1", ""],
  ["x-tab", "a\tb"],
  ["x-latin", "caf\u00e9"],
])("%s may be sent", (name, value) => {
  expect(headerProblem(name, value)).toBeUndefined();
});

test.each(["", "a b", "a:b", "a\r\nb", "\u00fcber", "a/b", "{a}"])("%j is no header name", (name) => {
  expect(headerProblem(name, "x")).toBe(`header ${JSON.stringify(name)} is not a valid header name`);
});

test.each(["a\r\nx: y", "a\nb", "a\rb", "a\u0000b", "a\u007fb", "a\u0001b", "\u20ac"])(
  "the value %j is refused, and not shown",
  (value) => {
    const problem = headerProblem("x-name", `hunter2${value}`);
    expect(problem).toContain("header x-name must not contain CR, LF");
    expect(problem).not.toContain("hunter2");
  },
);

test.each([undefined, null, 7, ["a"]])("a value that is no string (%j) is refused", (value) => {
  expect(headerProblem("x-name", value)).toBe("header x-name must be a string");
});

describe("the option apiKey", () => {
  test.each([
    ["a string", "hunter2"],
    ["a Secret", new Secret("hunter2")],
  ])("may be %s", (_what, apiKey) => {
    const reader = new OptionReader("payments", { apiKey });
    expect(readApiKey(reader)?.reveal()).toBe("hunter2");
    expect(() => reader.finish()).not.toThrow();
  });

  test("need not be given", () => {
    expect(readApiKey(new OptionReader("payments", {}))).toBeUndefined();
  });

  test("with the line end of the file it was read from is refused, and not shown", () => {
    const reader = new OptionReader("payments", { apiKey: "hunter2\n" });
    readApiKey(reader);
    expect(() => reader.finish()).toThrow(
      expect.objectContaining({
        problems: ["apiKey must not contain CR, LF, another control character, or a character above U+00FF"],
      }),
    );
  });
});
