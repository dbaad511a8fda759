import { expect, test } from "vitest";
import { numberOf, parsed, UsageError } from "../../examples/storefront/command-line.ts";

test.each([
  ["0", 0],
  ["0042", 42],
  ["100", 100],
])("%s is a whole number within its bounds", (text, value) => {
  expect(numberOf("n", text, 0, 100)).toBe(value);
});

test.each(["", "101", "-1", "1.5", "1e1", "0x1", " 1", "1 "])('"%s" is no whole number from 0 to 100', (text) => {
  expect(() => numberOf("n", text, 0, 100)).toThrow(new UsageError("--n must be a whole number from 0 to 100"));
});

test("decimals are read where they are asked for, so many and no more", () => {
  expect(["0.1", "7", "0.125"].map((text) => numberOf("n", text, 0.1, 600, 3))).toEqual([0.1, 7, 0.125]);
  for (const text of ["0.09", "600.1", "0.1255", "1.", ".5"]) {
    expect(() => numberOf("n", text, 0.1, 600, 3)).toThrow(new UsageError("--n must be a number from 0.1 to 600"));
  }
});

test("of what a parser throws the first sentence is kept, without the advice that follows", () => {
  const parse = (): never => {
    throw new TypeError("Unknown option '--x'. To specify a positional argument, write '--'.");
  };
  expect(() => parsed(parse)).toThrow(new UsageError("Unknown option '--x'"));
  expect(parsed(() => 7)).toBe(7);
});
