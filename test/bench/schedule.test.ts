import { expect, test } from "vitest";
import { turnsOf } from "../../bench/schedule.ts";

test("every subject has one turn in each round, and each round begins with another", () => {
  const turns = turnsOf(["a", "b", "c"], 4).map(({ round, subject }) => `${round}${subject}`);
  expect(turns.join(" ")).toBe("0a 0b 0c 1b 1c 1a 2c 2a 2b 3a 3b 3c");
});

test("where there are no subjects, there are no turns", () => {
  expect(turnsOf([], 3)).toEqual([]);
});
