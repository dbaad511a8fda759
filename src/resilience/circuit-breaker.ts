import type { Random } from "../core/clock.ts";
import type { OptionReader } from "../core/options.ts";
import { type AttemptEnd, type Failure, verdictOf } from "./outcome.ts";
import type { Admission, Applicant, Policy } from "./policy.ts";
import { unavailable } from "./refusal.ts";
import { SlidingWindow } from "./sliding-window.ts";

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
}

export interface CircuitBreakerLimits {
  readonly failureRatio: number;
  readonly minAttempts: number;
  readonly windowMs: number;
  readonly openMs: number;
  readonly maxOpenMs: number;
}

/** Closed: all go. Open: none goes until then. Half-open: one probe goes, and its lease says for how long it counts. */
export type CircuitState =
  | { readonly name: "closed" }
  | { readonly name: "open"; readonly until: number; readonly openings: number }
  | { readonly name: "half-open"; readonly leaseUntil: number; readonly openings: number };

/** What a permit says: of which life of the circuit it is. What ends after the circuit has moved on teaches nothing. */
type Generation = number;

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
 * Not for: errors of single calls (that is what retries are for), and not one breaker for several origins. A low
 * `minAttempts` opens on the first failure of a calm service; a low `failureRatio` turns a service that fails one
 * call in ten into one that fails all of them.
 */
export class CircuitBreaker implements Policy {
  readonly name = "circuit-breaker";
  readonly scope = "attempt";
  readonly #service: string;
  readonly #limits: CircuitBreakerLimits;
  /** A probe that has not ended by then is given up on, and another one goes. */
  readonly #leaseMs: number;
  readonly #random: Random;
  readonly #window: SlidingWindow;
  #state: CircuitState = { name: "closed" };
  #generation: Generation = 0;

  constructor(parts: {
    readonly service: string;
    readonly limits: CircuitBreakerLimits;
    readonly leaseMs: number;
    readonly random: Random;
  }) {
    this.#service = parts.service;
    this.#limits = parts.limits;
    this.#leaseMs = parts.leaseMs;
    this.#random = parts.random;
    this.#window = new SlidingWindow(parts.limits.windowMs);
  }

  get state(): CircuitState {
    return this.#state;
  }

  admit(applicant: Applicant, now: number): Admission {
    const state = this.#state;
    if (state.name === "closed") return { kind: "go", permit: this.#generation };
    const freeAt = state.name === "open" ? state.until : state.leaseUntil;
    if (now < freeAt) return { kind: "refuse", failure: this.#refusal(applicant, freeAt - now) };
    this.#move({ name: "half-open", leaseUntil: now + this.#leaseMs, openings: state.openings });
    return { kind: "go", permit: this.#generation };
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
      if (verdict === "local") this.#move({ name: "open", until: now, openings: state.openings });
      else if (isFailure) this.#open(now, state.openings + 1);
      else this.#close();
    } else if (verdict !== "local") {
      this.#window.add(now, isFailure);
      if (isFailure && this.#isTooMuch(now)) this.#open(now, 1);
    }
  }

  #isTooMuch(now: number): boolean {
    const { minAttempts, failureRatio } = this.#limits;
    const all = this.#window.all(now);
    return all >= minAttempts && this.#window.some(now) >= failureRatio * all;
  }

  #open(now: number, openings: number): void {
    const { openMs, maxOpenMs } = this.#limits;
    // A quarter up or down, so that the clients which opened together do not probe together.
    const jitter = 0.75 + 0.5 * this.#random();
    const pauseMs = Math.min(maxOpenMs, openMs * 2 ** (openings - 1)) * jitter;
    this.#move({ name: "open", until: now + pauseMs, openings });
  }

  #close(): void {
    this.#window.clear();
    this.#move({ name: "closed" });
  }

  #move(state: CircuitState): void {
    this.#state = state;
    this.#generation += 1;
  }

  #refusal(applicant: Applicant, waitMs: number): Failure {
    const detail = `the circuit is open after too many failures: the service is left alone for another ${Math.ceil(waitMs)} ms`;
    return unavailable("circuit-open", { service: this.#service, applicant, detail }, waitMs);
  }
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
  };
  if (limits.maxOpenMs < limits.openMs) {
    nested.problem("circuitBreaker.maxOpenMs must not be below circuitBreaker.openMs");
  }
  nested.rejectUnknown();
  return limits;
}
