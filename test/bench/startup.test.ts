import { describe, expect, test } from "vitest";
import type { Row } from "../../bench/suite.ts";
import { startup, startupDoubts } from "../../bench/suites/startup.ts";
import { row } from "./suites.ts";

const loadedIn = (subject: string, ms: number): Row => {
  const us = ms * 1_000;
  return row({ suite: "startup", subject, wallUs: { min: us, median: us, max: us } });
};

test("every entry point of the package is loaded, and package.json is none", () => {
  const ids = startup.subjects.map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(["hawser", "hawser/testing", "hawser/auth/oauth2"]));
  expect(ids).not.toContain("hawser/package.json");
});

describe("what was promised of loading the library", () => {
  test("is said to be broken above 60 ms more than undici and ws", () => {
    expect(startupDoubts([loadedIn("undici+ws", 100), loadedIn("hawser", 161)])).toEqual([
      expect.stringMatching(/takes 61 ms more than undici and ws/),
    ]);
  });

  test("holds up to there, and of less than both nothing can be said", () => {
    expect(startupDoubts([loadedIn("undici+ws", 100), loadedIn("hawser", 160)])).toEqual([]);
    expect(startupDoubts([loadedIn("undici+ws", 100)])).toEqual([]);
  });
});
