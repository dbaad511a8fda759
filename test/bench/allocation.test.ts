import { expect, test } from "vitest";
import { allocatedBytes } from "../../bench/allocation.ts";

test("without a collection, what was allocated is what the heap has grown by", () => {
  expect(allocatedBytes(1_000, [], 1_600)).toBe(600);
});

test("what a collection freed was allocated all the same", () => {
  const collections = [
    { usedBefore: 1_500, usedAfter: 900 },
    { usedBefore: 1_400, usedAfter: 950 },
  ];
  expect(allocatedBytes(1_000, collections, 1_000)).toBe(500 + 500 + 50);
});
