import { expect, test } from "vitest";
import { standings } from "../../../src/lab/report/standing.ts";
import { results } from "./results.ts";

test("the first subject is compared with the best of all peers and baselines, and not with its own variants", () => {
  const [short, calm] = standings(results);
  expect(short).toMatchObject({ best: { name: "a & b < c" }, behind: expect.closeTo(5), isFailing: true });
  expect(calm).toMatchObject({ best: { name: "no retries" }, behind: 0, isFailing: false });
});

test("who is alone is compared with nobody", () => {
  expect(standings({ ...results, subjects: results.subjects.slice(0, 1) })).toEqual([]);
});
