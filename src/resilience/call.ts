import { type AbortListener, listenToAbort, unlistenToAbort } from "../core/abort-listeners.ts";
import type { Clock } from "../core/clock.ts";
import type { DeadlineEntry, DeadlineList } from "../core/deadline-list.ts";
import type { AttemptRecord, Phase, TimeoutLimit } from "../core/errors.ts";
import type { AttemptEnd } from "./outcome.ts";
import { type Applicant, noPermits, type Permits } from "./policy.ts";
import { recordOf } from "./result.ts";

/** What ended a call, or one attempt of it, from this side. */
export type Interruption =
  | { readonly kind: "aborted"; readonly reason: unknown }
  /** `isTelling`: the attempt ran long enough for the limit to say something about the service. */
  | { readonly kind: "limit"; readonly limit: TimeoutLimit; readonly limitMs: number; readonly isTelling: boolean }
  /** Another attempt beside it was faster. */
  | { readonly kind: "superseded" }
  | { readonly kind: "closed" };

/** What a transport sees of the call whose attempt it makes. */
export interface Attempt extends Applicant {
  /** How far this attempt has come; the transport moves it on. */
  phase: Phase;
  /** Sets what ends this attempt early. It is called at most once, perhaps at once. */
  onInterrupt(end: (interruption: Interruption) => void): void;
  /** Starts a limit within the attempt, or starts it anew; one at a time. Milliseconds. @param now - where it is known. */
  limit(limit: TimeoutLimit, limitMs: number, now?: number): void;
}

/** What the executor must know of a call to time it. */
export interface CallLimits {
  readonly operation: string;
  readonly deadlineMs: number;
  readonly attemptTimeoutMs: number;
  readonly signals: readonly AbortSignal[];
  /** See {@link Applicant.identity}. */
  readonly identity?: string | undefined;
}

/** Makes the hedge of a call whose attempt takes long. */
export interface HedgeStarter<Request extends CallLimits> {
  begin(call: Call<Request>): void;
}

// An attempt that the deadline cuts short says nothing about the service, unless it had this long.
const tellingMs = 1_000;
const tenths = (ms: number): number => Math.round(ms * 10) / 10;
const never = Number.POSITIVE_INFINITY;
let lastId = 0;

/**
 * One call under way: its limits, what interrupts it, and the record of its attempts. One object for the whole call
 * and one entry in the deadline list; no timer, signal or closure of its own for each limit.
 */
export class Call<Request extends CallLimits = CallLimits> implements DeadlineEntry, Attempt {
  /** Tells the calls of the process apart, in its events. */
  readonly id: number;
  readonly request: Request;
  readonly startedAt: number;
  /** Of the whole call. */
  callPermits: Permits = noPermits;
  /** An attempt was started, and has not ended. */
  isAttempting = false;
  /** Of the attempt under way. */
  permits: Permits = noPermits;
  /** When its last attempt ended, or the hedge beside it. */
  endedAt = 0;
  number = 0;
  /** How many attempts followed a failure, those that were made at once and for nothing not counted. */
  retriesMade = 0;
  phase: Phase = "queue";
  /** Set once, by what ended the whole call; no attempt is started after it. */
  interruption: Interruption | undefined;
  /** The earliest of the limits below. */
  expiresAt: number;
  previousEntry: DeadlineEntry | undefined = undefined;
  nextEntry: DeadlineEntry | undefined = undefined;

  readonly #clock: Clock;
  readonly #list: DeadlineList<Call>;
  #attemptStartedAt = 0;
  #attemptEndsAt = never;
  // Undefined, and not never: a number that is a field has a place of its own, and a call that waits needs neither.
  #innerEndsAt: number | undefined;
  #innerLimit: TimeoutLimit = "body-idle";
  #innerLimitMs = 0;
  #hedgeAt: number | undefined;
  #hedges: HedgeStarter<Request> | undefined;
  #reason: AttemptRecord["reason"];
  #end: ((interruption: Interruption) => void) | undefined;
  /** A limit that passed before the attempt had set what ends it. */
  #missed: Interruption | undefined;
  /** The call that this one is a hedge of: it numbers the attempts of both. */
  readonly #main: Call | undefined;
  #hedge: Call | undefined;
  #numbered = 0;
  #attempts: AttemptRecord[] | undefined;
  /** Made for the first signal: most calls have none. */
  #onAbort: AbortListener | undefined;

  constructor(clock: Clock, list: DeadlineList<Call>, request: Request, main?: Call) {
    this.id = main?.id ?? ++lastId;
    this.#clock = clock;
    this.#list = list;
    this.request = request;
    this.#main = main;
    this.startedAt = main?.startedAt ?? clock.now();
    this.expiresAt = this.deadlineAt;
  }

  get operation(): string {
    return this.request.operation;
  }

  get identity(): string | undefined {
    return this.request.identity;
  }

  get deadlineAt(): number {
    return this.startedAt + this.request.deadlineMs;
  }

  /** Of all attempts that have ended, those of a hedge among them. */
  get attempts(): readonly AttemptRecord[] {
    return (this.#main ?? this).#attempts ?? [];
  }

  /** A call beside this one, for a second attempt at the same time: under the same deadline, in the same records. */
  beginHedge(): Call<Request> {
    const hedge = new Call(this.#clock, this.#list, this.request, this);
    this.#hedge = hedge;
    hedge.hold();
    return hedge;
  }

  /** Puts the call under its deadline and its signals, until {@link Call.release}. */
  hold(): void {
    this.#list.add(this);
    // The main call hears them for both.
    if (this.#main !== undefined) return;
    for (const signal of this.request.signals) {
      if (signal.aborted) this.interrupt({ kind: "aborted", reason: signal.reason });
      else listenToAbort(signal, (this.#onAbort ??= (aborted) => this.#abort(aborted)));
    }
  }

  release(): void {
    this.#list.remove(this);
    this.#hedges = undefined;
    this.#hedge?.release();
    const onAbort = this.#onAbort;
    if (onAbort !== undefined) for (const signal of this.request.signals) unlistenToAbort(signal, onAbort);
  }

  /** Ends the whole call: whatever it waits for now, and everything that would come after. */
  interrupt(interruption: Interruption): void {
    if (this.interruption !== undefined) return;
    this.interruption = interruption;
    // No limit matters any more; the entry leaves the list when the executor releases the call.
    this.expiresAt = never;
    this.#endNow(interruption);
    this.#hedge?.interrupt(interruption);
  }

  /** Ends the attempt under way, and nothing else: another one was faster. */
  supersede(): void {
    this.#endNow({ kind: "superseded" });
  }

  onInterrupt(end: (interruption: Interruption) => void): void {
    const interruption = this.interruption ?? this.#missed;
    if (interruption === undefined) this.#end = end;
    else end(interruption);
  }

  /** What was set to end early has ended by itself, and its limit with it. */
  clearInterrupt(): void {
    this.#end = undefined;
    if (this.#innerEndsAt === undefined) return;
    this.#innerEndsAt = undefined;
    this.#expireAtEarliest();
  }

  /** The next attempt asks to start; its own limit does not run yet. */
  applyForAttempt(reason?: AttemptRecord["reason"]): void {
    const main = this.#main ?? this;
    this.number = ++main.#numbered;
    this.#reason = reason;
    this.phase = "queue";
  }

  /** The attempt that applied is not made after all: its number goes to the next one. */
  withdraw(): void {
    const main = this.#main ?? this;
    main.#numbered -= 1;
  }

  /** The attempt that applied may have another beside it, should it not have ended by that moment. */
  hedgeAt(at: number, hedges: HedgeStarter<Request>): void {
    this.#hedgeAt = at;
    this.#hedges = hedges;
    this.#expireAtEarliest();
  }

  startAttempt(now: number): void {
    this.isAttempting = true;
    this.#attemptStartedAt = now;
    this.#attemptEndsAt = this.#attemptStartedAt + this.request.attemptTimeoutMs;
    this.#expireAtEarliest();
  }

  endAttempt(end: AttemptEnd<unknown>, now: number): AttemptRecord {
    const record = recordOf(end, {
      number: this.number,
      reason: this.#reason,
      startedAfterMs: tenths(this.#attemptStartedAt - this.startedAt),
      durationMs: tenths(now - this.#attemptStartedAt),
      phase: this.phase,
    });
    const main = this.#main ?? this;
    // With room for one: an empty list that grows makes room for seventeen, and few calls have a second attempt.
    if (main.#attempts === undefined) main.#attempts = [record];
    else main.#attempts.push(record);
    this.isAttempting = false;
    main.endedAt = now;
    this.#attemptEndsAt = never;
    this.#innerEndsAt = undefined;
    this.#hedgeAt = undefined;
    this.#hedges = undefined;
    this.#end = undefined;
    this.#missed = undefined;
    this.#expireAtEarliest();
    return record;
  }

  /** What comes now is the rest of an answer; whatever was to end an attempt, and came too late for it, is void. */
  outlastAttempts(): void {
    this.#missed = undefined;
  }

  limit(limit: TimeoutLimit, limitMs: number, now: number = this.#clock.now()): void {
    this.#innerLimit = limit;
    this.#innerLimitMs = limitMs;
    this.#innerEndsAt = now + limitMs;
    this.#expireAtEarliest();
  }

  expire(now: number): void {
    if (now >= this.deadlineAt) {
      const { deadlineMs: limitMs, attemptTimeoutMs } = this.request;
      const ranMs = this.#attemptEndsAt === never ? 0 : now - this.#attemptStartedAt;
      const isTelling = ranMs > 0 && ranMs >= Math.min(tellingMs, attemptTimeoutMs);
      this.interrupt({ kind: "limit", limit: "deadline", limitMs, isTelling });
    } else if (now >= this.#attemptEndsAt) {
      this.#attemptEndsAt = never;
      this.#innerEndsAt = undefined;
      this.#expireAtEarliest();
      this.#endNow({ kind: "limit", limit: "attempt", limitMs: this.request.attemptTimeoutMs, isTelling: true });
    } else if (this.#innerEndsAt !== undefined && now >= this.#innerEndsAt) {
      this.#innerEndsAt = undefined;
      this.#expireAtEarliest();
      const limit = this.#innerLimit;
      this.#endNow({ kind: "limit", limit, limitMs: this.#innerLimitMs, isTelling: limit !== "queue" });
    } else if (this.#hedgeAt !== undefined && now >= this.#hedgeAt) {
      this.#hedgeAt = undefined;
      this.#expireAtEarliest();
      // Who gives up in the very turn in which the hedge is due gets none.
      queueMicrotask(() => {
        if (this.interruption === undefined) this.#hedges?.begin(this);
      });
    }
  }

  #abort({ reason }: AbortSignal): void {
    this.interrupt({ kind: "aborted", reason });
  }

  #endNow(interruption: Interruption): void {
    const end = this.#end;
    this.#end = undefined;
    if (end === undefined) this.#missed = interruption;
    else end(interruption);
  }

  #expireAtEarliest(): void {
    if (this.interruption !== undefined) return;
    const ownEndsAt = Math.min(this.deadlineAt, this.#attemptEndsAt);
    this.expiresAt = Math.min(ownEndsAt, this.#innerEndsAt ?? never, this.#hedgeAt ?? never);
    this.#list.hasten(this);
  }
}
