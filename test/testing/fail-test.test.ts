import { spawnSync } from "node:child_process";
import { env } from "node:process";
import { expect, test } from "vitest";
import { failTest } from "../../src/testing/fail-test.ts";

test("under node:test a test that fails is told of its own error, and beside it of the mock's", () => {
  // A runner that finds itself within another one reports to that, and not in words.
  const { NODE_TEST_CONTEXT: _, ...environment } = env;
  const args = ["--test", "--test-reporter", "tap", "test/testing/fail-test/node-suite.ts"];
  const { stdout } = spawnSync(process.execPath, args, { env: environment, encoding: "utf8" });
  expect(stdout.match(/^not ok/gm)).toHaveLength(7);
  expect(stdout).not.toContain("SuppressedError");
  expect(stdout).toMatch(/'is' !== 'expected'/);
  expect(stdout).toMatch(/^# mock transport: GET \/first was called 0 times of 1/m);
  expect(stdout).toMatch(/'was' !== 'expected'/);
  expect(stdout).toMatch(/^# the script was not followed/m);
  // Whichever hook a mock is left in, nothing is lost.
  for (const path of ["second", "third", "fourth", "fifth", "sixth"]) {
    expect(stdout).toMatch(new RegExp(`error: '?mock transport: GET /${path} was called 0 times of 1`));
  }
});

test("under another runner it throws", () => {
  expect(() => failTest(new Error("mine"))).toThrow("mine");
});
