/**
 * `Retry-After` (RFC 9110, section 10.2.3): whole seconds, or an HTTP date. Milliseconds from now, not below 0;
 * undefined where the header is absent or malformed, for a malformed hint must not be guessed at.
 */
export function parseRetryAfter(value: string | readonly string[] | undefined, wallNow: number): number | undefined {
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1000;
  // The IMF-fixdate form alone: Date.parse takes far more than the two obsolete ones, "2" and "-1" among them.
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - wallNow);
}
