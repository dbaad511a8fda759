import type { Certificates } from "../../support/certificates.ts";
import { logbook } from "../../support/rest-client.ts";
import { testCorpus } from "../faults/corpus-test.ts";
import { saysOneOf } from "../faults/said-by-hawser.ts";
import { openHawser } from "./clients/hawser.ts";
import { expectedFailures } from "./expected-failures.ts";
import type { FaultCase } from "./fault-case.ts";
import { hasSecret, judge, shownBy } from "./judge.ts";
import { PacedClock } from "./paced-clock.ts";
import { type Observation, runCase } from "./run-case.ts";

// Far beyond every limit of the corpus: what has not come about by then, never will.
const cutOffMs = 15_000;
// Time counts in turns of the loop, so it may go faster than the machine's: no limit passes before its time.
const speed = 5;

/** Runs these cases on Hawser, all at once, and holds it to all that every case asks. */
export function testCases(cases: readonly FaultCase[]): void {
  testCorpus(cases, { expectedFailures, complaintsAbout, timeoutMs: 4 * cutOffMs });
}

/** What Hawser does in this case and should not. */
async function complaintsAbout(
  faultCase: FaultCase,
  certificates: Certificates | undefined,
): Promise<readonly string[]> {
  const clock = new PacedClock(speed);
  const { logger, entries } = logbook();
  try {
    const observation = await runCase(faultCase, {
      open: (settings) => openHawser(settings, { clock, logger, random: () => 0.5 }),
      now: () => clock.now(),
      sleep: async (ms) => clock.sleep(ms),
      certificates,
      cutOffMs,
      resources: () => clock.timers,
    });
    const complaints: string[] = [...judge(faultCase, observation)];
    if (entries.some((entry) => hasSecret(JSON.stringify(entry)))) complaints.push("a secret is logged");
    if (!isAsSaid(faultCase, observation)) complaints.push("no error says what it should");
    return complaints.length === 0 ? complaints : [...complaints, ...summaryOf(observation)];
  } finally {
    clock.stop();
  }
}

/** Whether one of the errors says one of those things that the case names. */
function isAsSaid({ expect: { hawser } }: FaultCase, { told }: Observation): boolean {
  if (hawser === undefined || hawser.length === 0) return true;
  return told.some((report) => saysOneOf(report, hawser));
}

function summaryOf({ told, messages, sent, received, ...others }: Observation): readonly string[] {
  const first = (list: readonly unknown[]): string =>
    `${list.length}: ${JSON.stringify(list.slice(0, 5)).slice(0, 300)}`;
  return [
    JSON.stringify(others),
    `messages ${first(messages)}`,
    `sent ${first(sent)}`,
    `received ${first(received)}`,
    ...told.slice(0, 3).map((report) => shownBy(report).join("\n")),
  ];
}
