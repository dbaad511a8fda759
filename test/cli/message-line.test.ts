import { describe, expect, test } from "vitest";
import { messageLine } from "../../src/cli/message-line.ts";

const bytes = (...values: readonly number[]): Uint8Array => new Uint8Array(values);

describe("as text", () => {
  test.each([
    ["a\nb", "a\\nb"],
    [{ a: "x\u001B" }, '{"a":"x\\u001b"}'],
    [bytes(104, 105), "hi"],
    [bytes(0xff, 0x01), "2 bytes ff01"],
    [bytes(...Array.from({ length: 40 }, () => 0xff)), `40 bytes ${"ff".repeat(32)}…`],
    [undefined, "undefined"],
  ])("%o is one line", (message, line) => {
    expect(messageLine(message, "text")).toBe(line);
  });
});

test("a number that JSON has not does not end the output", () => {
  expect(messageLine({ big: 1n }, "text")).toBe('{"big":"1"}');
});

describe("as JSON", () => {
  test.each([
    ['{"a":\n 1}', '{"a":  1}'],
    ["plain\ntext", '"plain\\ntext"'],
    [{ a: 1 }, '{"a":1}'],
    [bytes(255), '{"base64":"/w=="}'],
  ])("%j is one line of JSON", (message, line) => {
    expect(messageLine(message, "json")).toBe(line);
    expect(() => void JSON.parse(line)).not.toThrow();
  });
});
