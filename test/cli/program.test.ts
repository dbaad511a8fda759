import { describe, expect, test } from "vitest";
import { run } from "./command-under-test.ts";

const commands = ["init", "check", "describe", "call", "tail", "generate"];

test("alone, it shows its page, as with --help", async () => {
  const ran = await run([]);
  expect(ran).toMatchObject({ exitCode: 0, told: [] });
  expect(ran.stdout).toContain("Usage: hawser [options] [command]");
  for (const command of commands) expect(ran.stdout).toContain(`  ${command} `);
  expect(await run(["--help"])).toEqual(ran);
});

test.each(commands)("%s has a page with examples, by --help and by help", async (command) => {
  const ran = await run([command, "--help"]);
  expect(ran).toMatchObject({ exitCode: 0, told: [] });
  expect(ran.stdout).toContain(`Usage: hawser ${command} `);
  expect(ran.stdout).toContain(`  $ hawser ${command}`);
  expect(await run(["help", command])).toEqual(ran);
});

test.each(["--version", "-V"])("%s is the version", async (flag) => {
  expect(await run([flag])).toEqual({ exitCode: 0, stdout: "1.2.3\n", told: [] });
});

test("pages have colours on a terminal alone", async () => {
  expect((await run(["check", "--help"], { isTerminal: true })).stdout).toContain("<bold>Options:</bold>");
  expect((await run(["check", "--help"])).stdout).not.toContain("<bold>");
});

describe("a wrong command line is one line, and 2", () => {
  test.each([
    [["chek"], "unknown command 'chek' (did you mean check?); see hawser --help"],
    [["frobnicate"], "unknown command 'frobnicate'; see hawser --help"],
    [["help", "chek"], "unknown command 'chek' (did you mean check?); see hawser --help"],
    [["chek", "--help"], "unknown command 'chek' (did you mean check?); see hawser --help"],
    [["--jsn"], "unknown option '--jsn'; see hawser --help"],
    [["check", "--jsn"], "unknown option '--jsn' (did you mean --json?); see hawser check --help"],
    [
      ["describe", "users"],
      "too many arguments for 'describe'. Expected 0 arguments but got 1: users; see hawser describe --help",
    ],
    [["call", "users"], "missing required argument 'method'; see hawser call --help"],
    [["tail"], "missing required argument 'stream'; see hawser tail --help"],
    [["check", "--timeout"], "option '-t, --timeout <duration>' argument missing; see hawser check --help"],
    [["check", "--log", "loud"], "Allowed choices are debug, info, warn, error, silent; see hawser check --help"],
  ])("hawser %j", async (args, problem) => {
    const ran = await run(args);
    expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ran.told).toEqual([expect.stringContaining(problem)]);
  });
});
