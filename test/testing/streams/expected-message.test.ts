import { expect, test } from "vitest";
import { contains } from "../../../src/testing/contains.ts";
import { shown } from "../../../src/testing/streams/script.ts";
import { type ExpectedMessage, isExpectedMessage } from "../../../src/testing/streams/expected-message.ts";

const date = new Date(0);
const whole = '{"a":1,"b":[2,{"c":null}],"at":"1970-01-01T00:00:00.000Z"}';

test.each<[string, ExpectedMessage, string | Uint8Array, boolean]>([
  ["text is the same text", "a", "a", true],
  ["text is no bytes", "a", new Uint8Array([97]), false],
  ["bytes are the same bytes", new Uint8Array([1, 2]), new Uint8Array([1, 2]), true],
  ["bytes are no others", new Uint8Array([1, 2]), new Uint8Array([1]), false],
  ["a pattern matches text", /^hel+o$/, "hello", true],
  ["a pattern matches no bytes", /a/, new Uint8Array([97]), false],
  ["JSON is compared by its fields", { b: [2, { c: null }], a: 1, at: date, no: undefined }, whole, true],
  ["a field that is missing differs", { a: 1, b: [2, { c: null }] }, whole, false],
  ["a field of another value differs", { a: 2, b: [2, { c: null }], at: date }, whole, false],
  ["a list is no object", ["a"], '{"0":"a"}', false],
  ["an object is no text", { a: 1 }, "a", false],
  ["a part is contained", contains({ b: [2] }), whole, true],
  ["what is not there is not contained", contains({ b: [3] }), whole, false],
  ["a matcher of the runner is asked", expect.objectContaining({ a: 1 }), whole, true],
  ["and may say no", expect.objectContaining({ a: 2 }), whole, false],
  ["also within an object", { a: expect.any(Number), b: expect.anything(), at: expect.any(String) }, whole, true],
  ["and within it may say no", { a: expect.any(String), b: expect.anything(), at: expect.any(String) }, whole, false],
  ["a function gets JSON parsed", (got) => (got as { a: number }).a === 1, whole, true],
  ["a function may take its time", async (got) => got === "a", "b", false],
])("%s", async (_rule, expected, message, is) => {
  expect(await isExpectedMessage(expected, message)).toBe(is);
});

test("a function that answers nothing expects nothing, and that is an error", async () => {
  const forgotten = (() => undefined) as never;
  await expect(isExpectedMessage(forgotten, "a")).rejects.toThrow("must answer true or false, not undefined");
});

test("a pattern that is global is asked each time anew", async () => {
  const pattern = /subscribe/g;
  expect(await isExpectedMessage(pattern, "subscribe")).toBe(true);
  expect(await isExpectedMessage(pattern, "subscribe")).toBe(true);
});

test("what has the name of a credential is not shown", () => {
  expect(shown({ action: "auth", token: "hunter2" })).toBe('{"action":"auth","token":"[redacted]"}');
});
