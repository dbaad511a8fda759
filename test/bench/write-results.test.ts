import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { writeResults } from "../../bench/write-results.ts";
import { calls, row } from "./suites.ts";

const facts = {
  command: "npm run bench",
  date: "2026-11-25",
  machine: "One",
  pinning: "none",
  load: [0, 0],
  versions: {},
} as const;
const both = (workload: string): ReturnType<typeof row>[] => [row({ workload }), row({ workload, subject: "bare" })];

test("a run leaves a section and its charts, and takes those of the last run away", async () => {
  const path = await mkdtemp(join(tmpdir(), "hawser-bench-"));
  onTestFinished(() => rm(path, { recursive: true }));
  const folder = pathToFileURL(`${path}/`);
  await writeResults(folder, calls, [...both("get@1"), ...both("get@64")], facts);
  expect((await readdir(join(path, "charts"))).toSorted()).toEqual(["calls-get-1.svg", "calls-get-64.svg"]);
  expect(await readFile(join(path, "results.md"), "utf8")).toContain(
    "### get@1\n\nGET.\n\n![CPU time](charts/calls-get-1.svg)",
  );

  await writeResults(folder, { ...calls, charted: ["get@1"] }, both("get@64"), facts);
  expect(await readdir(join(path, "charts"))).toEqual([]);
  expect(await readFile(join(path, "results.md"), "utf8")).not.toContain("get@1");
});
