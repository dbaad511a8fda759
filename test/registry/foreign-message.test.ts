import * as fc from "fast-check";
import { expect, test } from "vitest";
import { messageWithout } from "../../src/registry/foreign-message.ts";

test.each([
  ["hunter2", 'Invalid type: Expected number but received "hunter2"', "Invalid type: Expected number"],
  ["0x1f", "Invalid value: Expected <=5 but received 31", "Invalid value: Expected <=5"],
  ["abc", "Invalid input: expected number, received string", "Invalid input: expected number"],
  ["1", "Too small: expected number to be >=10", "Too small: expected number to be >=10"],
])("of %j, what it was is cut out of %j", (value, message, left) => {
  expect(messageWithout(value, message)).toBe(left);
});

test.each([
  ["hunter2", "hunter2 is wrong"],
  ["hunter2", "HUNTER2 is wrong"],
  ["hunter2", "it must not end with ter2"],
  ["5", "5 is too small"],
  ["x", "received x"],
  ["p@s", "not p@s"],
  [" hunter2 ", "it begins with hunt"],
])("of %j, nothing is left of %j", (value, message) => {
  expect(messageWithout(value, message)).toBeUndefined();
});

test("no four characters of a value are ever shown", () => {
  const text = fc.string({ minLength: 4, maxLength: 30 }).filter((value) => value.trim().length >= 4);
  fc.assert(
    fc.property(text, fc.string(), fc.string(), fc.nat(26), (value, before, after, at) => {
      const part = value
        .trim()
        .slice(at % (value.trim().length - 3))
        .slice(0, 4);
      const shown = messageWithout(value, before + part + after);
      expect(shown === undefined || !shown.includes(part)).toBe(true);
    }),
  );
});
