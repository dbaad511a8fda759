import { type Behaviour, type CaseResult, tally } from "./behaviour.ts";

/** One line for a case; its reason below it, where it needs one. */
export function lineOf({ id, description, behaviour, reason }: CaseResult): string {
  const line = `${id.padEnd(9)}${behaviour.padEnd(15)}${description.slice(0, 90)}`;
  return (behaviour === "FAILED" || behaviour === "NON-STRICT") && reason !== ""
    ? `${line}\n${" ".repeat(24)}${reason}`
    : line;
}

const inWords: Readonly<Record<Behaviour, string>> = {
  OK: "",
  "NON-STRICT": "allowed, and not what the RFC wants best",
  INFORMATIONAL: "not judged",
  UNIMPLEMENTED: "needs an extension that was not negotiated: --compression offers it",
  FAILED: "",
};

/** The numbers at the end. */
export function summaryOf(results: readonly CaseResult[]): string {
  const counts = tally(results);
  const rows = (Object.keys(counts) as Behaviour[]).map((behaviour) => {
    const more = counts[behaviour] > 0 && inWords[behaviour] !== "" ? `  (${inWords[behaviour]})` : "";
    return `${behaviour.padEnd(15)}${String(counts[behaviour]).padStart(5)}${more}`;
  });
  const failed = results.filter(({ behaviour }) => behaviour === "FAILED").map(({ id }) => id);
  return [`${results.length} cases`, ...rows, ...(failed.length === 0 ? [] : [`failed: ${failed.join(" ")}`])].join(
    "\n",
  );
}
