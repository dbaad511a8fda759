import { expect, test } from "vitest";
import type { Row } from "../../bench/suite.ts";
import { startupImport } from "../../bench/suites/startup-import.ts";
import { standingsOf } from "../../bench/targets.ts";
import { row } from "./suites.ts";

const loadedIn = (subject: string, ms: number): Row => {
  const us = ms * 1_000;
  return row({ suite: startupImport.id, workload: "import", subject, wallUs: { min: us, median: us, max: us } });
};

test("every entry point of the package is loaded, and package.json is none", () => {
  const ids = startupImport.subjects.map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(["hawser", "hawser/testing", "hawser/auth/oauth2"]));
  expect(ids).not.toContain("hawser/package.json");
});

test.each([
  [160, "kept"],
  [161, "missed"],
])("loading the library in %i ms, where undici and ws take 100, is a promise %s", (ms, verdict) => {
  const standings = standingsOf(startupImport.targets ?? [], [loadedIn("undici+ws", 100), loadedIn("hawser", ms)]);
  expect(standings.map((standing) => standing.verdict)).toEqual([verdict]);
});
