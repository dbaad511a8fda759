import { runCommand } from "../../../examples/storefront/command-line.ts";
import { stopSignal } from "../../../examples/storefront/stop-signal.ts";
import { Terminal } from "../../../examples/storefront/terminal.ts";
import { type Flags, readFlags, usage } from "./flags.ts";
import { Report } from "./report.ts";
import { run } from "./run.ts";
import { prove } from "./verdict.ts";

const terminal = new Terminal(process.stdout);

await runCommand({ name: "payments", usage, print: (text) => terminal.print(text), readFlags, play });

/** The exit code says whether all was proved. */
async function play(flags: Flags): Promise<void> {
  const startedAt = performance.now();
  const { signal } = stopSignal();
  const report = new Report(terminal, flags);
  report.begin();
  try {
    await using played = await run({
      ...flags,
      signal,
      onKill: (state) => report.killed(state),
      onPaid: (state) => report.paid(state),
    });
    const proof = prove(played.evidence);
    report.verdict(proof, (performance.now() - startedAt) / 1000);
    process.exitCode = proof.problems.length === 0 ? 0 : 1;
  } catch (error) {
    if (!signal.aborted) throw error;
    terminal.print("\n  Interrupted: nothing was proved.");
    process.exitCode = 130;
  }
}
