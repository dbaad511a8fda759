import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { answers, type Behaviour, goesSilent, refuses } from "./behaviour.ts";
import { FarSide } from "./far-side.ts";

const run = promisify(execFile);
const program = fileURLToPath(new URL("exit-program.ts", import.meta.url));

test("a process ends by itself once its streams are closed, whatever they were at", async () => {
  const behaviours: readonly Behaviour[] = [{}, goesSilent, answers(""), refuses("503 Unavailable")];
  const sides = await Promise.all(behaviours.map(async (one) => FarSide.open(one, () => 0, undefined)));
  try {
    // Killed where it does not end, and then this rejects.
    const { stdout } = await run(process.execPath, ["--no-warnings", program, ...sides.map(({ url }) => url)], {
      timeout: 40_000,
    });
    expect(stdout).toBe("closed closed closed closed");
  } finally {
    await Promise.all(sides.map(async (side) => side.close()));
  }
});
