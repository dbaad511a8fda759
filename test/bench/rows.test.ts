import { describe, expect, test } from "vitest";
import { rowsOf } from "../../bench/rows.ts";
import type { Sample } from "../../bench/suite.ts";
import { calls } from "./suites.ts";

const sample = (cpuUs: number, more: Partial<Sample> = {}): Sample => ({ operations: 10, cpuUs, wallUs: 20, ...more });

describe("a row", () => {
  test("has ratios to the baseline of the same round, and not to its median", () => {
    const samples = new Map([
      ["bare", [sample(10), sample(20), sample(40)]],
      ["ours", [sample(5), sample(10), sample(10)]],
    ]);
    const [bare, ours] = rowsOf(calls, "get@1", samples);
    expect(bare?.cpuRatio).toEqual({ min: 1, median: 1, max: 1 });
    expect(ours).toMatchObject({ subject: "ours", workload: "get@1", baseline: "bare", rounds: 3 });
    expect(ours?.cpuRatio).toEqual({ min: 0.25, median: 0.5, max: 0.5 });
    expect(ours?.cpuUs).toEqual({ min: 5, median: 10, max: 10 });
  });

  test("says whose it is before its figures, the ratio first", () => {
    const [ours] = rowsOf(calls, "get@1", new Map([["bare", [sample(5)]]]));
    const keys = ["suite", "workload", "subject", "baseline", "cpuRatio"];
    expect(Object.keys(ours ?? {}).slice(0, keys.length)).toEqual(keys);
  });

  test("has no ratio where the baseline was not run", () => {
    expect(rowsOf(calls, "get@1", new Map([["ours", [sample(5)]]]))[0]).not.toHaveProperty("cpuRatio");
  });

  test("leaves out what was not measured in every round", () => {
    const rounds = [sample(5, { p99Us: 9, more: { "server busy": 0.5 } }), sample(5, { more: { "server busy": 0.7 } })];
    const [ours] = rowsOf(calls, "get@1", new Map([["ours", rounds]]));
    expect(ours).not.toHaveProperty("p99Us");
    expect(ours?.more).toEqual({ "server busy": { min: 0.5, median: 0.6, max: 0.7 } });
  });
});
