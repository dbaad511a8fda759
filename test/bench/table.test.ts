import { describe, expect, test } from "vitest";
import { figure, jsonLineOf, tableOf } from "../../bench/table.ts";
import { row } from "./suites.ts";

describe("the table", () => {
  test("names the baseline, and leaves out columns without a figure", () => {
    expect(tableOf([row()])).toEqual([
      ["subject", "CPU ÷ bare", "min to max", "CPU µs", "wall µs"],
      ["ours", "2.00", "1.00 to 3.00", "2.00", "2.00"],
    ]);
  });

  test("has a column for whatever a suite measures beside, and a dash where a row lacks it", () => {
    const busy = row({ subject: "theirs", more: { "server busy": { min: 0.1, median: 0.2, max: 0.3 } } });
    const [header, ours, theirs] = tableOf([row(), busy]);
    expect(header?.at(-1)).toBe("server busy");
    expect([ours?.at(-1), theirs?.at(-1)]).toEqual(["–", "0.20"]);
  });
});

test("a figure has three digits, and no fraction from 100 on", () => {
  expect([0, 0.0123, 0.456, 7.891, 45.67, 123.4].map(figure)).toEqual(["0.00", "0.012", "0.46", "7.89", "45.7", "123"]);
});

test("a line of JSON has no more digits than a figure can be worth", () => {
  const line = jsonLineOf(row({ cpuRatio: { min: 1 / 3, median: 2, max: 12_345.6789 } }));
  expect(line).toContain('"cpuRatio":{"min":0.333333,"median":2,"max":12345.7}');
  expect(line).not.toContain("\n");
});
