import { describe, expect, test } from "vitest";
import { isServiceConfigurationError } from "../../src/core/errors.ts";
import { OptionReader } from "../../src/core/options.ts";
import { Secret } from "../../src/core/secret.ts";

function problemsOf(options: unknown, read: (reader: OptionReader) => void): readonly string[] {
  const reader = new OptionReader("payments", options);
  read(reader);
  try {
    reader.finish();
  } catch (error) {
    if (isServiceConfigurationError(error)) return error.problems;
    throw error;
  }
  return [];
}

const nothing = (): void => undefined;

describe("an option that is not given", () => {
  test.each([{}, { a: undefined }])("as in %j has its default", (options) => {
    const reader = new OptionReader("payments", options);
    expect([
      reader.number("a", 5, { min: 10 }),
      reader.boolean("a", true),
      reader.string("a", "x"),
      reader.oneOf("a", ["p", "q"], "q"),
      reader.function("a"),
      reader.withMethods("a", []),
      reader.secret("a"),
      reader.nested("a"),
      reader.any("a"),
      reader.isGiven("a"),
    ]).toEqual([5, true, "x", "q", undefined, undefined, undefined, undefined, undefined, false]);
    expect(() => reader.finish()).not.toThrow();
  });

  test("is not unknown either, where it is undefined", () => {
    expect(problemsOf({ misspelt: undefined }, nothing)).toEqual([]);
  });
});

describe("a number", () => {
  test.each([
    [0, { min: 0 }],
    [1.5, { min: 0 }],
    [10, { min: 0, max: 10 }],
    [3, { min: 0, whole: true }],
    [Number.POSITIVE_INFINITY, { min: 0 }],
    [Number.POSITIVE_INFINITY, { min: 0, whole: true }],
  ])("%d is within %j", (value, range) => {
    const reader = new OptionReader("payments", { limit: value });
    expect([reader.number("limit", 1, range), reader.isGiven("limit")]).toEqual([value, true]);
    expect(() => reader.finish()).not.toThrow();
  });

  test.each<[unknown, { min: number; max?: number; whole?: boolean }, string]>([
    [-1, { min: 0 }, "a number of at least 0, not -1"],
    [11, { min: 0, max: 10 }, "a number from 0 to 10, not 11"],
    [1.5, { min: 0, whole: true }, "a whole number of at least 0, not 1.5"],
    [Number.NaN, { min: 0 }, "a number of at least 0, not NaN"],
    [Number.POSITIVE_INFINITY, { min: 0, max: 10 }, "a number from 0 to 10, not Infinity"],
    [Number.NEGATIVE_INFINITY, { min: 0 }, "a number of at least 0, not -Infinity"],
    [null, { min: 0 }, "a number of at least 0, not null"],
    ["5", { min: 0 }, "a number of at least 0, not a string"],
    [[5], { min: 0 }, "a number of at least 0, not an array"],
    [{}, { min: 0 }, "a number of at least 0, not an object"],
    [5n, { min: 0 }, "a number of at least 0, not a bigint"],
  ])("%s is not within %j", (value, range, text) => {
    expect(problemsOf({ limit: value }, (reader) => reader.number("limit", 1, range))).toEqual([
      `limit must be ${text}`,
    ]);
  });

  test("that is wrong reads as its default, so that reading can go on", () => {
    expect(new OptionReader("payments", { limit: "x" }).number("limit", 7, { min: 0 })).toBe(7);
  });
});

describe("another kind", () => {
  const readers = {
    boolean: (reader: OptionReader) => reader.boolean("a", false),
    string: (reader: OptionReader) => reader.string("a", ""),
    oneOf: (reader: OptionReader) => reader.oneOf("a", ["p", "q"], "p"),
    function: (reader: OptionReader) => reader.function("a"),
    withMethods: (reader: OptionReader) => reader.withMethods<{ b(): void; c(): void }>("a", ["b", "c"]),
    nested: (reader: OptionReader) => reader.nested("a"),
  };
  const itsMethods = { b: nothing, c: nothing };

  test.each<[keyof typeof readers, unknown]>([
    ["boolean", true],
    ["string", "x"],
    ["oneOf", "q"],
    ["function", nothing],
    ["withMethods", itsMethods],
  ])("%s takes %s as it is", (kind, value) => {
    const reader = new OptionReader("payments", { a: value });
    expect(readers[kind](reader)).toBe(value);
    expect(() => reader.finish()).not.toThrow();
  });

  test.each<[keyof typeof readers, unknown, string]>([
    ["boolean", 1, "a must be a boolean, not 1"],
    ["boolean", null, "a must be a boolean, not null"],
    ["string", 7, "a must be a string, not 7"],
    ["string", ["x"], "a must be a string, not an array"],
    ["oneOf", "hunter2", "a must be one of p | q, not a string"],
    ["function", "x", "a must be a function, not a string"],
    ["withMethods", {}, "a must be an object with b(), c(), not an object"],
    ["withMethods", { b: nothing, c: 1 }, "a must be an object with b(), c(), not an object"],
    ["withMethods", null, "a must be an object with b(), c(), not null"],
    ["withMethods", nothing, "a must be an object with b(), c(), not a function"],
  ])("%s does not take %s", (kind, value, problem) => {
    expect(problemsOf({ a: value }, readers[kind])).toEqual([problem]);
  });

  test.each([null, 7, []])("options within options are not %j", (value) => {
    expect(problemsOf({ a: value }, readers.nested)).toEqual([expect.stringMatching(/^a must be an object, not /)]);
  });
});

describe("a secret", () => {
  test("may be a string, or a Secret, which is kept as it is", () => {
    const secret = new Secret("hunter2");
    const reader = new OptionReader("payments", { a: secret, b: "hunter2" });
    expect([reader.secret("a"), reader.secret("b")?.reveal()]).toEqual([secret, "hunter2"]);
  });

  test.each(["", 7, null, ["hunter2"], { value: "hunter2" }])("%j is none, and is not shown", (value) => {
    expect(problemsOf({ apiKey: value }, (reader) => reader.secret("apiKey"))).toEqual([
      "apiKey must be a Secret or a string that is not empty",
    ]);
  });
});

describe("an option that nobody reads", () => {
  const known = (reader: OptionReader): void => {
    for (const name of ["deadlineMs", "retry", "maxConnections"]) reader.any(name);
  };

  test.each([
    ["deadline", "deadlineMs"],
    ["deadline_ms", "deadlineMs"],
    ["deadlinems", "deadlineMs"],
    ["dedlineMs", "deadlineMs"],
    ["deadlinneMs", "deadlineMs"],
    ["daedlineMs", "deadlineMs"],
    ["deadlimeMs", "deadlineMs"],
    ["retri", "retry"],
    ["max-connections", "maxConnections"],
  ])("%s is unknown: did you mean %s?", (name, meant) => {
    expect(problemsOf({ [name]: 1 }, known)).toEqual([`unknown option ${name}; did you mean ${meant}?`]);
  });

  test.each(["timeout", "ret", "ryter", "retries"])("%s is like none of them, so all of them are named", (name) => {
    expect(problemsOf({ [name]: 1 }, known)).toEqual([
      `unknown option ${name}; known are deadlineMs, maxConnections, retry`,
    ]);
  });

  test("within another is named with the way to it", () => {
    const read = (reader: OptionReader): void => {
      const nested = reader.nested("retry");
      nested?.number("maxRetries", 2, { min: 0 });
      nested?.rejectUnknown();
    };
    expect(problemsOf({ retry: { maxRetrys: 1 } }, read)).toEqual([
      "unknown option retry.maxRetrys; known are maxRetries",
    ]);
  });
});

test("everything that is wrong is reported at once, nested options and what the caller found too", () => {
  const problems = problemsOf({ a: "x", b: { c: Number.NaN }, other: 1 }, (reader) => {
    reader.number("a", 1, { min: 0 });
    reader.nested("b")?.number("c", 1, { min: 0 });
    reader.problem("a and b contradict each other");
  });
  expect(problems).toEqual([
    "a must be a number of at least 0, not a string",
    "b.c must be a number of at least 0, not NaN",
    "a and b contradict each other",
    "unknown option other; known are a, b",
  ]);
});

test.each([null, 7, "x", []])("options that are %j are a problem by themselves", (options) => {
  expect(problemsOf(options, nothing)).toEqual([expect.stringMatching(/^the options must be an object, not /)]);
});

test("the error names the service, and its code says whose fault it is", () => {
  const reader = new OptionReader("payments", { x: 1 });
  expect(() => reader.finish()).toThrow(
    expect.objectContaining({ service: "payments", code: "configuration-invalid", outcome: "not-sent" }),
  );
});
