import { type AnswerHeaders, headerOf } from "./answer.ts";

/** `Content-Range` of a part (RFC 9110, section 14.4). Positions in bytes, `end` included. */
export interface ContentRange {
  readonly start: number;
  readonly end: number;
  /** Of the whole; undefined where the service does not tell. */
  readonly total: number | undefined;
}

/** The range of a 206, or undefined where the header is absent, malformed or contradicts itself. */
export function parseContentRange(headers: AnswerHeaders): ContentRange | undefined {
  const [, first, last, whole] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(rangeOf(headers)) ?? [];
  if (first === undefined || last === undefined || whole === undefined) return undefined;
  const range = { start: Number(first), end: Number(last), total: whole === "*" ? undefined : Number(whole) };
  const isSound = range.start <= range.end && (range.total === undefined || range.end < range.total);
  return isSound ? range : undefined;
}

/** How long the whole is, as a 416 tells it. */
export function unsatisfiedTotal(headers: AnswerHeaders): number | undefined {
  const [, whole] = /^bytes \*\/(\d{1,15})$/i.exec(rangeOf(headers)) ?? [];
  return whole === undefined ? undefined : Number(whole);
}

const rangeOf = (headers: AnswerHeaders): string => headerOf(headers, "content-range")?.trim() ?? "";

/** The length of a 200, where it says one. */
export function contentLength(headers: AnswerHeaders): number | undefined {
  const text = headerOf(headers, "content-length")?.trim() ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/**
 * What `If-Range` may hold: a strong `ETag`, else a `Last-Modified` that is strong because the answer was made at least
 * a second after it (RFC 9110, sections 13.1.5 and 8.8.2.2). Undefined where two different states may look the same.
 */
export function strongValidator(headers: AnswerHeaders): string | undefined {
  const etag = headerOf(headers, "etag")?.trim();
  if (etag !== undefined) return /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(etag) ? etag : undefined;
  const modified = headerOf(headers, "last-modified");
  const date = headerOf(headers, "date");
  if (modified === undefined || date === undefined) return undefined;
  return Date.parse(date) - Date.parse(modified) >= 1_000 ? modified : undefined;
}
