import { silentLogger } from "hawser";
import { type Flags, readFlags, UsageError, usage } from "./flags.ts";
import { humanLogger } from "./human-log.ts";
import { startLiveLine } from "./live-line.ts";
import { run } from "./run.ts";
import { stopSignal } from "./stop-signal.ts";
import { Terminal } from "./terminal.ts";
import { playTour } from "./tour/tour.ts";
import { welcome } from "./welcome.ts";

const terminal = new Terminal(process.stdout);

try {
  const flags = readFlags(process.argv.slice(2));
  if (flags.help) terminal.print(usage);
  else if (flags.tour) await tour(flags);
  else await demo(flags);
} catch (error) {
  const isUsage = error instanceof UsageError;
  process.stderr.write(`storefront: ${(error as Error).message}${isUsage ? " (--help shows the flags)" : ""}\n`);
  process.exitCode = isUsage ? 2 : 1;
}

/** Sandbox and application, until Ctrl-C. */
async function demo(flags: Flags): Promise<void> {
  const { promise: stopped } = stopSignal();
  await using running = await run(
    flags,
    humanLogger((line) => terminal.print(line)),
  );
  terminal.print(welcome(running));
  const endLiveLine = startLiveLine(terminal, running.storefront);
  await stopped;
  endLiveLine();
}

/** The guided tour. The exit code says whether it proved what it has to prove. */
async function tour(flags: Flags): Promise<void> {
  const { signal } = stopSignal();
  await using running = await run(flags, silentLogger);
  try {
    const isProved = await playTour(running, { terminal, isQuick: flags.quick, signal });
    process.exitCode = isProved ? 0 : 1;
  } catch (error) {
    if (!signal.aborted) throw error;
    terminal.print("\n  Interrupted: nothing was proved.");
    process.exitCode = 130;
  }
}
