import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Results } from "../../src/lab/report/standing.ts";

const root = new URL("../../", import.meta.url);
const lab = (...args: string[]): Promise<{ stdout: string }> =>
  promisify(execFile)(process.execPath, ["scripts/lab.ts", ...args], { cwd: root, timeout: 50_000 });

test("a run prints its figures as JSON, and a user's own settings at their own traffic", {
  timeout: 60_000,
}, async () => {
  const args = ["--settings", "examples/lab-settings.ts", "--load", "20", "--scenario", "restart", "--seeds", "1"];
  const { stdout } = await lab(...args, "--subjects", "own,no-retries", "--json");
  const { subjects, summaries } = JSON.parse(stdout) as Results;
  expect(subjects.map(({ name }) => name)).toEqual(["yours", "no retries"]);
  expect(summaries.map(({ scenario, subject }) => `${scenario} ${subject}`)).toEqual([
    "restart own",
    "restart no-retries",
  ]);
});

test("what is not known is told together with what is, before anything is run", async () => {
  await expect(lab("--scenario", "nope")).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/nope is not known; known are calm, slowdown-10s/),
  });
  await expect(lab("--seeds", "0")).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--seeds must be a whole number of at least 1, not 0"),
  });
});

test("help names every option, and the list every scenario and subject", async () => {
  expect((await lab("--help")).stdout).toMatch(/--scenario[^]*--settings[^]*--json/);
  expect((await lab("--list")).stdout).toMatch(/^calm[^]*brownout-balanced[^]*subjects: hawser, no-retries/);
});
