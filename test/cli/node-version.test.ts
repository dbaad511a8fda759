import { expect, test } from "vitest";
import { nodeProblem } from "../../src/cli/node-version.ts";

test.each(["22.19.0", "22.20.1", "24.0.0", "26.10.0"])("%s runs it", (version) => {
  expect(nodeProblem(version)).toBeUndefined();
});

test.each(["22.18.9", "20.19.0", "18.0.0"])("%s is told what it wants", (version) => {
  expect(nodeProblem(version)).toContain(`wants Node.js 22.19 or newer, and this is ${version}`);
});
