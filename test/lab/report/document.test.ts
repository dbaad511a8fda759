import { expect, test } from "vitest";
import { resultsDocument } from "../../../src/lab/report/document.ts";
import { results } from "./results.ts";

const facts = { command: "npm run lab", versions: { peer: "1.2.3" }, seeds: 2 };

test("the document says how it was made, and what was compared", () => {
  const document = resultsDocument(results, facts);
  expect(document).toContain("`npm run lab`");
  expect(document).toContain("peer 1.2.3");
  expect(document).toContain("![Goodput over time](scenario-short.svg)");
});

test("a loss is told as plainly as a win", () => {
  const document = resultsDocument(results, facts);
  expect(document).toContain("- **short**: a & b < c is 5.0 points ahead.");
  expect(document).toContain("| calm | 100.0 | no retries | 100.0 | level |");
});

test("without losses it says so", () => {
  const won = { ...results, subjects: results.subjects.filter(({ id }) => id !== "peer") };
  expect(resultsDocument(won, facts)).toContain("In none of these is anybody ahead of Hawser.");
});
