import { describe, expect, test } from "vitest";
import { parseRetryAfter } from "../../src/resilience/retry-after.ts";

const now = Date.UTC(2026, 0, 1);

describe("Retry-After", () => {
  test.each([
    ["0", 0],
    ["2", 2_000],
    [" 120 ", 120_000],
    ["9999999999", 9_999_999_999_000],
  ])("%j is whole seconds", (value, ms) => {
    expect(parseRetryAfter(value, now)).toBe(ms);
  });

  test("an HTTP date counts from now", () => {
    expect(parseRetryAfter("Thu, 01 Jan 2026 00:00:30 GMT", now)).toBe(30_000);
  });

  test("a date that is past means at once, not before", () => {
    expect(parseRetryAfter("Wed, 31 Dec 2025 23:00:00 GMT", now)).toBe(0);
  });

  test.each([
    "",
    "-1",
    "1.5",
    "2 seconds",
    "1e3",
    "soon",
    "99999999999",
    "2026-01-01T00:00:30Z",
    "Thursday, 01-Jan-26 00:00:30 GMT",
    "from Thu, 01 Jan 2026 00:00:30 GMT",
    "Thu, 01 Jan 2026 00:00:30 GMT+1",
    "Thu, 99 Foo 2026 00:00:30 GMT",
  ])("%j is malformed, and no hint is guessed from it", (value) => {
    expect(parseRetryAfter(value, now)).toBeUndefined();
  });

  test("absent, or given twice, it is no hint", () => {
    expect(parseRetryAfter(undefined, now)).toBeUndefined();
    expect(parseRetryAfter(["1", "2"], now)).toBeUndefined();
  });
});
