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

test.each([
  [
    "a settings file that is not there",
    ["--settings", "missing.ts"],
    /missing\.ts cannot be loaded: Cannot find module/,
  ],
  ["a settings file without options", ["--settings", "test/lab/short-scenario.ts"], /must export the options/],
  ["no settings for the subject of them", ["--subjects", "own"], /needs a settings file/],
  ["an option that nobody knows", ["--bogus"], /Unknown option '--bogus'.*--help/],
  ["a load without settings", ["--load", "5"], /--load says how your own service is called: it needs --settings/],
  ["a load below 0", ["--settings", "examples/lab-settings.ts", "--load=-5"], /--load must be a whole number/],
])("%s is answered by one line and exit code 2", async (_, args, message) => {
  await expect(lab(...args)).rejects.toMatchObject({
    code: 2,
    stdout: "",
    stderr: expect.stringMatching(new RegExp(`^[^\\n]*${message.source}[^\\n]*\\n$`)),
  });
});

test("help names every option, and the list every scenario and subject", async () => {
  expect((await lab("--help")).stdout).toMatch(/--scenario[^]*--settings[^]*--json/);
  expect((await lab("--list")).stdout).toMatch(/^calm[^]*brownout-balanced[^]*subjects: hawser, no-retries/);
});
