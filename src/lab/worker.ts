import type { Clock, Random } from "../core/clock.ts";
import type { Scenario } from "./scenario.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { installVirtualGlobals } from "./virtual-globals.ts";

/** One run, as it is sent to a process that does nothing else. */
export interface Job {
  readonly scenario: Scenario;
  readonly subject: string;
  readonly seed: number;
  /** Of a module whose default export is the options of a RESTService; the subject is then `own`. */
  readonly settingsUrl?: string | undefined;
}

const source: { clock: Clock; random: Random } = { clock: new VirtualClock(), random: () => 0 };
installVirtualGlobals(source);
// A trace for each of a million errors is most of a run's time, and nobody reads it.
Error.stackTraceLimit = 0;

const { subjectFor } = await import("./subjects/catalog.ts");
const { simulate } = await import("./simulate.ts");

process.on("message", (job: Job) => {
  void run(job).then(
    (figures) => process.send?.({ figures }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  );
});
process.send?.({ ready: true });

async function run({ scenario, subject, seed, settingsUrl }: Job): Promise<unknown> {
  return simulate({ scenario, subject: await subjectFor(subject, settingsUrl), seed }, source);
}
