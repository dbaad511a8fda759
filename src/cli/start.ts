#!/usr/bin/env node
import { nodeProblem } from "./node-version.ts";

const problem = nodeProblem(process.versions.node);
if (problem === undefined) {
  // Only now: an older Node could not even load the rest.
  const { runProcess } = await import("./process.ts");
  await runProcess(process);
} else {
  process.stderr.write(`hawser: ${problem}\n`);
  process.exitCode = 2;
}
