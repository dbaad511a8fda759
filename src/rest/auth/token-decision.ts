import type { CredentialsError } from "../../core/auth/credentials-error.ts";

/** A token, or other credentials that pass away, as they were given. */
export interface FreshToken<T> {
  readonly value: T;
  /** How long it is good for, in milliseconds, from 0; Infinity where that is not known. */
  readonly lifetimeMs: number;
}

/** A token that is held, with the moments at which it is to be replaced. All on the clock's scale. */
export interface HeldToken<T> {
  readonly value: T;
  /** From here on it is replaced in the background, while calls go on with it. */
  readonly refreshAt: number;
  /** From here on a call waits for the new one. */
  readonly mustRefreshAt: number;
  readonly expiresAt: number;
}

/** What is known between two requests for a token. */
export interface TokenState<T> {
  readonly held: HeldToken<T> | undefined;
  /** The last request for a token, where it failed; gone after one that succeeded. */
  readonly failure: TokenFailure | undefined;
  /** When a token was last dropped because the service refused it. */
  readonly droppedAt: number;
}

export interface TokenFailure {
  readonly error: CredentialsError;
  /** How many failed in a row. */
  readonly count: number;
  /** None is asked for before. */
  readonly retryAt: number;
}

export const noToken: TokenState<never> = { held: undefined, failure: undefined, droppedAt: Number.NEGATIVE_INFINITY };

// Two minutes and half a minute before the end, and in proportion for tokens that live less than 20 minutes.
const earliestRefreshMs = 120_000;
const refreshShare = 1 / 10;
const mandatoryShare = 1 / 4;

// Long enough that a thousand callers are no storm on a token endpoint that is down, short enough to go unnoticed
// once it is back.
const firstBackoffMs = 200;
const maxBackoffMs = 5_000;
// The endpoint's own Retry-After counts up to here: whoever says "tomorrow" is asked again in a minute.
const maxHintMs = 60_000;

// A service that refuses every token must not make us ask for one with every call.
const minDropIntervalMs = 1_000;

/**
 * What a call does about its token: `use` it, use it and `refresh` it in the background, `wait` for a new one, or
 * `fail`, because the last request for one failed a moment ago.
 */
export function decideToken(state: TokenState<unknown>, now: number): "use" | "refresh" | "wait" | "fail" {
  const { held, failure } = state;
  const isBackingOff = failure !== undefined && now < failure.retryAt;
  if (held === undefined || now >= held.expiresAt) return isBackingOff ? "fail" : "wait";
  // A token that still holds is better than no call, however close its end is.
  if (now < held.refreshAt || isBackingOff) return "use";
  return now < held.mustRefreshAt ? "refresh" : "wait";
}

/**
 * After a token was given.
 *
 * @param askedAt - when it was asked for: its life began at some moment after that, so this errs on the safe side.
 */
export function afterToken<T>(state: TokenState<T>, token: FreshToken<T>, askedAt: number): TokenState<T> {
  const expiresAt = askedAt + token.lifetimeMs;
  const early = Math.min(earliestRefreshMs, token.lifetimeMs * refreshShare);
  const held = {
    value: token.value,
    expiresAt,
    refreshAt: expiresAt - early,
    mustRefreshAt: expiresAt - early * mandatoryShare,
  };
  return { ...state, held, failure: undefined };
}

/** After a request for a token failed: the next one waits 200 ms, 400 ms, … 5 s, or as long as the endpoint asked. */
export function afterFailure<T>(state: TokenState<T>, error: CredentialsError, now: number): TokenState<T> {
  const count = (state.failure?.count ?? 0) + 1;
  const backoffMs = Math.min(maxBackoffMs, firstBackoffMs * 2 ** (count - 1));
  const waitMs = Math.max(backoffMs, Math.min(error.retryAfterMs ?? 0, maxHintMs));
  return { ...state, failure: { error, count, retryAt: now + waitMs } };
}

/**
 * After the service refused a token (401). The token that is held is dropped only if it is that very one: 401s come
 * late, and the next token may be here already.
 *
 * @returns whether another attempt may go with another token.
 */
export function afterRefusal<T>(
  state: TokenState<T>,
  refused: T,
  now: number,
): { readonly state: TokenState<T>; readonly isRenewable: boolean } {
  if (state.held?.value !== refused) return { state, isRenewable: true };
  if (now < state.droppedAt + minDropIntervalMs) return { state, isRenewable: false };
  return { state: { ...state, held: undefined, droppedAt: now }, isRenewable: true };
}
