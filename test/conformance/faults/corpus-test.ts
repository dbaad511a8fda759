import { afterAll, beforeAll, expect, test } from "vitest";
import { type Certificates, makeCertificates } from "../../support/certificates.ts";

/** A case, as far as a test of it is about the same in every corpus. */
export interface TestedCase {
  readonly rule: string;
  readonly farSide: { readonly scheme?: unknown };
}

/** How the cases of a corpus are run on Hawser. */
export interface CorpusTest<Case extends TestedCase> {
  /** By the case's rule, with the reason. */
  readonly expectedFailures: Readonly<Record<string, string>>;
  /** What Hawser does in this case and should not; the certificates are there where a case of the file needs them. */
  readonly complaintsAbout: (faultCase: Case, certificates: Certificates | undefined) => Promise<readonly string[]>;
  /** Of one case, all of whose steps have a cut-off. */
  readonly timeoutMs: number;
}

/** Runs these cases on Hawser, all at once, and holds it to all that every case asks. */
export function testCorpus<Case extends TestedCase>(
  cases: readonly Case[],
  { expectedFailures, complaintsAbout, timeoutMs }: CorpusTest<Case>,
): void {
  const options = { concurrent: true, timeout: timeoutMs } as const;
  const isExpectedToFail = ({ rule }: Case): boolean => Object.hasOwn(expectedFailures, rule);
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
