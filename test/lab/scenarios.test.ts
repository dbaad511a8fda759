import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { measures, scenarios, seeds } from "../../src/lab/scenarios.ts";

test("the scenarios, seeds and measures are those that were frozen before the first run", () => {
  const hash = createHash("sha256").update(JSON.stringify({ scenarios, seeds, measures })).digest("hex");
  expect(hash).toBe("7ff89a4e100c23f2aec5da2a2657367dcc0fd779958ca7f1d5033d631187c2e3");
});

test("every scenario has a name of its own, a reason, and faults within its fault window", () => {
  expect(new Set(scenarios.map(({ id }) => id)).size).toBe(scenarios.length);
  for (const { why, faults, faultMs, load } of scenarios) {
    expect(why.length).toBeGreaterThan(40);
    expect(load).toBeGreaterThanOrEqual(0.3);
    for (const { fromMs, toMs } of faults) {
      expect(fromMs).toBeLessThan(toMs);
      expect(toMs).toBeLessThanOrEqual(faultMs);
    }
  }
});
