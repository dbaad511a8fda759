import type { Clock } from "../core/clock.ts";
import type { DeadlineEntry, DeadlineList } from "../core/deadline-list.ts";
import type { AttemptRecord, Phase, TimeoutLimit } from "../core/errors.ts";
import type { Applicant } from "./policy.ts";

/** What ended a call, or one attempt of it, from this side. */
export type Interruption =
  | { readonly kind: "aborted"; readonly reason: unknown }
  | { readonly kind: "limit"; readonly limit: TimeoutLimit; readonly limitMs: number }
  | { readonly kind: "closed" };

/** What a transport sees of the call whose attempt it makes. */
export interface Attempt extends Applicant {
  /** How far this attempt has come; the transport moves it on. */
  phase: Phase;
  /** Sets what ends this attempt early. It is called at most once, perhaps at once. */
  onInterrupt(end: (interruption: Interruption) => void): void;
  /** Starts a limit within the attempt, or starts it anew; one at a time. Milliseconds. */
  limit(limit: TimeoutLimit, limitMs: number): void;
}

/** What the executor must know of a call to time it. */
export interface CallLimits {
  readonly operation: string;
  readonly deadlineMs: number;
  readonly attemptTimeoutMs: number;
  readonly signals: readonly AbortSignal[];
}

const tenths = (ms: number): number => Math.round(ms * 10) / 10;
const never = Number.POSITIVE_INFINITY;

/**
 * One call under way: its limits, what interrupts it, and the record of its attempts. One object for the whole call
 * and one entry in the deadline list; no timer, signal or closure of its own for each limit.
 */
export class Call implements DeadlineEntry, Attempt {
  readonly operation: string;
  readonly startedAt: number;
  readonly deadlineAt: number;
  readonly attempts: AttemptRecord[] = [];
  number = 0;
  phase: Phase = "queue";
  /** Set once, by what ended the whole call; no attempt is started after it. */
  interruption: Interruption | undefined;
  /** The earliest of the limits below. */
  expiresAt: number;

  readonly #clock: Clock;
  readonly #list: DeadlineList<Call>;
  readonly #limits: CallLimits;
  #attemptStartedAt = 0;
  #attemptEndsAt = never;
  #innerEndsAt = never;
  #innerLimit: TimeoutLimit = "body-idle";
  #innerLimitMs = 0;
  #end: ((interruption: Interruption) => void) | undefined;
  /** A limit that passed before the attempt had set what ends it. */
  #missed: Interruption | undefined;

  constructor(clock: Clock, list: DeadlineList<Call>, limits: CallLimits) {
    this.operation = limits.operation;
    this.#clock = clock;
    this.#list = list;
    this.#limits = limits;
    this.startedAt = clock.now();
    this.deadlineAt = this.startedAt + limits.deadlineMs;
    this.expiresAt = this.deadlineAt;
  }

  /** Puts the call under its deadline and its signals, until {@link Call.release}. */
  hold(): void {
    this.#list.add(this);
    for (const signal of this.#limits.signals) {
      if (signal.aborted) this.interrupt({ kind: "aborted", reason: signal.reason });
      else signal.addEventListener("abort", this.#onAbort);
    }
  }

  release(): void {
    this.#list.remove(this);
    for (const signal of this.#limits.signals) signal.removeEventListener("abort", this.#onAbort);
  }

  /** Ends the whole call: whatever it waits for now, and everything that would come after. */
  interrupt(interruption: Interruption): void {
    if (this.interruption !== undefined) return;
    this.interruption = interruption;
    // No limit matters any more; the entry leaves the list when the executor releases the call.
    this.expiresAt = never;
    this.#endNow(interruption);
  }

  onInterrupt(end: (interruption: Interruption) => void): void {
    const interruption = this.interruption ?? this.#missed;
    if (interruption === undefined) this.#end = end;
    else end(interruption);
  }

  /** What was set to end early has ended by itself. */
  clearInterrupt(): void {
    this.#end = undefined;
  }

  /** The next attempt asks to start; its own limit does not run yet. */
  applyForAttempt(): void {
    this.number += 1;
    this.phase = "queue";
  }

  startAttempt(): void {
    this.#attemptStartedAt = this.#clock.now();
    this.#attemptEndsAt = this.#attemptStartedAt + this.#limits.attemptTimeoutMs;
    this.#expireAtEarliest();
  }

  endAttempt(record: Pick<AttemptRecord, "outcome" | "status" | "code">): AttemptRecord {
    const full: AttemptRecord = {
      number: this.number,
      startedAfterMs: tenths(this.#attemptStartedAt - this.startedAt),
      durationMs: tenths(this.#clock.now() - this.#attemptStartedAt),
      phase: this.phase,
      ...record,
    };
    this.attempts.push(full);
    this.#attemptEndsAt = never;
    this.#innerEndsAt = never;
    this.#end = undefined;
    this.#missed = undefined;
    this.#expireAtEarliest();
    return full;
  }

  limit(limit: TimeoutLimit, limitMs: number): void {
    this.#innerLimit = limit;
    this.#innerLimitMs = limitMs;
    this.#innerEndsAt = this.#clock.now() + limitMs;
    this.#expireAtEarliest();
  }

  expire(now: number): void {
    if (now >= this.deadlineAt) {
      this.interrupt({ kind: "limit", limit: "deadline", limitMs: this.#limits.deadlineMs });
    } else if (now >= this.#attemptEndsAt) {
      this.#attemptEndsAt = never;
      this.#innerEndsAt = never;
      this.#expireAtEarliest();
      this.#endNow({ kind: "limit", limit: "attempt", limitMs: this.#limits.attemptTimeoutMs });
    } else {
      this.#innerEndsAt = never;
      this.#expireAtEarliest();
      this.#endNow({ kind: "limit", limit: this.#innerLimit, limitMs: this.#innerLimitMs });
    }
  }

  readonly #onAbort = (event: Event): void => {
    this.interrupt({ kind: "aborted", reason: (event.target as AbortSignal).reason });
  };

  #endNow(interruption: Interruption): void {
    const end = this.#end;
    this.#end = undefined;
    if (end === undefined) this.#missed = interruption;
    else end(interruption);
  }

  #expireAtEarliest(): void {
    if (this.interruption !== undefined) return;
    this.expiresAt = Math.min(this.deadlineAt, this.#attemptEndsAt, this.#innerEndsAt);
    this.#list.hasten(this);
  }
}
