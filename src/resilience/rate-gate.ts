import type { Clock, Random, Timer } from "../core/clock.ts";
import type { OptionReader } from "../core/options.ts";
import { type AttemptEnd, outcomeOf, type Quota, verdictOf } from "./outcome.ts";
import { type Admission, type Applicant, go, type Policy } from "./policy.ts";
import { rateLimited } from "./refusal.ts";
import { type Place, type Waiter, WaitingLine } from "./waiting-line.ts";

/** How many attempts may start within a time: that of the service's own quota, seen from one process. */
export interface RateLimitOptions {
  /** Attempts that start within any `perMs`. From 1 to 100000. */
  readonly limit: number;
  /** Milliseconds, above 0. */
  readonly perMs: number;
}

export interface RateLimits {
  readonly limit: number;
  readonly perMs: number;
}

/** An attempt that was let through: which one, and when the one before it was. Its admission, and its permit. */
class Start {
  readonly number: number;
  readonly before: number;
  /** It asks, before the pause is over, whether it is. */
  readonly isEarly: boolean;

  constructor(number: number, before: number, isEarly: boolean) {
    this.number = number;
    this.before = before;
    this.isEarly = isEarly;
  }

  // Not as fields, of which each would be eight bytes of every call.
  get kind(): "go" {
    return "go";
  }

  get permit(): Start {
    return this;
  }
}

// A service that asks for more is asked again after this: it may have meant it, and it may have miscounted.
const maxPauseMs = 60_000;
// Beyond the hint, so that the clients which were told the same moment do not all come back in it.
const pauseJitter = 0.1;
// A hint counts whole seconds, rounded up: one of a second or two is mostly rounding, and lasts half a second too long.
const roundedHintMs = 2_000;
const roundingMs = 1_000;
// Below this part of its quota, what is left is spread over the time until it is full again.
const lowQuota = 0.2;
const never = Number.POSITIVE_INFINITY;

/**
 * Lets attempts start no faster than the service wants them.
 *
 * Two rules, both for all callers together: never more than `limit` starts within any `perMs` (exact, unlike a token
 * bucket, which lets nearly twice as many through within its first period); and after a 429 that says when to come back,
 * nobody goes until then. But where it said one second or two, one attempt goes at a random moment of the last second,
 * and if it is let through the pause is over: eight processes that waited for whole seconds got 60 % of their calls
 * through a quota that allowed 77 %, and with this, all 77 % (docs/lab). Where the service tells its quota by the `RateLimit` header, the last fifth of it is spread
 * over the time that is left.
 *
 * Who could not start before its deadline is refused at once, with the moment when it could.
 *
 * An attempt counts when it passes here: those that then wait for their turn under `concurrency` may start closer
 * together than they passed.
 *
 * Not for: protecting a service that is slow (that is `concurrency`), and not exact across several processes: each has
 * its own gate, unless they share a store.
 */
export class RateGate implements Policy {
  readonly name = "rate-gate";
  readonly scope = "attempt";
  readonly #service: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #limits: RateLimits | undefined;
  /** When the last `limit` attempts started, as a ring. */
  readonly #starts: Float64Array;
  #started = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  /** When one attempt may ask whether the pause is over; never, once it asks. */
  #asksAt = never;
  #pace: { readonly everyMs: number; readonly until: number } | undefined;
  #lastStart = Number.NEGATIVE_INFINITY;
  readonly #line = new WaitingLine<Waiter>();
  /** Set while somebody waits, for the moment when the first may go. */
  #timer: Timer | undefined;

  constructor(parts: {
    readonly service: string;
    readonly clock: Clock;
    readonly random: Random;
    readonly limits: RateLimits | undefined;
  }) {
    this.#service = parts.service;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#limits = parts.limits;
    this.#starts = new Float64Array(parts.limits?.limit ?? 0).fill(Number.NEGATIVE_INFINITY);
  }

  /** Until when nobody goes, on the clock's scale; in the past where there is no pause. */
  get pausedUntil(): number {
    return this.#pausedUntil;
  }

  get queued(): number {
    return this.#line.length;
  }

  admit(applicant: Applicant, now: number): Admission {
    if (this.#line.length === 0 && this.#isFree(now)) return this.#start(now);
    const startsAt = this.#expectedStart(now);
    if (startsAt >= applicant.deadlineAt) {
      return { kind: "refuse", failure: rateLimited(this.#service, applicant, startsAt - now) };
    }
    return {
      kind: "wait",
      begin: (answer) => {
        const place = this.#line.join({ answer });
        this.#timer ??= this.#wake(now);
        return () => this.#leave(place);
      },
    };
  }

  /** A pause holds back also who was let go before it began and has waited for a later stage since. */
  holds(permit: unknown, now: number): boolean {
    return now >= this.#pausedUntil || isEarly(permit);
  }

  settle(permit: unknown, end: AttemptEnd<unknown>, now: number): void {
    if (permit !== undefined && verdictOf(end) === "local" && outcomeOf(end) === "not-sent") {
      this.#takeBack(permit as Start);
    }
    if (end.kind === "aborted") return;
    if (end.kind === "success" && isEarly(permit)) this.#endPause(now);
    const quota = end.kind === "success" ? end.quota : end.failure.quota;
    if (end.kind === "failure" && end.failure.verdict === "throttled") {
      const { retryAfterMs } = end.failure;
      if (retryAfterMs !== undefined) this.#pause(now, retryAfterMs);
    }
    if (quota === undefined) return;
    this.#follow(quota, now);
    // More may be left than it was when the timer was set.
    this.#letGo();
  }

  #pause(now: number, hintMs: number): void {
    const pauseMs = Math.min(hintMs, maxPauseMs) * (1 + pauseJitter * this.#random());
    if (now + pauseMs <= this.#pausedUntil) return;
    this.#pausedUntil = now + pauseMs;
    this.#asksAt = hintMs <= roundedHintMs ? this.#pausedUntil - Math.min(roundingMs, pauseMs) * this.#random() : never;
  }

  #endPause(now: number): void {
    this.#pausedUntil = Math.min(this.#pausedUntil, now);
    this.#asksAt = never;
    this.#letGo();
  }

  #follow({ remaining, resetMs, limit }: Quota, now: number): void {
    if (remaining <= 0) this.#pause(now, resetMs);
    const isLow = remaining > 0 && remaining < lowQuota * (limit ?? 0);
    this.#pace = isLow ? { everyMs: resetMs / remaining, until: now + resetMs } : undefined;
  }

  /** When the next attempt may start; in the past where it may now. */
  #freeAt(pausedUntil: number = Math.min(this.#pausedUntil, this.#asksAt)): number {
    let freeAt = Math.max(pausedUntil, this.#freeInPeriod(0));
    if (this.#pace !== undefined) {
      freeAt = Math.max(freeAt, Math.min(this.#lastStart + this.#pace.everyMs, this.#pace.until));
    }
    return freeAt;
  }

  /** Whether the next attempt may start now: asked by every call, so without a number that is only compared. */
  #isFree(now: number): boolean {
    if (this.#pausedUntil > now || this.#pace !== undefined) return this.#freeAt() <= now;
    if (this.#limits === undefined) return true;
    const { limit, perMs } = this.#limits;
    return (this.#starts[this.#started % limit] ?? 0) + perMs <= now;
  }

  /** When the limit alone lets an attempt start before which `ahead` others will. */
  #freeInPeriod(ahead: number): number {
    if (this.#limits === undefined) return Number.NEGATIVE_INFINITY;
    const { limit, perMs } = this.#limits;
    const oldest = this.#starts[(this.#started + ahead) % limit] ?? 0;
    return oldest + perMs * (1 + Math.floor(ahead / limit));
  }

  /** When somebody who joins the line now would start, as far as is known now. */
  #expectedStart(now: number): number {
    const ahead = this.#line.length;
    const first = Math.max(now, this.#freeAt(this.#pausedUntil));
    const periods = this.#limits === undefined ? 0 : Math.floor(ahead / this.#limits.limit);
    const startsAt = Math.max(first + periods * (this.#limits?.perMs ?? 0), this.#freeInPeriod(ahead));
    if (this.#pace === undefined) return startsAt;
    return Math.max(startsAt, Math.min(first + ahead * this.#pace.everyMs, this.#pace.until));
  }

  #start(now: number): Admission & { kind: "go" } {
    const before = this.#lastStart;
    const number = this.#started;
    const isEarly = now < this.#pausedUntil;
    if (isEarly) this.#asksAt = never;
    this.#lastStart = now;
    if (this.#limits !== undefined) {
      this.#starts[number % this.#limits.limit] = now;
      this.#started += 1;
    } else if (this.#pace === undefined && !isEarly) return go;
    return new Start(number, before, isEarly);
  }

  /** What was refused by a later stage, an open circuit above all, took nothing of the rate: others need not wait for it. */
  #takeBack({ number, before }: Start): void {
    const isLast = this.#limits === undefined || number === this.#started - 1;
    if (isLast) this.#lastStart = before;
    if (this.#limits !== undefined && this.#started - number <= this.#limits.limit) {
      this.#starts[number % this.#limits.limit] = Number.NEGATIVE_INFINITY;
      if (isLast) this.#started = number;
    }
    this.#letGo();
  }

  #leave(place: Place<Waiter>): void {
    this.#line.leave(place);
    if (this.#line.length > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wake(now: number): Timer {
    return this.#clock.setTimer(this.#freeAt() - now, this.#letGo);
  }

  readonly #letGo = (): void => {
    this.#timer?.cancel();
    const now = this.#clock.now();
    while (this.#line.length > 0 && this.#freeAt() <= now) {
      this.#line.next()?.answer(this.#start(now));
    }
    this.#timer = this.#line.length > 0 ? this.#wake(now) : undefined;
  };
}

const isEarly = (permit: unknown): boolean => (permit as Start | undefined)?.isEarly === true;

/** Reads `rateLimit`: `limit` and `perMs`; not given, only a 429 holds calls back; `false`: not even that. */
export function readRateLimit(reader: OptionReader): RateLimits | "pause-only" | undefined {
  if (reader.any("rateLimit") === false) return undefined;
  const nested = reader.nested("rateLimit");
  if (nested === undefined) return "pause-only";
  for (const name of ["limit", "perMs"]) if (!nested.isGiven(name)) nested.problem(`rateLimit.${name} is required`);
  const limits = {
    limit: nested.number("limit", 1, { min: 1, max: 100_000, whole: true }),
    perMs: nested.number("perMs", 1_000, { min: 1 }),
  };
  nested.rejectUnknown();
  return limits;
}
