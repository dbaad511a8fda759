import { expect, test } from "vitest";
import { httpAnswer, jsonOfSize } from "../../bench/canned-answers.ts";

test.each([200, 1_024, 10_240, 1_048_576])("an answer of %i bytes is JSON of exactly that size", (bytes) => {
  const json = jsonOfSize(bytes);
  expect(Buffer.byteLength(json)).toBe(bytes);
  expect(JSON.parse(json)).toMatchObject({ isLast: true });
});

test("an answer that would have no payment in it cannot be made", () => {
  expect(() => jsonOfSize(100)).toThrow(RangeError);
});

test("an answer's head says how long its body is, and is parted from it by an empty line", () => {
  const [head = "", body] = httpAnswer('{"a":"ü"}').toString().split("\r\n\r\n");
  expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(head).toContain("content-length: 10\r\n");
  expect(body).toBe('{"a":"ü"}');
});
