import { expect, test } from "vitest";
import { answerText, bodyText, headLines } from "../../src/cli/answer-text.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("JSON is indented where the answer says that it is JSON, or says nothing", () => {
  expect(answerText(bytes("[1]"), "application/problem+json; charset=utf-8")).toBe("[\n  1\n]\n");
  expect(answerText(bytes("[1]"), undefined)).toBe("[\n  1\n]\n");
  expect(answerText(bytes("[1]"), "text/plain")).toBe("[1]\n");
});

test("JSON that is none is shown as it is", () => {
  expect(answerText(bytes("{oops"), "application/json")).toBe("{oops\n");
});

test("what a terminal would obey is shown", () => {
  expect(answerText(bytes("\u001B[2Jhi"), "text/plain")).toBe("\\x1b[2Jhi\n");
  expect(bodyText("\u001B[2Jhi", true)).toBe("\\x1b[2Jhi\n");
});

test("bytes that are no text are not shown", () => {
  expect(answerText(new Uint8Array([0xff]), "text/plain")).toBeUndefined();
  expect(answerText(new Uint8Array([65, 0]), "text/plain")).toBeUndefined();
});

test("the body of an error is a line of JSON, or as it came, where nobody is looking", () => {
  expect(bodyText({ a: 1 }, false)).toBe('{"a":1}\n');
  expect(bodyText("busy", false)).toBe("busy");
  expect(bodyText({ a: 1 }, true)).toBe('{\n  "a": 1\n}\n');
});

test("a header that came twice has two lines", () => {
  expect(headLines(200, "OK", { vary: "a", "set-cookie": ["b=1", "c=2"] })).toEqual([
    "200 OK",
    "vary: a",
    "set-cookie: b=1",
    "set-cookie: c=2",
  ]);
  expect(headLines(299, undefined, {})).toEqual(["299"]);
});
