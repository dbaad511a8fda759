import { execFile } from "node:child_process";
import { describe, expect, test } from "vitest";

const program = new URL("start.ts", import.meta.url).pathname;

/** Runs the program to its end. */
const play = (...args: readonly string[]): Promise<{ code: unknown; output: string; errors: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, ["--no-warnings", program, ...args], (error, output, errors) =>
      resolve({ code: error?.code ?? 0, output, errors }),
    );
  });

describe("20 streams, 2,000 messages a second, a minute of a bad network", () => {
  test("every number is delivered once and in order, every send settles, and nothing is left", async () => {
    const { code, output, errors } = await play("--minutes", "1", "--seed", "1");

    // First, because it shows what was violated.
    expect(output + errors).toContain("Every number was delivered once and in order");
    expect(errors).toBe("");
    expect(code).toBe(0);
    expect(output).toMatch(/deliveries +360,000\n/);
    expect(output).toMatch(/not the next number +0\n/);
    expect(output).toMatch(/unsettled +0\n/);
  }, 240_000);
});

describe("the soak ends with 1 where", () => {
  test.each([
    ["drop", "numbers came that were not the next ones"],
    ["lose", "sends were written and lost, though later ones arrived on the same connection"],
    ["leak", "the heap has grown"],
    ["timer", "things are left in the process: Timeout"],
  ])(
    "it is sabotaged with %s",
    async (sabotage, violation) => {
      const { code, output } = await play("--minutes", "0.1", "--sabotage", sabotage);

      expect(output).toMatch(new RegExp(`Violated: .*${violation}`));
      expect(output).not.toContain("Every number was delivered");
      expect(code).toBe(1);
    },
    120_000,
  );
});

test.each([
  [["--minutes", "0"], "--minutes must be a number from 0.1 to 600"],
  [["--seed", "x"], "--seed must be a whole number from 0 to 2147483647"],
  [["--sabotage", "all"], "--sabotage must be one of drop, "],
  [["--sed", "1"], "Unknown option '--sed'"],
])("the flags %j are refused, and it says why", async (args, problem) => {
  const { code, errors } = await play(...args);

  expect(errors).toContain(problem);
  expect(code).toBe(2);
});
