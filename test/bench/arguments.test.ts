import { describe, expect, test } from "vitest";
import { commandOf, type Plan, readArguments, writtenAs } from "../../bench/arguments.ts";
import { calls } from "./suites.ts";

const lengthOf = (measureMs: number) => ({ rounds: 1, warmUpMs: 5, measureMs, limitMs: 9 });
const long = { ...calls, id: "long", isByNameOnly: true, length: { full: lengthOf(30), quick: lengthOf(10) } };
const short = { full: { warmUpMs: 1_000 }, quick: { warmUpMs: 900 } };
const known = [calls, { ...calls, id: "streams-in", length: short }, { ...calls, id: "streams-out" }, long];

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
    const { suites, isResult } = planOf();
    expect(suites.map(({ suite }) => suite.id)).toEqual(["calls", "streams-in", "streams-out"]);
    expect(suites[0]).toMatchObject({ workloads: ["get@1", "get@64"], subjects: ["bare", "ours", "theirs"] });
    expect(isResult).toBe(true);
    expect(suites[0]?.length.rounds).toBeGreaterThanOrEqual(7);
  });

  test("has the baseline in it, whichever subjects are named", () => {
    expect(planOf("calls", "--subject", "ours").suites[0]?.subjects).toEqual(["bare", "ours"]);
    expect(planOf("calls", "--subject", "theirs, bare").suites[0]?.subjects).toEqual(["theirs", "bare"]);
  });

  test("has the workloads that are named and no others, in the order of the suite", () => {
    expect(planOf("calls", "--workload", "get@64").suites[0]?.workloads).toEqual(["get@64"]);
    expect(planOf("calls", "--workload", "get@64, get@1").suites[0]?.workloads).toEqual(["get@1", "get@64"]);
  });

  test("has every workload that a pattern fits, from end to end", () => {
    expect(planOf("calls", "--workload", "*@1").suites[0]?.workloads).toEqual(["get@1"]);
    expect(planOf("calls", "--workload", "get@*").suites[0]?.workloads).toEqual(["get@1", "get@64"]);
    expect(problemOf("calls", "--workload", "put@*")).toContain("put@* is no workload of calls");
  });

  test("is every suite of a group that is named", () => {
    expect(planOf("streams").suites.map(({ suite }) => suite.id)).toEqual(["streams-in", "streams-out"]);
  });

  test("has each suite and subject once, however often it is named", () => {
    expect(planOf("streams-in", "streams").suites.map(({ suite }) => suite.id)).toEqual(["streams-in", "streams-out"]);
    expect(planOf("calls", "--subject", "ours,ours").suites[0]?.subjects).toEqual(["bare", "ours"]);
  });

  test("is one round where it is profiled, and as many as are asked for of every suite", () => {
    const roundsOf = (...argv: readonly string[]): unknown => planOf(...argv).suites.map(({ length }) => length.rounds);
    expect(roundsOf("calls", "streams-in", "long", "--profile", "temp", "--rounds", "5")).toEqual([1, 1, 1]);
    expect(roundsOf("calls", "streams-in", "long", "--rounds", "5")).toEqual([5, 5, 5]);
  });
});

describe("a suite of its own length", () => {
  test("is run by its name alone, and as long as it says", () => {
    expect(planOf("long").suites.map(({ suite, length }) => [suite.id, length])).toEqual([["long", lengthOf(30)]]);
    expect(planOf("long", "--quick").suites[0]?.length.measureMs).toBe(10);
  });

  test("leaves the length of the others alone", () => {
    expect(planOf("calls", "long").suites[0]?.length).toEqual(planOf("calls").suites[0]?.length);
  });

  test("has what it does not say itself from what all suites have", () => {
    const [all, own] = planOf("calls", "streams-in").suites;
    expect(own?.length).toEqual({ ...all?.length, warmUpMs: 1_000 });
    expect(planOf("streams-in", "--quick").suites[0]?.length).toMatchObject({ rounds: 3, warmUpMs: 900 });
  });
});

describe("a run that may be written down", () => {
  test("is a long one, of some workloads or subjects as well", () => {
    expect(planOf("calls").isResult).toBe(true);
    expect(planOf("--rounds", "20", "--json").isResult).toBe(true);
    expect(planOf("--workload", "get@1").isResult).toBe(true);
    expect(planOf("--subject", "ours").isResult).toBe(true);
    expect(planOf("long", "--rounds", "1").isResult).toBe(true);
  });

  test.each([["--quick"], ["--rounds", "2"], ["--profile", "temp"]])("is not one with %s", (...argv) => {
    expect(planOf(...argv).isResult).toBe(false);
  });

  test("stands beside that of all where it is of some subjects, and draws no charts", () => {
    const [all, some] = [planOf("calls").suites[0], planOf("calls", "--subject", "ours").suites[0]];
    if (all === undefined || some === undefined) throw new Error("nothing was chosen");
    expect(writtenAs(all)).toBe(all.suite);
    const part = writtenAs(some);
    expect(part).toMatchObject({ id: "calls-part", title: "Calls (some subjects)", charted: [] });
    expect(part.subjects.map(({ id }) => id)).toEqual(["bare", "ours"]);
  });

  test.each([
    ["npm run bench -- calls", "calls"],
    ["npm run bench -- calls --workload get@64", "calls", "--workload", "*64", "--json"],
    ["npm run bench -- calls --rounds 9", "calls", "--rounds", "9"],
    ["npm run bench -- calls --subject bare,ours", "calls", "--subject", "ours"],
    ["npm run bench -- long", "long"],
    ["npm run bench -- long --rounds 7", "long", "--rounds", "7"],
  ])("is repeated by %s", (command, ...argv) => {
    const plan = planOf(...argv);
    expect(plan.suites.map(commandOf)).toEqual([command]);
  });
});

describe("what cannot be run", () => {
  test("is told with what could be", () => {
    expect(problemOf("calls", "--subject", "mine")).toBe("mine is no subject of calls; known are bare, ours, theirs");
    expect(problemOf("calls", "--workload", "put@1")).toContain("known are get@1, get@64");
    expect(problemOf("startup")).toBe("startup is no suite; known are calls, streams-in, streams-out, long");
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
