import { describe, expect, test } from "vitest";
import { axisFor, growthOf, slopeTable, slopeTargets } from "../../bench/suites/scale-figures.ts";
import { spreadOf } from "../../bench/statistics.ts";
import type { Row } from "../../bench/suite.ts";
import { standingsOf } from "../../bench/targets.ts";
import { row } from "./suites.ts";

const axis = { id: "calls", sizes: [1, 10, 100], fitFrom: 10 };

test("a run too short to say anything measures two sizes of the fit", () => {
  const long = { ...axis, sizes: [1, 10, 30, 100] };
  expect(axisFor(long, 4).sizes).toEqual([1, 10, 30]);
  expect(axisFor(long, 500)).toBe(long);
});

describe("the growth of a figure", () => {
  test("is what it is for each at both ends of the fit, and the slope of the total between them", () => {
    const growth = growthOf(axis, "CPU µs", [
      { size: 1, each: 900 },
      { size: 10, each: 20 },
      { size: 100, each: 40 },
    ]);
    expect(growth).toEqual({
      "CPU µs @10": 20,
      "CPU µs @100": 40,
      "slope of CPU µs": expect.closeTo(1 + Math.log10(2), 10),
    });
  });

  test("of what costs the same at every size is 1", () => {
    const each = 5;
    expect(
      growthOf(
        axis,
        "KiB",
        [10, 30, 100].map((size) => ({ size, each })),
      )["slope of KiB"],
    ).toBeCloseTo(1, 10);
  });
});

function grown(subject: string, slopes: readonly number[], workload = "calls"): Row {
  const more = { "CPU µs @10": spreadOf([20]), "CPU µs @100": spreadOf([40]), "slope of CPU µs": spreadOf(slopes) };
  return row({ suite: "scale", workload, subject, more });
}

describe("the conclusions", () => {
  test("have a line for each slope", () => {
    const rows = [grown("bare", [1.3]), grown("ours", [1.02, 1.04, 1.2]), row({ workload: "calls", subject: "other" })];
    expect(slopeTable(rows, [axis])).toEqual([
      ["of each", "subject", "figure", "from", "to", "slope of the total", "min to max"],
      ["calls", "bare", "CPU µs", "20.0 @10", "40.0 @100", "1.300", "1.300 to 1.300"],
      ["calls", "ours", "CPU µs", "20.0 @10", "40.0 @100", "1.040", "1.020 to 1.200"],
    ]);
  });

  test("are none of workloads that were not run", () => {
    expect(slopeTable([], [axis])).toEqual([]);
    expect(slopeTable([grown("ours", [1], "streams")], [axis])).toEqual([]);
  });
});

describe("what is promised", () => {
  const standingOf = (...rows: readonly Row[]): unknown => {
    const [standing] = standingsOf(slopeTargets([axis], "ours"), rows);
    return [standing?.measured, standing?.verdict];
  };

  test("is that the steepest slope of the subject is at most 1.05, whatever the baseline's is", () => {
    expect(standingOf(grown("bare", [1.3]), grown("ours", [1.02, 1.05, 1.2]))).toEqual([1.05, "kept"]);
    const steep = { "slope of CPU µs": spreadOf([1.01]), "slope of KiB heap": spreadOf([1.06]) };
    expect(standingOf(row({ workload: "calls", subject: "ours", more: steep }))).toEqual([1.06, "missed"]);
  });

  test("is not held against a run of other workloads, or of the baseline alone", () => {
    expect(standingOf(grown("ours", [1.3], "streams"))).toEqual([undefined, "not measured"]);
    expect(standingOf(grown("bare", [1.3]))).toEqual([undefined, "not measured"]);
  });
});

test("a size whose figure is not above zero is left out of the slope, and shown", () => {
  const whole = { id: "calls", sizes: [1, 10, 100], fitFrom: 1 };
  const measured = [
    { size: 1, each: -3 },
    { size: 10, each: 2 },
    { size: 100, each: 2 },
  ];
  expect(growthOf(whole, "KiB heap", measured)).toEqual({
    "KiB heap @1": -3,
    "KiB heap @100": 2,
    "slope of KiB heap": expect.closeTo(1),
  });
});

test("of one size that is above zero there is no slope", () => {
  const whole = { id: "calls", sizes: [1, 10], fitFrom: 1 };
  const measured = [
    { size: 1, each: -3 },
    { size: 10, each: 2 },
  ];
  expect(growthOf(whole, "KiB heap", measured)).toEqual({ "KiB heap @1": -3, "KiB heap @10": 2 });
});
