import { expect, test } from "vitest";
import { idOf, judge, type Position, positionProblem, positionsAt } from "../../../src/websocket/resume/positions.ts";

test.each<[string, Position | undefined, Position, string]>([
  ["nothing before", undefined, 7, "first"],
  ["one further", 7, 8, "next"],
  ["the same", 7, 7, "duplicate"],
  ["before", 7, 3, "duplicate"],
  ["two further", 7, 9, "gap"],
  ["from below zero", -1, 0, "next"],
  ["the same text", "a", "a", "duplicate"],
  ["another text, whatever it looks like", "8", "7", "next"],
  ["a text after a number", 7, "8", "new-epoch"],
  ["a number after a text", "7", 8, "new-epoch"],
  ["one further in the same epoch", { epoch: "x", offset: 7 }, { epoch: "x", offset: 8 }, "next"],
  ["before in the same epoch", { epoch: 1, offset: 7 }, { epoch: 1, offset: 6 }, "duplicate"],
  ["further in the same epoch", { epoch: 1, offset: 7 }, { epoch: 1, offset: 9 }, "gap"],
  ["another epoch, with the next number", { epoch: 1, offset: 7 }, { epoch: 2, offset: 8 }, "new-epoch"],
  ["epochs of different types", { epoch: 1, offset: 7 }, { epoch: "1", offset: 8 }, "new-epoch"],
  ["an epoch where there was none", 7, { epoch: 1, offset: 8 }, "new-epoch"],
  ["the same text of another epoch", { epoch: 1, offset: "a" }, { epoch: 2, offset: "a" }, "new-epoch"],
])("%s: %j, then %j is %s", (_what, last, position, verdict) => {
  expect(judge(last, position)).toBe(verdict);
});

test.each([[0], [-5], [Number.MAX_SAFE_INTEGER], ["x"], [{ epoch: "e", offset: 3 }], [{ epoch: 0, offset: "x" }]])(
  "%j is a position",
  (value) => {
    expect(positionProblem(value)).toBeUndefined();
  },
);

test.each([
  [Number.NaN, /no safe integer/],
  [1.5, /no safe integer/],
  [2 ** 53, /9007199254740992 is no safe integer; as a string/],
  [Number.POSITIVE_INFINITY, /no safe integer/],
  ["", /not be empty/],
  [5n, /a bigint must be made a number, or a string/],
  [null, /not null/],
  [true, /not boolean/],
  [{ epoch: 1 }, /epoch and offset, and nothing else/],
  [{ epoch: 1, offset: 2, more: 3 }, /nothing else/],
  [{ epoch: undefined, offset: 2 }, /its epoch/],
  [{ epoch: 1, offset: {} }, /its offset/],
  [[1, 2], /epoch and offset/],
])("%s is none", (value, problem) => {
  expect(positionProblem(value)).toMatch(problem);
});

test("different positions have different ids", () => {
  const all: readonly Position[] = [1, "1", { epoch: 1, offset: 1 }, { epoch: "1", offset: 1 }, "[1,1]"];
  expect(new Set(all.map(idOf)).size).toBe(all.length);
});

test("where some keys are to go on leaves out those that have no position, and all without any", () => {
  const all = new Map([
    ["gold", 7],
    ["iron", 0],
    ["tin", 3],
  ]);
  expect([...positionsAt(all, ["gold", "zinc", "iron"])]).toEqual([
    ["gold", 7],
    ["iron", 0],
  ]);
  expect(positionsAt(undefined, ["gold"]).size).toBe(0);
});
