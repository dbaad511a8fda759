import { headerProblem } from "../headers.ts";

/** What is wrong with credentials that a provider gave, undefined where nothing is. It names names, and no value. */
export function credentialsProblem(given: object): string | undefined {
  const { headers, query } = given as { readonly headers?: unknown; readonly query?: unknown };
  const isEmpty = headers === undefined && query === undefined;
  const stranger = isEmpty ? Object.keys(given).find((name) => !known.has(name)) : undefined;
  // Most often the headers themselves, in the place of an object that holds them.
  if (stranger !== undefined) {
    return `${JSON.stringify(stranger)} is neither headers nor query: credentials are { headers } or { query }`;
  }
  if (!isRecord(headers)) return "headers must be a plain object of names and string values";
  if (!isRecord(query)) return "query must be a plain object of names and string values";
  for (const [name, value] of Object.entries(headers ?? {})) {
    const problem = headerProblem(name, value);
    if (problem !== undefined) return problem;
  }
  for (const [name, value] of Object.entries(query ?? {})) {
    if (typeof value !== "string") return `the query parameter ${name} must be a string`;
  }
  return undefined;
}

const known = new Set(["headers", "query", "isSignature"]);

/** A list has no names, and a `Headers` no entries that are properties: it would count as empty. */
function isRecord(value: unknown): value is Readonly<Record<string, unknown>> | undefined {
  return value === undefined || (typeof value === "object" && value !== null && !(Symbol.iterator in value));
}
