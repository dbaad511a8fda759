import { expect, test } from "vitest";
import { alignedTable, figureColumns, figureRow, recoveryText } from "../../../src/lab/report/figures-text.ts";
import { summaryOf } from "../../../src/lab/report/standing.ts";
import { results } from "./results.ts";

test("a row has a cell for each column", () => {
  for (const summary of results.summaries) expect(figureRow("x", summary)).toHaveLength(figureColumns.length);
});

test("recovery is a time, with how many seeds never recover, or never, or nothing to recover to", () => {
  const hawser = summaryOf(results, "short", "hawser");
  const lost = summaryOf(results, "short", "no-retries");
  const calm = summaryOf(results, "calm", "hawser");
  if (hawser === undefined || lost === undefined || calm === undefined) throw new Error("the results were renamed");
  expect(recoveryText(hawser)).toBe("0.5 s");
  expect(recoveryText({ ...hawser, recovered: 1 })).toBe("0.5 s, never in 1 of 2");
  expect(recoveryText(lost)).toBe("never");
  expect(recoveryText(calm)).toBe("–");
});

test("an aligned table has its first column on the left and the others on the right", () => {
  const table = alignedTable([
    ["a", "long"],
    ["bb", "1"],
  ]);
  expect(table).toBe("a   long\nbb     1");
});
