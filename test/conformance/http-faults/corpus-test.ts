import type { Certificates } from "../../support/certificates.ts";
import { logbook } from "../../support/rest-client.ts";
import { testCorpus } from "../faults/corpus-test.ts";
import { saysOneOf } from "../faults/said-by-hawser.ts";
import { openHawser } from "./clients/hawser.ts";
import { expectedFailures } from "./expected-failures.ts";
import type { FaultCase } from "./fault-case.ts";
import { HeldClock } from "./held-clock.ts";
import { hasSecret, judge, shownBy } from "./judge.ts";
import { type End, type Observation, runCase } from "./run-case.ts";

// Far beyond every limit of the corpus: who has not ended by then, hangs.
const cutOffMs = 15_000;
const slow = 1 / 50;

/** Runs these cases on Hawser, all at once, and holds it to all that every case asks. */
export function testCases(cases: readonly FaultCase[]): void {
  testCorpus(cases, { expectedFailures, complaintsAbout, timeoutMs: 4 * cutOffMs });
}

/** What Hawser does in this case and should not. */
async function complaintsAbout(
  faultCase: FaultCase,
  certificates: Certificates | undefined,
): Promise<readonly string[]> {
  const clock = new HeldClock();
  const { logger, entries } = logbook();
  const observation = await runCase(faultCase, {
    open: async (settings) => openHawser(settings, { clock, logger, random: () => 0.01 }),
    certificates,
    cutOffMs,
    // Only where a limit has to pass does time count; nowhere else may one pass because the machine is busy.
    onReached: () => clock.run(isAboutTime(faultCase) ? 1 : slow),
    onEnded: () => clock.run(slow),
  });
  const complaints: string[] = [...judge(faultCase, observation)];
  if (!observation.isClosed) complaints.push("close() does not end, or leaves a connection open");
  if (entries.some((entry) => hasSecret(JSON.stringify(entry)))) complaints.push("a secret is logged");
  for (const end of observation.ends) {
    if (!isAsSaid(end, faultCase, observation)) complaints.push("the error does not say what it should");
  }
  return complaints.length === 0 ? complaints : [...complaints, ...told(observation)];
}

const isAboutTime = ({ expect: { hawser = [] } }: FaultCase): boolean =>
  hawser.some(({ code }) => code.startsWith("timeout-"));

/** Whether a failure is one of those that the case names, or the caller's own reason. */
function isAsSaid(end: End, { expect: { hawser = [] } }: FaultCase, { abortReason }: Observation): boolean {
  if (end.kind !== "failure" || end.error === abortReason) return true;
  return saysOneOf(end.error, hawser);
}

function told({ ends, next }: Observation): readonly string[] {
  return [...ends, next].map((end) => (end.kind === "failure" ? shownBy(end.error).join("\n") : JSON.stringify(end)));
}
