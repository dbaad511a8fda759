import { expect, test } from "vitest";
import { parseDurationMs } from "../../src/registry/durations.ts";

test.each([
  ["30", 30_000],
  ["30.0", 30_000],
  ["0.25", 250],
  ["500ms", 500],
  ["30s", 30_000],
  ["30 s", 30_000],
  ["1.005s", 1_005],
  ["2m", 120_000],
  ["1h", 3_600_000],
  [" 5s\n", 5_000],
])("%j is %d ms: a plain number counts seconds", (text, durationMs) => {
  expect(parseDurationMs(text)).toBe(durationMs);
});

test.each(["", "soon", "-1", "1e3", "30 seconds", "s", "1.s", ".5", "Infinity", "NaN", "1s 2s", `1${"0".repeat(400)}`])(
  "%j is no duration",
  (text) => {
    expect(parseDurationMs(text)).toBeUndefined();
  },
);

test("a duration below 1 ms is none, for no limit can hold it", () => {
  expect(parseDurationMs("0")).toBeUndefined();
  expect(parseDurationMs("0.0005")).toBeUndefined();
  expect(parseDurationMs("1ms")).toBe(1);
});
