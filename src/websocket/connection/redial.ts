import type { ExternalServiceError } from "../../core/errors.ts";
import { fullJitter } from "../../resilience/backoff.ts";
import type { Verdict } from "./close-codes.ts";
import type { Backoff, ConnectionSettings, ReconnectLimits, RotationLimits } from "./connection-model.ts";

/** After a connection that was stable. */
export const rested: Backoff = { retries: 0, misses: 0, fatals: 0, isRenewed: false, rotations: 0 };

/** What follows a failed attempt or a lost connection. */
export type Next =
  | { readonly kind: "fail" }
  | { readonly kind: "renew"; readonly wasStable: boolean }
  | { readonly kind: "wait"; readonly delayMs: number; readonly backoff: Backoff };

/**
 * Decides whether a stream dials again, and after how long.
 *
 * @param before - with how many endpoints there are: a refusal for good at one is none at the others.
 * @param wasStable - it was open for long enough: its end says nothing against its endpoint.
 */
export function nextAfter(
  settings: ConnectionSettings,
  error: ExternalServiceError,
  before: Backoff & { readonly endpoints: number },
  wasStable: boolean,
  random: number,
): Next {
  const { reconnect } = settings;
  if (reconnect === false) return { kind: "fail" };
  const judged = settings.judge(error);
  if (judged === "refresh" && !before.isRenewed) return { kind: "renew", wasStable };
  return nextAfterVerdict(reconnect, judged === "refresh" ? "fatal" : judged, error, before, wasStable, random);
}

/** The same, where the verdict is known. */
export function nextAfterVerdict(
  reconnect: ReconnectLimits,
  verdict: Verdict,
  error: ExternalServiceError,
  before: Backoff & { readonly endpoints: number },
  wasStable: boolean,
  random: number,
): Next {
  const { retries, isRenewed, rotations, endpoints } = before;
  const misses = wasStable ? 0 : before.misses + 1;
  const fatals = verdict === "fatal" ? before.fatals + 1 : 0;
  // What cannot be sent at all is wrong at every endpoint.
  const isFatal = verdict === "fatal" && (fatals >= endpoints || error.code === "configuration-invalid");
  if (isFatal || retries >= reconnect.maxAttempts) return { kind: "fail" };
  const delayMs = redialDelay(reconnect, verdict, error.retryAfterMs, Math.floor(retries / endpoints), random);
  return { kind: "wait", delayMs, backoff: { retries: retries + 1, misses, fatals, isRenewed, rotations } };
}

/**
 * The wait before a redial, in milliseconds; PROTOCOL.md, section 3.
 *
 * @param round - how often all endpoints have been tried.
 */
export function redialDelay(
  limits: ReconnectLimits,
  verdict: Verdict,
  retryAfterMs: number | undefined,
  round: number,
  random: number,
): number {
  const ordinary = fullJitter(limits, round, () => random);
  if (retryAfterMs !== undefined) return Math.min(retryAfterMs, limits.maxDelayMs) + ordinary;
  // Of the default 30 s: 1012 spreads over 5 to 30 s, as its registration asks, 1013 over 15 to 30 s.
  if (verdict === "restart") return limits.maxDelayMs * (1 / 6 + (5 / 6) * random);
  if (verdict === "overload") return limits.maxDelayMs * (1 / 2 + (1 / 2) * random);
  return ordinary;
}

/** Whether this connection was open for long enough: what went before says nothing of the next one then. */
export function isStable(reconnect: ReconnectLimits, openedAt: number, now: number): boolean {
  return now - openedAt >= reconnect.stableAfterMs;
}

/** How long a connection stays before another takes its place, in milliseconds; Infinity for ever. */
export function rotationDelay(limits: RotationLimits, isAtFirstEndpoint: boolean, random: number): number {
  // Earlier, never later: whoever says a day knows that the service cuts after a day.
  const agedMs = limits.everyMs === Number.POSITIVE_INFINITY ? limits.everyMs : limits.everyMs * (1 - random / 10);
  return isAtFirstEndpoint ? agedMs : Math.min(agedMs, limits.returnAfterMs);
}
