import { stopSignal } from "../../../examples/storefront/stop-signal.ts";
import { Terminal } from "../../../examples/storefront/terminal.ts";
import { type Flags, readFlags, UsageError, usage } from "./flags.ts";
import { Report } from "./report.ts";
import { run } from "./run.ts";
import { prove } from "./verdict.ts";

const terminal = new Terminal(process.stdout);

try {
  const flags = readFlags(process.argv.slice(2));
  if (flags.help) terminal.print(usage);
  else await play(flags);
} catch (error) {
  const isUsage = error instanceof UsageError;
  process.stderr.write(`payments: ${(error as Error).message}${isUsage ? " (--help shows the flags)" : ""}\n`);
  process.exitCode = isUsage ? 2 : 1;
}

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
