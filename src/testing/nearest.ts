import type { Expectation } from "./expectation.ts";
import type { MockCall } from "./mock-call.ts";

const shownAtMost = 3;
const forMore = "a retry is a call too, and times(n) or persist() allow more";

/** Why no expectation takes a call: the nearest ones, and what of the call is not as they expect. */
export function unexpectedText(call: MockCall, expectations: readonly Expectation[]): string {
  const head = `the mock transport expects no ${call.title} at ${call.origin}`;
  if (expectations.length === 0) return `${head}: it was told of no call at all`;
  const ranked = expectations
    .map((expectation) => ({ expectation, differences: differencesOf(expectation, call) }))
    .toSorted((a, b) => distance(a) - distance(b));
  const lines = ranked.slice(0, shownAtMost).map(({ expectation, differences }) => {
    const why =
      differences.length > 0 ? differences.join("; ") : `has had all of its calls (${expectation.taken}); ${forMore}`;
    return `\n  ${expectation.title}: ${why}`;
  });
  const rest = ranked.length > shownAtMost ? `\n  and ${ranked.length - shownAtMost} more` : "";
  return `${head}. The nearest:${lines.join("")}${rest}`;
}

function differencesOf(expectation: Expectation, call: MockCall): string[] {
  try {
    return expectation.differences(call, true);
  } catch (error) {
    // One that has had all of its calls was not asked before.
    return [`a function of its rules threw: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** Another path is further away than another method, and both than anything else. */
function distance({ differences }: { readonly differences: readonly string[] }): number {
  const weightOf = (difference: string): number =>
    difference.startsWith("path is") ? 10 : difference.startsWith("method is") ? 5 : 1;
  return differences.reduce((sum, difference) => sum + weightOf(difference), 0);
}
