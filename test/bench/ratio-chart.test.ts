import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { chartName, ratioChart } from "../../bench/ratio-chart.ts";
import type { Row } from "../../bench/suite.ts";
import { suites } from "../../bench/suites/catalog.ts";
import { calls, row } from "./suites.ts";

const workload = { id: "get@64", about: "Many `GET`s." };
const ratio = (subject: string, median: number, max = median): Row =>
  row({ subject, cpuRatio: { min: median / 2, median, max } });

/** Widths of the bars in pixels, from top to bottom. */
const widthsIn = (svg: string): readonly number[] =>
  [...svg.matchAll(/<rect x="206" y="[\d.]+" width="([\d.]+)" height="16"/g)].map(([, width]) => Number(width));

describe("a chart", () => {
  test("has a bar for each subject, as long as its ratio, the shortest first", () => {
    const svg = ratioChart(calls, workload, [ratio("bare", 1), ratio("theirs", 4), ratio("hawser", 0.5)]) ?? "";
    const [own = 0, bare = 0, theirs = 0] = widthsIn(svg);
    expect([bare / own, theirs / bare]).toEqual([expect.closeTo(2), expect.closeTo(4)]);
    expect(svg.indexOf(">hawser<")).toBeLessThan(svg.indexOf(">bare<"));
    expect(svg).toContain("over that of bare");
    expect(svg).toContain("Many GETs.");
    expect(svg).toContain("(2.00 to 4.00)");
  });

  test("says what it is about in as many lines as that takes, and begins below them", () => {
    const rows = [ratio("bare", 1), ratio("theirs", 4)];
    const about = "Calls of `GET`, of which each takes its own time. ".repeat(5).trim();
    const svg = ratioChart(calls, { ...workload, about }, rows) ?? "";
    const said = [...svg.matchAll(/<text x="16" y="(\d+)" font-size="12"[^>]*>([^<]*)</g)];
    expect(said.map(([, y]) => Number(y))).toEqual([45, 62, 79]);
    expect(said.map(([, , words]) => words).join(" ")).toBe(about.replaceAll("`", ""));
    for (const [, , words = ""] of said) expect(words.length).toBeLessThanOrEqual(108);
    const bar = /<rect x="206" y="(\d+)" width="[\d.]+" height="16"/;
    const short = ratioChart(calls, workload, rows) ?? "";
    expect(Number(bar.exec(svg)?.[1]) - Number(bar.exec(short)?.[1])).toBe(2 * 17);
  });

  test("is not pressed together by a round that was out of line", () => {
    const calm = ratioChart(calls, workload, [ratio("bare", 1), ratio("theirs", 4)]) ?? "";
    const noisy = ratioChart(calls, workload, [ratio("bare", 1), ratio("theirs", 4, 400)]) ?? "";
    expect(widthsIn(noisy)).toEqual(widthsIn(calm));
    expect(noisy).not.toMatch(/x2="\d{4,}/);
  });

  test("is not drawn of one subject, nor of what has no ratio, nor of another workload", () => {
    expect(ratioChart(calls, workload, [ratio("bare", 1)])).toBeUndefined();
    const { cpuRatio: _, ...without } = row({ subject: "theirs" });
    expect(ratioChart(calls, workload, [ratio("bare", 1), without])).toBeUndefined();
    expect(ratioChart(calls, { ...workload, id: "get@1" }, [ratio("bare", 1), ratio("theirs", 2)])).toBeUndefined();
  });
});

test("a chart's name needs no escape in an address", () => {
  expect(chartName({ id: "rest" }, { id: "get-200B@64" })).toBe("rest-get-200B-64.svg");
});

test("what a suite wants drawn are workloads of its own", () => {
  const strangers = suites.flatMap(({ workloads, charted = [] }) =>
    charted.filter((id) => !workloads.some((one) => one.id === id)),
  );
  expect(strangers).toEqual([]);
});

test("every chart that the page on performance shows is one that a run draws", () => {
  const drawn = suites.flatMap((suite) =>
    suite.workloads.filter(({ id }) => suite.charted?.includes(id) ?? true).map((one) => chartName(suite, one)),
  );
  const page = readFileSync(new URL("../../docs/performance.md", import.meta.url), "utf8");
  const shown = [...page.matchAll(/\]\(\.\.\/bench\/charts\/([^)]+)\)/g)].map(([, name = ""]) => name);
  expect(shown.length).toBeGreaterThan(0);
  expect(shown.filter((name) => !drawn.includes(name))).toEqual([]);
});
