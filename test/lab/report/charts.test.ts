import { describe, expect, test } from "vitest";
import { goodputChart } from "../../../src/lab/report/goodput-chart.ts";
import { attemptsOverview, goodputOverview, recoveryOverview } from "../../../src/lab/report/overview-charts.ts";
import { summaryOf } from "../../../src/lab/report/standing.ts";
import { scenarios } from "../../../src/lab/scenarios.ts";
import { results } from "./results.ts";

const [scenario = results.scenarios[0]] = results.scenarios;
const charted = results.subjects.flatMap(({ id, name }) => {
  const summary = summaryOf(results, "short", id);
  return summary === undefined ? [] : [{ name, summary }];
});
const charts = {
  goodputOverview: goodputOverview(results),
  attemptsOverview: attemptsOverview(results),
  recoveryOverview: recoveryOverview(results),
  goodputChart: scenario === undefined ? "" : goodputChart(scenario, charted),
};

/** Whether every element is closed, and nothing stands in a text that would be markup. */
function isWellFormed(svg: string): boolean {
  const open: string[] = [];
  for (const [, slash, name, , isEmpty] of svg.matchAll(/<(\/?)(\w+)((?:\s[\w-]+="[^"<]*")*)(\/?)>/g)) {
    if (name === undefined || isEmpty === "/") continue;
    if (slash === "/") {
      if (open.pop() !== name) return false;
    } else open.push(name);
  }
  const rest = svg.replaceAll(/<(\/?)(\w+)((?:\s[\w-]+="[^"<]*")*)(\/?)>/g, "");
  return open.length === 0 && !/[<>]|&(?!\w+;)/.test(rest);
}

describe.each(Object.entries(charts))("%s", (_, svg) => {
  test("is well-formed, with the names of the subjects escaped", () => {
    expect(isWellFormed(svg)).toBe(true);
    expect(svg).toContain("a &amp; b &lt; c");
  });

  test("brings its own light background", () => {
    expect(svg).toMatch(/<rect width="\d+" height="\d+" fill="#ffffff"\/>/);
  });
});

test("an overview has a cell for each figure, with the best of a row in bold", () => {
  expect(charts.goodputOverview).toMatch(/font-weight="700"[^>]*>99\.0</);
  expect(charts.recoveryOverview).toContain(">never<");
  // Where a fault lasts to the end there is nothing to recover to.
  expect(charts.recoveryOverview).not.toContain(">calm<");
});

test("every frozen scenario can be drawn, its faults shaded", () => {
  const shades = scenarios.map((one) => goodputChart(one, charted).split('fill="#fbe3cf"').length - 1);
  // One for the legend, and one for each span and panel.
  expect(shades.map((count) => count > charted.length)).toEqual(scenarios.map(({ faults }) => faults.length > 0));
});
