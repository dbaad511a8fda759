/** What a fuzzing server says of a case (`behavior` in its answer to `/getCaseStatus`). */
export type Behaviour = (typeof behaviours)[number];

/** `UNIMPLEMENTED`: the case wants an extension that was not negotiated. */
export const behaviours = ["OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED", "FAILED"] as const;

/** One case, and what came of it. */
export interface CaseResult {
  /** From 1, as the server counts. */
  readonly number: number;
  /** As in its reports: `6.4.1`. */
  readonly id: string;
  readonly description: string;
  readonly behaviour: Behaviour;
  /** Why, where the server says so; ours does. */
  readonly reason: string;
}

/** What the server's answer says; whatever we do not know has failed. */
export function readBehaviour(answer: unknown): { readonly behaviour: Behaviour; readonly reason: string } {
  const { behavior, reason } = (answer ?? {}) as { behavior?: unknown; reason?: unknown };
  const known = behaviours.find((one) => one === behavior);
  if (known !== undefined) return { behaviour: known, reason: typeof reason === "string" ? reason : "" };
  return { behaviour: "FAILED", reason: `the server calls it ${JSON.stringify(behavior ?? null)}` };
}

/** How many cases ended how. */
export function tally(results: readonly CaseResult[]): Readonly<Record<Behaviour, number>> {
  const counts = { OK: 0, "NON-STRICT": 0, INFORMATIONAL: 0, UNIMPLEMENTED: 0, FAILED: 0 };
  for (const { behaviour } of results) counts[behaviour] += 1;
  return counts;
}

/** 0 where cases were run and none has failed. */
export function exitCodeOf(results: readonly CaseResult[]): number {
  return results.length > 0 && tally(results).FAILED === 0 ? 0 : 1;
}
