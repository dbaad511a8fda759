import { describe, expect, test } from "vitest";
import type { Target } from "../../bench/suite.ts";
import { suites } from "../../bench/suites/catalog.ts";
import { standingsOf, targetTable } from "../../bench/targets.ts";
import { row } from "./suites.ts";

const of = { workload: "get@64", subject: "ours", figure: "cpuUs" } as const;
const spread = (median: number): { min: number; median: number; max: number } => ({ min: 0, median, max: 99 });
const rows = [
  row({ subject: "ours", cpuUs: spread(5), more: { "KiB heap": spread(30) } }),
  row({ subject: "theirs", cpuUs: spread(20), more: { "KiB heap": spread(24) } }),
  row({ subject: "ours", workload: "get@1", cpuUs: spread(50) }),
];

const verdictOf = (target: Target): unknown => {
  const [standing] = standingsOf([target], rows);
  return [standing?.measured, standing?.verdict];
};

describe("a promise", () => {
  test("is kept up to its limit, and missed beyond", () => {
    expect(verdictOf({ of, atMost: 5 })).toEqual([5, "kept"]);
    expect(verdictOf({ of, atMost: 4.9 })).toEqual([5, "missed"]);
    expect(verdictOf({ of, atLeast: 5 })).toEqual([5, "kept"]);
    expect(verdictOf({ of, atLeast: 5.1 })).toEqual([5, "missed"]);
  });

  test("is of one figure over another's of the same workload, or of what it is above it", () => {
    expect(verdictOf({ of: { ...of, subject: "theirs", over: "ours" }, atLeast: 4 })).toEqual([4, "kept"]);
    expect(verdictOf({ of: { ...of, figure: { more: "KiB heap" }, above: "theirs" }, atMost: 5 })).toEqual([
      6,
      "missed",
    ]);
  });

  test("may be of a figure that all rows are needed for", () => {
    expect(verdictOf({ of: (all) => all.length, text: "slope", atMost: 1.05 })).toEqual([3, "missed"]);
  });

  test.each<Target>([
    { of: { ...of, workload: "get@10" }, atMost: 1 },
    { of: { ...of, over: "nobody" }, atMost: 1 },
    { of: { ...of, above: "nobody" }, atMost: 1 },
    { of: { ...of, figure: "p99Us" }, atMost: 1 },
    { of: { ...of, figure: { more: "slope" } }, atMost: 1 },
    { of: () => undefined, text: "slope", atMost: 1 },
  ])("of what this run has not measured is neither kept nor missed: %j", (target) => {
    expect(verdictOf(target)).toEqual([undefined, "not measured"]);
  });
});

test("the table has a line for each promise, and the missed ones stand out", () => {
  const standings = standingsOf(
    [
      { of: { ...of, over: "theirs" }, atMost: 0.5 },
      { of: { ...of, figure: { more: "KiB heap" }, above: "theirs" }, atMost: 5 },
      { of: () => undefined, text: "slope of calls", atLeast: 1 },
    ],
    rows,
  );
  expect(targetTable(standings, "**")).toEqual([
    ["promised", "limit", "measured", "kept?"],
    ["get@64: CPU µs, ours ÷ theirs", "at most 0.5", "0.25", "yes"],
    ["get@64: KiB heap, ours above theirs", "at most 5", "6", "**NO**"],
    ["slope of calls", "at least 1", "–", "not measured"],
  ]);
  expect(targetTable(standings)[2]?.at(-1)).toBe("NO");
});

test("a figure close to its limit is not rounded onto it", () => {
  const [, line] = targetTable(standingsOf([{ of: () => 0.7042, text: "slope", atMost: 0.7 }], rows));
  expect(line).toEqual(["slope", "at most 0.7", "0.704", "NO"]);
  const [, closer] = targetTable(standingsOf([{ of: () => 1.0503, text: "slope", atMost: 1.05 }], rows));
  expect(closer).toEqual(["slope", "at most 1.05", "1.0503", "NO"]);
  const [, onIt] = targetTable(standingsOf([{ of: () => 1.05, text: "slope", atMost: 1.05 }], rows));
  expect(onIt).toEqual(["slope", "at most 1.05", "1.05", "yes"]);
});

test("every promise is of workloads and subjects that its suite has", () => {
  const strangers = suites.flatMap(({ id, workloads, subjects, targets = [] }) =>
    targets.flatMap((target) => {
      if ("text" in target) return [];
      const { workload, subject, over = subject, above = subject } = target.of;
      const known = [...workloads, ...subjects].map((one) => one.id);
      return [workload, subject, over, above].filter((name) => !known.includes(name)).map((name) => `${id}: ${name}`);
    }),
  );
  expect(strangers).toEqual([]);
  expect(suites.filter(({ targets }) => targets !== undefined).map(({ id }) => id)).toEqual(
    expect.arrayContaining([
      "rest",
      "pipeline",
      "websocket-receive",
      "websocket-send",
      "websocket-memory",
      "startup-import",
      "scale",
    ]),
  );
});
