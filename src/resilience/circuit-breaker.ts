import type { Clock, Random, Timer } from "../core/clock.ts";
import type { OptionReader } from "../core/options.ts";
import { type AttemptEnd, type Failure, outcomeOf, verdictOf } from "./outcome.ts";
import type { Admission, Applicant, Policy } from "./policy.ts";
import { unavailable } from "./refusal.ts";
import { SlidingWindow } from "./sliding-window.ts";
import { type Place, type Waiter, WaitingLine } from "./waiting-line.ts";

/** When a service that fails is left alone for a while. Durations are milliseconds. */
export interface CircuitBreakerOptions {
  /** The part of attempts that must fail. Above 0, at most 1. @defaultValue 0.8 */
  readonly failureRatio?: number | undefined;
  /** Attempts within the window that it takes to judge at all. From 1. @defaultValue 10 */
  readonly minAttempts?: number | undefined;
  /** How far back attempts count. From 100. @defaultValue 5000 */
  readonly windowMs?: number | undefined;
  /** The first pause; each probe that fails doubles it. From 1. @defaultValue 500 */
  readonly openMs?: number | undefined;
  /** The longest pause, at least `openMs`. @defaultValue 2000 */
  readonly maxOpenMs?: number | undefined;
  /** How long a call may wait for the next probe, and share its fate; 0 for refused at once. From 0. @defaultValue 1000 */
  readonly maxWaitMs?: number | undefined;
}

export interface CircuitBreakerLimits {
  readonly failureRatio: number;
  readonly minAttempts: number;
  readonly windowMs: number;
  readonly openMs: number;
  readonly maxOpenMs: number;
  readonly maxWaitMs: number;
}

/** Closed: all go. Open: none goes until then. Half-open: one probe goes, and its lease says for how long it counts. */
export type CircuitState =
  | { readonly name: "closed" }
  | { readonly name: "open"; readonly until: number; readonly openings: number }
  | { readonly name: "half-open"; readonly leaseUntil: number; readonly openings: number };

/** What a permit says: of which life of the circuit it is. What ends after the circuit has moved on teaches nothing. */
type Generation = number;

interface ProbeWaiter extends Waiter {
  readonly applicant: Applicant;
  readonly waitsUntil: number;
}

// A service that cannot be reached at all is not worth a window of attempts. Both must hold: behind a balancer with one
// dead replica of three, five in a row are an accident of every minute, and all of a tenth of a second is none.
const unreachedAttempts = 5;
const unreachedForMs = 100;

/**
 * A circuit breaker: the last resort for a service that is down.
 *
 * Faults and overload count as failures; every answer that the service gave in good health, a 429 and another 4xx
 * among them, counts as success. What was refused or given up here counts as nothing, and a probe that ends so gives
 * its lease back. The window turns with time, not with calls; closing clears it.
 *
 * The numbers are those of the lab (docs/lab): a window of 10 s has ten healthy seconds to outvote before it opens, and
 * a pause that doubles to 30 s outlasts the outage; with these, a service that was slow for 10 s is back within 2 s
 * instead of 5. A ratio of 0.5 opens on a service that still answers half of its calls. One probe every 2 s is no load.
 *
 * It opens at once where nothing can be reached: five connections in a row that were not made, for a tenth of a second.
 * A restart of 1 s then costs fewer attempts than it has calls, instead of 1.9 for each.
 *
 * A call that would be refused waits instead where the next probe is due within `maxWaitMs`: if the probe succeeds, so
 * may all who waited, and if it fails they are refused. Waiting is over with `maxWaitMs` in any case. So an outage ends
 * without a gap, and no call hangs on an open circuit.
 *
 * Not for: errors of single calls (that is what retries are for), and not one breaker for several origins. A low
 * `minAttempts` opens on the first failure of a calm service; a low `failureRatio` turns a service that fails one
 * call in ten into one that fails all of them.
 */
export class CircuitBreaker implements Policy {
  readonly name = "circuit-breaker";
  readonly scope = "attempt";
  readonly #service: string;
  readonly #limits: CircuitBreakerLimits;
  /** A probe that has not ended by then is given up on, and another one goes. May be set anew. Milliseconds. */
  leaseMs: number;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #window: SlidingWindow;
  readonly #line = new WaitingLine<ProbeWaiter>();
  #state: CircuitState = { name: "closed" };
  #generation: Generation = 0;
  /** For all who go in this generation: no call through a closed circuit has an admission of its own. */
  #go: Admission & { kind: "go" } = { kind: "go", permit: 0 };
  /** Attempts in a row that reached nothing, and when the first of them ended. */
  #unreached = 0;
  #unreachedSince = 0;
  /** Set while somebody waits: for the next probe, or for the end of the first one's patience. */
  #timer: Timer | undefined;

  constructor(parts: {
    readonly service: string;
    readonly limits: CircuitBreakerLimits;
    readonly leaseMs: number;
    readonly clock: Clock;
    readonly random: Random;
  }) {
    this.#service = parts.service;
    this.#limits = parts.limits;
    this.leaseMs = parts.leaseMs;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#window = new SlidingWindow(parts.limits.windowMs);
  }

  get state(): CircuitState {
    return this.#state;
  }

  admit(applicant: Applicant, now: number): Admission {
    const state = this.#state;
    if (state.name === "closed") return this.#go;
    if (now >= freeAt(state)) {
      if (this.#line.length === 0) return this.#probe(state, now);
      this.#probeNext(state, now);
    }
    const waitsUntil = now + this.#limits.maxWaitMs;
    const probedAt = this.#state.name === "open" ? this.#state.until : now;
    if (waitsUntil === now || probedAt > waitsUntil || probedAt >= applicant.deadlineAt) {
      return { kind: "refuse", failure: this.#refusal(applicant, now) };
    }
    return {
      kind: "wait",
      begin: (answer) => {
        const place = this.#line.join({ applicant, waitsUntil, answer });
        this.#timer ??= this.#wake(now);
        return () => this.#leave(place);
      },
    };
  }

  holds(permit: unknown): boolean {
    return permit === this.#generation || this.#state.name === "closed";
  }

  settle(permit: unknown, end: AttemptEnd<unknown>, now: number): void {
    if (permit !== this.#generation) return;
    const verdict = verdictOf(end);
    const isFailure = verdict === "fault" || verdict === "overload";
    const state = this.#state;
    if (state.name === "half-open") {
      if (verdict === "local") {
        this.#move({ name: "open", until: now, openings: state.openings });
        this.#serve();
      } else if (isFailure) this.#open(now, state.openings + 1);
      else this.#close();
    } else if (verdict !== "local") {
      this.#window.add(now, isFailure);
      if (this.#isOutOfReach(end, now) || (isFailure && this.#isTooMuch(now))) this.#open(now, 1);
    }
  }

  #isTooMuch(now: number): boolean {
    const { minAttempts, failureRatio } = this.#limits;
    const all = this.#window.all(now);
    return all >= minAttempts && this.#window.some(now) >= failureRatio * all;
  }

  #isOutOfReach(end: AttemptEnd<unknown>, now: number): boolean {
    const wasReached = verdictOf(end) !== "fault" || outcomeOf(end) !== "not-sent";
    this.#unreached = wasReached ? 0 : this.#unreached + 1;
    if (this.#unreached === 1) this.#unreachedSince = now;
    return this.#unreached >= unreachedAttempts && now - this.#unreachedSince >= unreachedForMs;
  }

  #probe(state: CircuitState & { readonly openings: number }, now: number): Admission & { kind: "go" } {
    this.#move({ name: "half-open", leaseUntil: now + this.leaseMs, openings: state.openings });
    return this.#go;
  }

  #probeNext(state: CircuitState & { readonly openings: number }, now: number): void {
    this.#line.next()?.answer(this.#probe(state, now));
  }

  #open(now: number, openings: number): void {
    const { openMs, maxOpenMs } = this.#limits;
    // A quarter up or down, so that the clients which opened together do not probe together.
    const jitter = 0.75 + 0.5 * this.#random();
    const pauseMs = Math.min(maxOpenMs, openMs * 2 ** (openings - 1)) * jitter;
    this.#move({ name: "open", until: now + pauseMs, openings });
    this.#stopTimer();
    while (this.#line.length > 0) this.#refuseFirst(now);
  }

  #close(): void {
    this.#window.clear();
    this.#unreached = 0;
    this.#move({ name: "closed" });
    this.#stopTimer();
    while (this.#line.length > 0) this.#line.next()?.answer(this.#go);
  }

  #move(state: CircuitState): void {
    this.#state = state;
    this.#generation += 1;
    this.#go = { kind: "go", permit: this.#generation };
  }

  #leave(place: Place<ProbeWaiter>): void {
    this.#line.leave(place);
    if (this.#line.length === 0) this.#stopTimer();
  }

  /** Lets go who may by now: the first as the probe, or without one for having waited long enough. */
  readonly #serve = (): void => {
    this.#stopTimer();
    const now = this.#clock.now();
    const state = this.#state;
    if (state.name === "open" && now >= state.until) this.#probeNext(state, now);
    while ((this.#line.first()?.waitsUntil ?? now + 1) <= now) this.#refuseFirst(now);
    if (this.#line.length > 0) this.#timer = this.#wake(now);
  };

  #wake(now: number): Timer {
    // A probe that outlives its lease is followed when the next call comes, and not by a timer that would run out
    // together with the attempt's own.
    const probedAt = this.#state.name === "open" ? this.#state.until : Number.POSITIVE_INFINITY;
    const at = Math.min(probedAt, this.#line.first()?.waitsUntil ?? probedAt);
    return this.#clock.setTimer(Math.max(0, at - now), this.#serve);
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #refuseFirst(now: number): void {
    const first = this.#line.next();
    first?.answer({ kind: "refuse", failure: this.#refusal(first.applicant, now) });
  }

  #refusal(applicant: Applicant, now: number): Failure {
    const waitMs = this.#state.name === "closed" ? 0 : Math.max(0, freeAt(this.#state) - now);
    const detail = `the circuit is open after too many failures: the service is left alone for another ${Math.ceil(waitMs)} ms`;
    return unavailable("circuit-open", { service: this.#service, applicant, detail }, waitMs);
  }
}

/** When the next probe may go. */
function freeAt(state: Exclude<CircuitState, { readonly name: "closed" }>): number {
  return state.name === "open" ? state.until : state.leaseUntil;
}

/** Reads `circuitBreaker`: an object of limits, or `false` for none. */
export function readCircuitBreaker(reader: OptionReader): CircuitBreakerLimits | undefined {
  if (reader.any("circuitBreaker") === false) return undefined;
  const nested = reader.group("circuitBreaker");
  const givenOpenMs = nested.number("openMs", undefined, { min: 1 });
  const givenMaxMs = nested.number("maxOpenMs", undefined, { min: 1 });
  const limits = {
    failureRatio: nested.number("failureRatio", 0.8, { min: 0.01, max: 1 }),
    minAttempts: nested.number("minAttempts", 10, { min: 1, whole: true }),
    windowMs: nested.number("windowMs", 5_000, { min: 100 }),
    openMs: givenOpenMs ?? Math.min(500, givenMaxMs ?? 500),
    maxOpenMs: givenMaxMs ?? Math.max(2_000, givenOpenMs ?? 0),
    maxWaitMs: nested.number("maxWaitMs", 1_000, { min: 0 }),
  };
  if (limits.maxOpenMs < limits.openMs) {
    nested.problem("circuitBreaker.maxOpenMs must not be below circuitBreaker.openMs");
  }
  nested.rejectUnknown();
  return limits;
}
