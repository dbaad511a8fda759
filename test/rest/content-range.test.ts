import { describe, expect, test } from "vitest";
import { contentLength, parseContentRange, strongValidator, unsatisfiedTotal } from "../../src/rest/content-range.ts";

describe("a Content-Range", () => {
  test.each([
    ["bytes 5-9/10", { start: 5, end: 9, total: 10 }],
    [" Bytes 0-0/* ", { start: 0, end: 0, total: undefined }],
  ])("%j is one", (value, range) => {
    expect(parseContentRange({ "content-range": value })).toEqual(range);
  });

  test.each([
    undefined,
    "",
    "bytes 9-5/10",
    "bytes 5-10/10",
    "bytes 5-9",
    "bytes -5/10",
    "bytes */10",
    "items 5-9/10",
    "bytes 5-9/10, bytes 10-11/12",
    "bytes 5-99999999999999999999/*",
    "bytes 0x5-9/10",
  ])("%j is none", (value) => {
    expect(parseContentRange({ "content-range": value })).toBeUndefined();
  });

  test("of a 416 tells the length of the whole", () => {
    expect(unsatisfiedTotal({ "content-range": "bytes */10" })).toBe(10);
    expect(unsatisfiedTotal({ "content-range": "bytes 5-9/10" })).toBeUndefined();
    expect(unsatisfiedTotal({})).toBeUndefined();
  });
});

test("a length is all digits, or none", () => {
  expect(contentLength({ "content-length": "10" })).toBe(10);
  for (const value of ["", "-1", "1e3", "1.5", "10, 10"])
    expect(contentLength({ "content-length": value })).toBeUndefined();
});

describe("what tells whether it is the same", () => {
  const date = "Thu, 01 Jan 2026 00:00:10 GMT";
  test.each([
    ["a strong tag", { etag: '"a-1"' }, '"a-1"'],
    ["an empty tag", { etag: '""' }, '""'],
    [
      "a date, long enough ago",
      { "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT", date },
      "Thu, 01 Jan 2026 00:00:00 GMT",
    ],
  ])("is %s", (_kind, headers, validator) => {
    expect(strongValidator(headers)).toBe(validator);
  });

  test.each([
    ["nothing", {}],
    ["a weak tag, even beside a date", { etag: 'W/"a"', "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT", date }],
    ["a tag without quotes", { etag: "a" }],
    ["a date of this very second", { "last-modified": date, date }],
    ["a date with nothing to compare it with", { "last-modified": date }],
    ["what is no date", { "last-modified": "yesterday", date }],
  ])("is not %s", (_kind, headers) => {
    expect(strongValidator(headers)).toBeUndefined();
  });
});
