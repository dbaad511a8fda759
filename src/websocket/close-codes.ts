import {
  type ExternalServiceError,
  isServiceConnectionError,
  isServiceRateLimitError,
  isServiceResponseError,
} from "../core/errors.ts";

/**
 * What the end of a connection means for the next one.
 *
 * - `fatal`: the same again would end the same way; somebody has to change something.
 * - `retry`: it may pass; the ordinary backoff.
 * - `restart`: it will pass, but everybody comes back at once: spread widely.
 * - `overload`: it will pass if we stay away for a while.
 */
export type Verdict = "fatal" | "retry" | "restart" | "overload";

/**
 * Close codes with a meaning of their own: RFC 6455, section 7.4.1, and the IANA registry. Whatever is not listed is
 * `retry`: 4000 to 4999 are each service's own, and the backoff bounds what a wrong guess costs.
 */
const closeCodes: ReadonlyMap<number, { readonly verdict: Verdict; readonly meaning: string }> = new Map([
  // Feeds rotate their connections with 1000, so it does not mean "do not come back".
  [1000, { verdict: "retry", meaning: "normal closure" }],
  [1001, { verdict: "retry", meaning: "going away" }],
  // The peer objects to what we send. It would be sent again.
  [1002, { verdict: "fatal", meaning: "protocol error" }],
  [1003, { verdict: "fatal", meaning: "unsupported data" }],
  // 1005 and 1006 are never on the wire: no code was given, or no Close frame came.
  [1005, { verdict: "retry", meaning: "no code given" }],
  [1006, { verdict: "retry", meaning: "no Close frame" }],
  [1007, { verdict: "fatal", meaning: "invalid payload" }],
  [1008, { verdict: "fatal", meaning: "policy violation" }],
  [1009, { verdict: "fatal", meaning: "message too big" }],
  [1010, { verdict: "fatal", meaning: "extension required" }],
  // A defect over there; the next instance may be sound.
  [1011, { verdict: "retry", meaning: "internal error" }],
  [1012, { verdict: "restart", meaning: "service restart" }],
  [1013, { verdict: "overload", meaning: "try again later" }],
  [1014, { verdict: "retry", meaning: "bad gateway" }],
  // Of a certificate that does not verify we learn from Node before this; see `isCertificateFault` in handshake.ts.
  [1015, { verdict: "retry", meaning: "TLS handshake" }],
  [3000, { verdict: "fatal", meaning: "unauthorized" }],
  [3003, { verdict: "fatal", meaning: "forbidden" }],
  [3008, { verdict: "retry", meaning: "timeout" }],
]);

/** What a close code means for the next connection. */
export function judgeCloseCode(code: number): Verdict {
  return closeCodes.get(code)?.verdict ?? "retry";
}

/** A close code for people: `1012 (service restart)`. */
export function describeCloseCode(code: number): string {
  const meaning = closeCodes.get(code)?.meaning;
  return meaning === undefined ? String(code) : `${code} (${meaning})`;
}

/** What the status of a refused handshake means for the next one. */
export function judgeStatus(status: number): Verdict {
  // "Come again": RFC 9110, section 15.5.9; RFC 8470, section 5.2; RFC 6585, section 4.
  if (status === 408 || status === 425 || status === 429) return "retry";
  // A wrong key, a wrong path, a wrong version: it stays wrong.
  if (status >= 400 && status < 500) return "fatal";
  // Moved for good, and redirects are not followed: the credentials were meant for this origin.
  if (status === 301 || status === 308) return "fatal";
  // 5xx pass. So do the rest: a maintenance page answers 200, or redirects for now.
  return "retry";
}

/** What a failed attempt or a lost connection means for the next one. */
export function judge(error: ExternalServiceError): Verdict {
  if (isServiceResponseError(error)) return judgeStatus(error.status);
  if (isServiceRateLimitError(error)) return "retry";
  if (isServiceConnectionError(error) && error.fault === "closed") return judgeCloseCode(error.closeCode ?? 1005);
  return error.retryable ? "retry" : "fatal";
}
