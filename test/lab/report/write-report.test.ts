import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeReport } from "../../../src/lab/report/write-report.ts";
import { results } from "./results.ts";

test("a report is a document, its figures as JSON, three overviews and a chart for each scenario", async () => {
  const directory = await mkdtemp(join(tmpdir(), "hawser-lab-"));
  try {
    await writeReport(directory, results, { command: "npm run lab", versions: {}, seeds: 2 });
    expect((await readdir(directory)).toSorted()).toEqual([
      "attempts.svg",
      "goodput.svg",
      "recovery.svg",
      "results.json",
      "results.md",
      "scenario-calm.svg",
      "scenario-short.svg",
    ]);
    const { summaries } = JSON.parse(await readFile(join(directory, "results.json"), "utf8")) as {
      summaries: unknown[];
    };
    expect(summaries).toEqual(results.summaries);
  } finally {
    await rm(directory, { recursive: true });
  }
});
