import { afterAll, beforeAll, expect, test } from "vitest";
import { isExternalServiceError } from "../../../src/core/errors.ts";
import { type Certificates, makeCertificates } from "../../support/certificates.ts";
import { logbook } from "../../support/rest-client.ts";
import { openHawser } from "./clients/hawser.ts";
import { expectedFailures } from "./expected-failures.ts";
import type { FaultCase, SaidByHawser } from "./fault-case.ts";
import { HeldClock } from "./held-clock.ts";
import { hasSecret, judge, shownBy } from "./judge.ts";
import { type End, type Observation, runCase } from "./run-case.ts";

// Far beyond every limit of the corpus: who has not ended by then, hangs.
const cutOffMs = 15_000;
const slow = 1 / 50;
const options = { concurrent: true, timeout: 4 * cutOffMs } as const;

const isExpectedToFail = ({ rule }: FaultCase): boolean => Object.hasOwn(expectedFailures, rule);

/** Runs these cases on Hawser, all at once, and holds it to all that every case asks. */
export function testCases(cases: readonly FaultCase[]): void {
  const events: unknown[] = [];
  const note = (event: unknown): void => void events.push(event);
  let certificates: Certificates | undefined;

  beforeAll(async () => {
    process.on("unhandledRejection", note).on("uncaughtException", note);
    if (cases.some(({ farSide }) => farSide.scheme !== undefined)) certificates = await makeCertificates();
  }, options.timeout);

  afterAll(() => {
    process.off("unhandledRejection", note).off("uncaughtException", note);
    // oxlint-disable-next-line vitest/no-standalone-expect
    expect(events, "no rejection is left unhandled, no exception uncaught").toEqual([]);
  });

  test.each(cases.filter((one) => !isExpectedToFail(one)))("$rule", options, async (faultCase) => {
    expect(await complaintsAbout(faultCase, certificates)).toEqual([]);
  });

  test.each(cases.filter(isExpectedToFail))("$rule", { ...options, fails: true }, async (faultCase) => {
    expect(await complaintsAbout(faultCase, certificates)).toEqual([]);
  });
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
  const { error } = end;
  return isExternalServiceError(error) && hawser.some((said) => says(error, said));
}

function says(error: object, said: SaidByHawser): boolean {
  return Object.entries(said).every(([name, value]) => (error as Record<string, unknown>)[name] === value);
}

function told({ ends, next }: Observation): readonly string[] {
  return [...ends, next].map((end) => (end.kind === "failure" ? shownBy(end.error).join("\n") : JSON.stringify(end)));
}
