// `npm run soak:ws`: twenty streams through a network that breaks them, and a far side that is killed. Ends with 0 only
// if every number was delivered once and in order, every send settled as it arrived, and nothing is left.
import { runCommand } from "../../../examples/storefront/command-line.ts";
import { stopSignal } from "../../../examples/storefront/stop-signal.ts";
import { Terminal } from "../../../examples/storefront/terminal.ts";
import { type Flags, readFlags, usage } from "./flags.ts";
import { reportOf } from "./report.ts";
import { soak } from "./run.ts";
import { violations } from "./verdict.ts";

/** Once all is said, nothing may hold the process up for longer. */
const exitWithinMs = 5_000;

const terminal = new Terminal(process.stdout);

await runCommand({ name: "soak", usage, print: (text) => terminal.print(text), readFlags, play });

/** The exit code says whether nothing was violated. */
async function play({ minutes, seed, sabotage }: Flags): Promise<void> {
  const startedAt = performance.now();
  const { signal } = stopSignal();
  terminal.print(
    `\n  A soak of ${minutes} minutes with seed ${seed}${sabotage === undefined ? "" : `: ${sabotage}`}.\n`,
  );
  try {
    const onProgress = (seconds: number): void => terminal.live(`  ${Math.round(seconds)} s`);
    const evidence = await soak({ minutes, seed, sabotage, signal, onProgress });
    terminal.live("");
    terminal.print(reportOf(evidence, (performance.now() - startedAt) / 1000));
    const problems = violations(evidence);
    terminal.print("");
    for (const problem of problems) terminal.print(`  ${terminal.bad(`Violated: ${problem}.`)}`);
    if (problems.length === 0) {
      const text = "Every number was delivered once and in order, and every send settled as it arrived.";
      terminal.print(`  ${terminal.good(text)}`);
    }
    process.exitCode = problems.length === 0 ? 0 : 1;
  } catch (error) {
    if (!signal.aborted) throw error;
    terminal.print("\n  Interrupted: nothing was proved.");
    process.exitCode = 130;
  }
  setTimeout(() => {
    process.stderr.write("soak: the process did not come to its end by itself\n");
    process.exit(1);
  }, exitWithinMs).unref();
}
