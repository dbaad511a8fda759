import { describe, expect, test } from "vitest";
import { type Plan, readArguments } from "../../bench/arguments.ts";
import { calls } from "./suites.ts";

const known = [calls, { ...calls, id: "streams" }];

function planOf(...argv: readonly string[]): Plan {
  const asked = readArguments(argv, known);
  if (asked.kind !== "run") throw new Error(`it is ${asked.kind}`);
  return asked.plan;
}

function problemOf(...argv: readonly string[]): string {
  const asked = readArguments(argv, known);
  return asked.kind === "problem" ? asked.problem : asked.kind;
}

describe("what is run", () => {
  test("is everything of every suite, unless something is named", () => {
    const { suites, isFull, rounds } = planOf();
    expect(suites.map(({ suite }) => suite.id)).toEqual(["calls", "streams"]);
    expect(suites[0]).toMatchObject({ workloads: ["get@1", "get@64"], subjects: ["bare", "ours", "theirs"] });
    expect(isFull).toBe(true);
    expect(rounds).toBeGreaterThanOrEqual(7);
  });

  test("has the baseline in it, whichever subjects are named", () => {
    expect(planOf("calls", "--subject", "ours").suites[0]?.subjects).toEqual(["bare", "ours"]);
    expect(planOf("calls", "--subject", "theirs, bare").suites[0]?.subjects).toEqual(["theirs", "bare"]);
  });

  test("has the workloads that are named and no others", () => {
    expect(planOf("calls", "--workload", "get@64").suites[0]?.workloads).toEqual(["get@64"]);
  });

  test("is one round where it is profiled", () => {
    expect(planOf("--profile", "temp", "--rounds", "5").rounds).toBe(1);
  });
});

describe("a run that may be written down", () => {
  test("is one of a whole suite, or of several", () => {
    expect(planOf("calls").isFull).toBe(true);
    expect(planOf("--rounds", "20", "--json").isFull).toBe(true);
  });

  test.each([["--quick"], ["--rounds", "2"], ["--workload", "get@1"], ["--subject", "ours"], ["--profile", "temp"]])(
    "is not one with %s",
    (...argv) => {
      expect(planOf(...argv).isFull).toBe(false);
    },
  );
});

describe("what cannot be run", () => {
  test("is told with what could be", () => {
    expect(problemOf("calls", "--subject", "mine")).toBe("mine is no subject of calls; known are bare, ours, theirs");
    expect(problemOf("calls", "--workload", "put@1")).toContain("known are get@1, get@64");
    expect(problemOf("startup")).toBe("startup is no suite; known are calls, streams");
  });

  test.each(["0", "1.5", "many", "-1"])("has %s rounds", (rounds) => {
    expect(problemOf(`--rounds=${rounds}`)).toBe(`--rounds must be a whole number of at least 1, not ${rounds}`);
  });

  test("has an option that is not known", () => {
    expect(problemOf("--fast")).toContain("--fast");
  });
});

test("help and the list are asked for by name", () => {
  expect(readArguments(["--help"], known).kind).toBe("help");
  expect(readArguments(["--list"], known).kind).toBe("list");
});
