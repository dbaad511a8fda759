import type { Quota } from "../resilience/outcome.ts";
import { parseRetryAfter } from "../resilience/retry-after.ts";
import { type AnswerHeaders, headerOf } from "./answer.ts";

/** How long the service asked to wait before another try, in milliseconds (RFC 9110, section 10.2.3). */
export function retryAfterOf(headers: AnswerHeaders, wallNow: number): number | undefined {
  const retryAfterMs = parseRetryAfter(headers["retry-after"], wallNow);
  if (retryAfterMs !== undefined) return retryAfterMs;
  // Known to several SDKs: the same in milliseconds.
  const inMs = headerOf(headers, "retry-after-ms");
  return inMs !== undefined && /^\d{1,12}$/.test(inMs) ? Number(inMs) : undefined;
}

/**
 * How long a throttled call (429) should wait, in milliseconds: `Retry-After` first, as the draft on RateLimit fields
 * has it, then the reset of `RateLimit`, then those of the older names. A malformed one is passed over.
 *
 * Of a 429 alone: many services tell when their quota is reset in every answer, and a 503 is not to be tried again only
 * in an hour for that.
 */
export function throttledHint(headers: AnswerHeaders, wallNow: number): number | undefined {
  const retryAfterMs = retryAfterOf(headers, wallNow);
  if (retryAfterMs !== undefined) return retryAfterMs;
  const quota = quotaOf(headers);
  if (quota !== undefined && quota.remaining <= 0) return quota.resetMs;
  for (const name of ["ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"]) {
    const resetMs = parseReset(headerOf(headers, name), wallNow);
    if (resetMs !== undefined) return resetMs;
  }
  return undefined;
}

// Nobody agrees on what X-RateLimit-Reset holds. By its size: milliseconds since 1970, seconds since 1970, or seconds.
function parseReset(value: string | undefined, wallNow: number): number | undefined {
  const text = value?.trim() ?? "";
  if (!/^\d{1,15}(?:\.\d{1,9})?$/.test(text)) return undefined;
  const number = Number(text);
  if (number > 1e12) return Math.max(0, number - wallNow);
  if (number > 1e9) return Math.max(0, number * 1000 - wallNow);
  return number * 1000;
}

/**
 * The quota of the `RateLimit` and `RateLimit-Policy` fields (draft-ietf-httpapi-ratelimit-headers, structured
 * fields): of several policies the one that is nearest to its end. Malformed fields count as absent, as the draft asks.
 *
 * The older `X-RateLimit-*` are not read here: many services count them per endpoint or resource, so they say nothing
 * about the next call.
 */
export function quotaOf(headers: AnswerHeaders): Quota | undefined {
  const field = headerOf(headers, "ratelimit");
  if (field === undefined) return undefined;
  const limits = new Map(
    (parseItems(headerOf(headers, "ratelimit-policy") ?? "") ?? []).map(({ name, params }) => [name, params.get("q")]),
  );
  let nearest: Quota | undefined;
  for (const { name, params } of parseItems(field) ?? []) {
    const remaining = params.get("r");
    const resetS = params.get("t");
    if (remaining === undefined || resetS === undefined || remaining < 0 || resetS < 0) continue;
    const limit = limits.get(name);
    const quota: Quota = { remaining, resetMs: resetS * 1000, ...(limit === undefined ? {} : { limit }) };
    if (nearest === undefined || remaining < nearest.remaining) nearest = quota;
  }
  return nearest;
}

interface Item {
  readonly name: string;
  /** Those that are whole numbers; the draft needs no others. */
  readonly params: ReadonlyMap<string, number>;
}

/** A list of strings or tokens with parameters (RFC 9651, section 3.1); undefined where it is not one. */
function parseItems(text: string): readonly Item[] | undefined {
  const items: Item[] = [];
  let rest = text.trim();
  while (rest !== "") {
    const found = item.exec(rest);
    if (found === null) return undefined;
    const [all, name = "", paramsText = ""] = found;
    const params = new Map<string, number>();
    for (const [, key = "", value = ""] of paramsText.matchAll(param)) {
      if (/^-?\d{1,15}$/.test(value)) params.set(key, Number(value));
    }
    items.push({ name, params });
    rest = rest.slice(all.length).trimStart();
    if (rest === "") break;
    if (!rest.startsWith(",")) return undefined;
    rest = rest.slice(1).trimStart();
    // A comma with nothing behind it is malformed.
    if (rest === "") return undefined;
  }
  return items;
}

const key = "[a-z*][a-z0-9_.*-]*";
const string = '"(?:[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\["\\\\])*"';
const token = "[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*";
const bare = `(?:${string}|${token}|-?\\d+(?:\\.\\d+)?|\\?[01]|:[A-Za-z0-9+/=]*:)`;
const item = new RegExp(`^(${string}|${token})((?: *; *${key}(?:=${bare})?)*)`);
const param = new RegExp(`; *(${key})(?:=(${bare}))?`, "g");
