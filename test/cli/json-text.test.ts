import { expect, test } from "vitest";
import { prettyJson } from "../../src/cli/json-text.ts";

test("numbers keep every digit, and the way they were written", () => {
  expect(prettyJson('{"id":12345678901234567890,"price":1.10,"far":1e400}')).toBe(
    '{\n  "id": 12345678901234567890,\n  "price": 1.10,\n  "far": 1e400\n}',
  );
});

test("what is no JSON is left to whoever asked", () => {
  expect(prettyJson("<html>")).toBeUndefined();
  expect(prettyJson("")).toBeUndefined();
});

test("scalars are JSON", () => {
  expect(prettyJson(' "a" ')).toBe('"a"');
});
