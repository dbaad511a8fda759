import { isDeepStrictEqual } from "node:util";
import type { RecordedRequest } from "./recording.ts";

/** By what a call is told from another. */
export interface CassetteMatchRules {
  readonly origin: boolean;
  readonly query: boolean;
  readonly body: boolean;
  /** In lower case. */
  readonly headers: readonly string[];
}

/** What of a request is not as it was recorded, in words. Both are without secrets. Empty where nothing is. */
export function recordedDifferences(
  recorded: RecordedRequest,
  request: RecordedRequest,
  rules: CassetteMatchRules,
): string[] {
  const [was, is] = [new URL(recorded.url), new URL(request.url)];
  const found: string[] = [];
  const compare = (what: string, before: unknown, now: unknown): void => {
    if (!isDeepStrictEqual(before, now)) found.push(`${what} was ${shown(before)}, and is ${shown(now)}`);
  };
  compare("method", recorded.method, request.method);
  compare("path", was.pathname, is.pathname);
  if (rules.origin) compare("origin", was.origin, is.origin);
  if (rules.query) {
    for (const name of new Set([...was.searchParams.keys(), ...is.searchParams.keys()])) {
      compare(`query ${name}`, was.searchParams.getAll(name).join(), is.searchParams.getAll(name).join());
    }
  }
  for (const name of rules.headers) compare(`header ${name}`, recorded.headers?.[name], request.headers?.[name]);
  if (rules.body) compare("body", recorded.body, request.body);
  return found;
}

/** Why no recording matches a call: the nearest ones, and what differs. */
export function unmatchedText(
  file: string,
  request: RecordedRequest,
  known: readonly { readonly request: RecordedRequest; readonly isUsed: boolean }[],
  rules: CassetteMatchRules,
): string {
  const head = `the cassette ${file} is stale: it has no ${request.method} ${request.url}`;
  const ranked = known
    .map(({ request: recorded, isUsed }) => ({
      recorded,
      isUsed,
      differences: recordedDifferences(recorded, request, rules),
    }))
    .toSorted((a, b) => distance(a.differences) - distance(b.differences));
  const lines = ranked.slice(0, 3).map(({ recorded, isUsed, differences }) => {
    const why =
      differences.length > 0 ? differences.join("; ") : isUsed ? "was played already, once as it was recorded" : "";
    return `\n  ${recorded.method} ${recorded.url}: ${why}`;
  });
  return `${head}. ${lines.length === 0 ? "It is empty." : `The nearest:${lines.join("")}`}\n  Record it again: mode: "record", or "auto" once the file is gone`;
}

function distance(differences: readonly string[]): number {
  const weightOf = (difference: string): number => (/^(?:path|method|origin) /.test(difference) ? 10 : 1);
  return differences.reduce((sum, difference) => sum + weightOf(difference), 0);
}

function shown(value: unknown): string {
  if (value === undefined || value === "") return "absent";
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
