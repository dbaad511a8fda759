import { expect, test } from "vitest";
import { envPrefixFor, isEnvPrefix } from "../../src/registry/env-names.ts";
import { upperSnake, wrongInTypes } from "./upper-snake.ts";

test.each(Object.entries(upperSnake))("the variables of %j start with %s, for the compiler as well", (name, prefix) => {
  expect(envPrefixFor(name)).toBe(prefix);
  expect(wrongInTypes).toEqual([]);
});

test("a name without a letter that a variable can have gives no prefix", () => {
  expect(isEnvPrefix(envPrefixFor("支払い"))).toBe(false);
  expect(isEnvPrefix(envPrefixFor(""))).toBe(false);
});

test("a variable does not start with a digit", () => {
  expect(isEnvPrefix(envPrefixFor("3scale"))).toBe(false);
  expect(isEnvPrefix("_3SCALE")).toBe(true);
});
