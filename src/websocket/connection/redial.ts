import type { ExternalServiceError } from "../../core/errors.ts";
import { fullJitter } from "../../resilience/backoff.ts";
import type { Verdict } from "./close-codes.ts";
import type { Backoff, ConnectionSettings, Moment, ReconnectLimits, RotationLimits } from "./connection-model.ts";

/** After a connection that was stable. */
export const rested: Backoff = { retries: 0, misses: 0, holds: [], fatals: 0, isRenewed: false, rotations: 0 };

/** What follows a failed attempt or a lost connection. */
export type Next =
  | { readonly kind: "fail" }
  | { readonly kind: "renew"; readonly wasStable: boolean }
  | { readonly kind: "wait"; readonly delayMs: number; readonly backoff: Backoff };

/** What is known when an attempt has failed or a connection is lost. */
export interface Before extends Backoff {
  /** How many there are: a refusal for good at one, or its wish to be left alone, is none of the others. */
  readonly endpoints: number;
  /** Which of them it was, from 0. */
  readonly at: number;
}

/**
 * Decides whether a stream dials again, and after how long.
 *
 * @param wasStable - it was open for long enough: its end says nothing against its endpoint.
 */
export function nextAfter(
  settings: ConnectionSettings,
  error: ExternalServiceError,
  before: Before,
  wasStable: boolean,
  moment: Moment,
): Next {
  const { reconnect } = settings;
  if (reconnect === false) return { kind: "fail" };
  const judged = settings.judge(error);
  if (judged === "refresh" && !before.isRenewed) return { kind: "renew", wasStable };
  return nextAfterVerdict(reconnect, judged === "refresh" ? "fatal" : judged, error, before, wasStable, moment);
}

/** The same, where the verdict is known. */
export function nextAfterVerdict(
  reconnect: ReconnectLimits,
  verdict: Verdict,
  error: ExternalServiceError,
  before: Before,
  wasStable: boolean,
  { now, random }: Moment,
): Next {
  const { retries, isRenewed, rotations, endpoints, at } = before;
  const misses = wasStable ? 0 : before.misses + 1;
  const fatals = verdict === "fatal" ? before.fatals + 1 : 0;
  // What cannot be sent at all is wrong at every endpoint.
  const isFatal = verdict === "fatal" && (fatals >= endpoints || error.code === "configuration-invalid");
  if (isFatal || retries >= reconnect.maxAttempts) return { kind: "fail" };
  const round = Math.floor(retries / endpoints);
  const ordinaryMs = fullJitter(reconnect, round, () => random);
  const askedMs = askedDelay(reconnect, verdict, error.retryAfterMs, random, ordinaryMs);
  const holds = [...before.holds];
  holds[at] = askedMs === undefined ? undefined : now + askedMs;
  const hold = holds[misses % endpoints];
  const delayMs = hold === undefined || hold < now ? ordinaryMs : hold - now;
  return { kind: "wait", delayMs, backoff: { retries: retries + 1, misses, holds, fatals, isRenewed, rotations } };
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
  const ordinaryMs = fullJitter(limits, round, () => random);
  return askedDelay(limits, verdict, retryAfterMs, random, ordinaryMs) ?? ordinaryMs;
}

/** How long the service wants to be left alone; undefined where it did not say. */
function askedDelay(
  limits: ReconnectLimits,
  verdict: Verdict,
  retryAfterMs: number | undefined,
  random: number,
  ordinaryMs: number,
): number | undefined {
  if (retryAfterMs !== undefined) return Math.min(retryAfterMs, limits.maxDelayMs) + ordinaryMs;
  // Of the default 30 s: 1012 spreads over 5 to 30 s, as its registration asks, 1013 over 15 to 30 s.
  if (verdict === "restart") return limits.maxDelayMs * (1 / 6 + (5 / 6) * random);
  if (verdict === "overload") return limits.maxDelayMs * (1 / 2 + (1 / 2) * random);
  return undefined;
}

/** Whether this connection was open for long enough: what went before says nothing of the next one then. */
export function isStable(reconnect: ReconnectLimits, openedAt: number, now: number): boolean {
  return now - openedAt >= reconnect.stableAfterMs;
}

// Not all at once, and earlier, never later: whoever says a day knows that the service cuts after a day.
const earlierShare = 10;

/** Whether a connection of this age must give way, wherever it is. */
export const isAged = ({ everyMs }: RotationLimits, ageMs: number): boolean =>
  ageMs >= everyMs * (1 - 1 / earlierShare);

/** How long a connection of this age stays before another takes its place, in milliseconds; Infinity for ever. */
export function rotationDelay(
  { everyMs, returnAfterMs }: RotationLimits,
  isAtFirstEndpoint: boolean,
  random: number,
  ageMs: number = 0,
): number {
  const agedMs = everyMs === Number.POSITIVE_INFINITY ? everyMs : everyMs * (1 - random / earlierShare) - ageMs;
  return isAtFirstEndpoint ? agedMs : Math.min(agedMs, returnAfterMs);
}
