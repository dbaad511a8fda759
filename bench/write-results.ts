import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { chartName, ratioChart } from "./ratio-chart.ts";
import { type Facts, sectionOf, withSection } from "./results-document.ts";
import type { Row, Suite } from "./suite.ts";

/** Writes a suite's section into results.md of the folder, and its charts beside it; those of its last run go. */
export async function writeResults(folder: URL, suite: Suite, rows: readonly Row[], facts: Facts): Promise<void> {
  const charts = new URL("charts/", folder);
  await mkdir(charts, { recursive: true });
  const charted = new Map<string, string>();
  for (const workload of suite.workloads) {
    const name = chartName(suite, workload);
    const isWanted = suite.charted?.includes(workload.id) ?? true;
    const chart = isWanted ? ratioChart(suite, workload, rows) : undefined;
    if (chart === undefined) await rm(new URL(name, charts), { force: true });
    else {
      await writeFile(new URL(name, charts), chart);
      charted.set(workload.id, `charts/${name}`);
    }
  }
  const results = new URL("results.md", folder);
  const document = await readFile(results, "utf8").catch(() => "");
  await writeFile(results, withSection(document, suite.id, sectionOf(suite, rows, facts, charted)));
}
