import { inspect, isDeepStrictEqual } from "node:util";
import type { OptionReader } from "../core/options.ts";
import { isSecretHeader, isSecretName, redacted, redactValue } from "../core/redact.ts";
import { type Contains, partOf } from "./contains.ts";
import { isMatcher, type Misfit, misfitsOf } from "./expected-value.ts";
import type { MockCall } from "./mock-call.ts";
import type { Query } from "./query.ts";

/** What a value in a query or a header is compared with. */
export type TextMatch = string | number | boolean | RegExp | ((value: string) => boolean);

/** What a call must be like for an expectation to take it, beside its method and path. All of it must hold. */
export interface MatchRules {
  /** Scheme, host and port: for several services on one mock. @defaultValue that of the mock, else any */
  readonly origin?: string | undefined;
  /**
   * The parameters that the call has, these and no others; a list for a name that is repeated. `contains({ … })` allows
   * others, `{}` none at all. @defaultValue any
   */
  readonly query?:
    | Readonly<Record<string, TextMatch | readonly string[]>>
    | Contains
    | ((query: Query) => boolean)
    | undefined;
  /** Headers that the call has, among others; `undefined` for one that it must not have. */
  readonly headers?: Readonly<Record<string, TextMatch | undefined>> | undefined;
  /**
   * The body, parsed by its content type: the very same, or what a function accepts. Within it, `contains({ … })`, a
   * pattern, a function or a matcher such as vitest's `expect.any(String)` stands for what it accepts.
   */
  readonly body?: unknown;
  /** Anything else. It is asked last, as all functions are: about a call that fits in all that is not a function. */
  readonly when?: ((call: MockCall) => boolean) | undefined;
}

/** Reads the rules; origin and functions are checked, the rest may be anything. */
export function readMatchRules(reader: OptionReader): MatchRules {
  const origin = readOrigin(reader);
  const query = reader.any("query");
  if (query !== undefined && typeof query !== "function" && !isPlain(query)) {
    reader.problem("query must be an object of names and values, contains({ … }), or a function");
  }
  const headers = reader.any("headers");
  if (headers !== undefined && !isPlain(headers)) reader.problem("headers must be an object of names and values");
  for (const [name, value] of Object.entries(isPlain(headers) ? headers : {})) {
    if (value === undefined || isTextMatch(value)) continue;
    reader.problem(`headers.${name} must be a string, a RegExp, a function, or undefined for none`);
  }
  return {
    origin,
    query: query as MatchRules["query"],
    headers: headers as MatchRules["headers"],
    body: reader.any("body"),
    when: reader.function("when"),
  };
}

/** Reads `origin`. */
export function readOrigin(reader: OptionReader): string | undefined {
  const given = reader.any("origin");
  if (given === undefined) return undefined;
  const url = typeof given === "string" && URL.canParse(given) ? new URL(given) : undefined;
  const isOrigin = url !== undefined && /^https?:$/.test(url.protocol) && url.pathname === "/" && url.search === "";
  if (isOrigin) return url.origin;
  reader.problem('origin must be scheme, host and port, "https://api.example.com", without a path');
  return undefined;
}

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(Symbol.iterator in value);

const isTextMatch = (value: unknown): value is TextMatch =>
  ["string", "number", "boolean", "function"].includes(typeof value) || value instanceof RegExp;

/** Whether the rules can be held against a call whose body has not come yet. */
export const looksAtBody = ({ body, when }: MatchRules): boolean => body !== undefined || when !== undefined;

/**
 * What of a call is not as the rules say, in words; no secret is among them. Empty where all is. The functions for the
 * body and for `when` are asked in the end and in turn, so that each may rely on what was asked before.
 */
export function differences(rules: MatchRules, call: MockCall, isBodyThere: boolean): string[] {
  const found: string[] = [];
  const { origin, query, headers, body, when } = rules;
  if (origin !== undefined && origin !== call.origin) found.push(`origin is ${call.origin}, not ${origin}`);
  if (query !== undefined) found.push(...queryDifferences(query, call));
  for (const [name, expected] of Object.entries(headers ?? {})) {
    const actual = call.headers[name.toLowerCase()];
    if (expected === undefined ? actual === undefined : actual !== undefined && textMatches(expected, actual)) continue;
    const isSecret = isSecretHeader(name) || call.hasCredential("headers", name.toLowerCase());
    found.push(`header ${name} is ${shownText(isSecret, actual)}, not ${shownText(isSecret, expected)}`);
  }
  if (!isBodyThere) return found;
  if (body !== undefined && (typeof body !== "function" || found.length === 0)) {
    found.push(...bodyDifferences(misfitsOf(body, call.body)));
  }
  if (when !== undefined && found.length === 0 && !when(call)) found.push("when() says no");
  return found;
}

const shownPlaces = 3;

function bodyDifferences(misfits: readonly Misfit[]): string[] {
  const shown = misfits.slice(0, shownPlaces).map(({ place, expected, actual, isSecret }) => {
    if (typeof expected === "function") return `body${place} is not what the function accepts`;
    if (isMatcher(expected)) return `body${place} is not what the matcher accepts`;
    const [is, not] = isSecret ? [redacted, redacted] : [shownValue(actual), shownValue(expected)];
    return expected === undefined
      ? `body${place} is ${is}, which was not expected`
      : `body${place} is ${is}, not ${not}`;
  });
  const rest = misfits.length - shown.length;
  return rest > 0 ? [...shown, `and ${rest} more of the body`] : shown;
}

function queryDifferences(expected: NonNullable<MatchRules["query"]>, call: MockCall): string[] {
  const actual = call.query;
  if (typeof expected === "function") return expected(actual) ? [] : ["query is not what the function accepts"];
  const part = partOf(expected);
  const wanted = (part?.value ?? expected) as Readonly<Record<string, TextMatch | readonly string[]>>;
  const found: string[] = [];
  for (const [name, value] of Object.entries(wanted)) {
    const given = actual[name];
    const fits = Array.isArray(value)
      ? isDeepStrictEqual(value.map(String), given)
      : typeof given === "string" && textMatches(value as TextMatch, given);
    const isSecret = isSecretName(name) || call.hasCredential("query", name);
    if (!fits) found.push(`query ${name} is ${shownText(isSecret, given)}, not ${shownText(isSecret, value)}`);
  }
  for (const name of part === undefined ? Object.keys(actual) : []) {
    if (!Object.hasOwn(wanted, name)) found.push(`query has ${name}, which was not expected`);
  }
  return found;
}

function textMatches(expected: TextMatch, actual: string): boolean {
  if (typeof expected === "function") return expected(actual);
  return expected instanceof RegExp ? new RegExp(expected).test(actual) : String(expected) === actual;
}

function shownText(isSecret: boolean, value: unknown): string {
  if (value === undefined) return "absent";
  if (typeof value === "function") return "what the function accepts";
  if (value instanceof RegExp) return String(value);
  return isSecret ? redacted : JSON.stringify(value);
}

function shownValue(value: unknown): string {
  if (value === undefined) return "absent";
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`;
  if (value instanceof RegExp) return String(value);
  if (typeof value === "string") return JSON.stringify(value.length > 300 ? `${value.slice(0, 300)}…` : value);
  const text = inspect(redactValue(value), { depth: 4, compact: 9, breakLength: Number.POSITIVE_INFINITY });
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
