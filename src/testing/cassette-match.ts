import { redacted } from "../core/redact.ts";
import { misfitsOf } from "./expected-value.ts";
import { bytesOf, type RecordedBody } from "./recorded-body.ts";
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
  const compare = (what: string, before: string | undefined, now: string | undefined): void => {
    if (before === undefined ? now !== undefined : !isSameButSecrets(before, now)) {
      found.push(`${what} was ${shown(before)}, and is ${shown(now)}`);
    }
  };
  compare("method", recorded.method, request.method);
  if (!isSamePath(was.pathname, is.pathname)) compare("path", was.pathname, is.pathname);
  if (rules.origin) compare("origin", was.origin, is.origin);
  if (rules.query) {
    for (const name of new Set([...was.searchParams.keys(), ...is.searchParams.keys()])) {
      compare(`query ${name}`, was.searchParams.getAll(name).join(), is.searchParams.getAll(name).join());
    }
  }
  for (const name of rules.headers) compare(`header ${name}`, recorded.headers?.[name], request.headers?.[name]);
  if (rules.body) {
    for (const { place, expected, actual } of misfitsOf(
      comparable(recorded.body),
      comparable(request.body),
      isSameButSecrets,
    )) {
      found.push(`body${place} was ${shown(expected)}, and is ${shown(actual)}`);
    }
  }
  return found;
}

/**
 * Where a secret was taken out, anything may stand: what is known to be one now is not yet known where only a later
 * call shows it.
 */
function isSameButSecrets(before: string, now: unknown): boolean {
  if (before === now || before === redacted) return now !== undefined;
  if (typeof now !== "string" || !before.includes(redacted)) return false;
  const [first = "", ...others] = before.split(redacted);
  if (!now.startsWith(first)) return false;
  let at = first.length;
  for (const [index, part] of others.entries()) {
    const isLast = index === others.length - 1;
    const found = isLast ? now.length - part.length : now.indexOf(part, at);
    if (found < at || !now.startsWith(part, found)) return false;
    at = found + part.length;
  }
  return true;
}

function isSamePath(before: string, now: string): boolean {
  const [was, is] = [before.split("/"), now.split("/")];
  return was.length === is.length && was.every((segment, index) => isSameButSecrets(segment, is[index]));
}

/** JSON as its value, anything else as text or, byte by byte, as Latin-1. */
function comparable(body: RecordedBody | undefined): unknown {
  if (body === undefined) return undefined;
  if ("json" in body) return body.json;
  return Buffer.from(bytesOf(body)).toString("base64" in body ? "latin1" : "utf8");
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
