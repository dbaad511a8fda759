import type { ErrorFacts, Outcome } from "./error-facts.ts";

const outcomeInWords: Record<Outcome, string> = {
  "not-sent": "nothing was sent",
  rejected: "the service refused it",
  unknown: "it may have taken effect",
  accepted: "the service accepted it",
};

/** The message of an error: who, what, and where in the call. No fact of it is a secret. */
export function messageFor(what: string, facts: ErrorFacts): string {
  // Wrong configuration is read by whoever writes the code; where it happened and that nothing was sent is plain.
  if (facts.phase === "configure") return `${facts.service}: ${what}`;
  const where = [`phase ${facts.phase}`];
  const attempts = facts.attempts?.length ?? 0;
  if (attempts > 0) where.push(`attempt ${attempts}`);
  if (facts.elapsedMs !== undefined) where.push(`${Math.round(facts.elapsedMs)} ms`);
  const subject = facts.operation === undefined ? facts.service : `${facts.service}: ${facts.operation}`;
  return `${subject}: ${what} (${where.join(", ")}; outcome ${facts.outcome}: ${outcomeInWords[facts.outcome]})`;
}
