import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, expect, test } from "vitest";

const program = new URL("payments/start.ts", import.meta.url).pathname;

/** Runs the program to its end. */
const play = (...args: readonly string[]): Promise<{ code: unknown; output: string; errors: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], (error, output, errors) =>
      resolve({ code: error?.code ?? 0, output, errors }),
    );
  });

const journals = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("hawser-payments-"));

describe("300 payments through a gateway that misbehaves, with a shop that is killed 3 times", () => {
  test("are charged once each, no call promises more than it can know, and nothing is left", async () => {
    const before = journals();
    const { code, output, errors } = await play("--payments", "300", "--kills", "3", "--seed", "7");

    // First, because it shows what was not proved.
    expect(output + errors).toContain("Every order was charged exactly once");
    expect(code).toBe(0);
    expect(errors).toBe("");
    expect(output).toMatch(/orders +300\n +confirmed to the customer +300\n +in the gateway's ledger +300\n/);
    expect(output).toMatch(/lost +0\n +charged twice +0\n/);
    expect(output).toMatch(/rejected +[\d,]+ +0 charged\n +not-sent +[\d,]+ +0 charged\n +understated.* 0\n/);
    expect(output).toMatch(/processes killed +3\n/);
    expect(output.split("\n").filter((line) => line.length > 100)).toEqual([]);
    expect(journals().filter((name) => !before.includes(name))).toEqual([]);
  }, 120_000);
});

test.each([
  [["--payments", "10"], "--payments must be a whole number from 200 to 99999"],
  [["--payments", "300", "--kills", "7"], "--kills must be a whole number from 0 to 6"],
  [["--seed", "x"], "--seed must be a whole number"],
  [["--sed", "1"], "Unknown option '--sed'"],
])("the flags %j are refused, and it says why", async (args, problem) => {
  const { code, errors } = await play(...args);

  expect(errors).toContain(problem);
  expect(code).toBe(2);
});
