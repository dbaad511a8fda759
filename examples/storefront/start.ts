import { silentLogger } from "hawser";
import { runCommand } from "./command-line.ts";
import { type Flags, readFlags, usage } from "./flags.ts";
import { humanLogger } from "./human-log.ts";
import { startLiveLine } from "./live-line.ts";
import { run } from "./run.ts";
import { stopSignal } from "./stop-signal.ts";
import { Terminal } from "./terminal.ts";
import { playTour } from "./tour/tour.ts";
import { welcome } from "./welcome.ts";

const terminal = new Terminal(process.stdout);

await runCommand({
  name: "storefront",
  usage,
  print: (text) => terminal.print(text),
  readFlags,
  play: (flags) => (flags.tour ? tour(flags) : demo(flags)),
});

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
