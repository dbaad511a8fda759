import type { OptionReader } from "../core/options.ts";
import { type AttemptEnd, verdictOf } from "./outcome.ts";
import type { Admission, Applicant, Policy } from "./policy.ts";
import { unavailable } from "./refusal.ts";
import { type Waiter, WaitingLine } from "./waiting-line.ts";

/** How many attempts are under way at the same time, and how many wait for that. */
export interface ConcurrencyOptions {
  /**
   * A whole number of attempts, not above a `maxConnections` that is given; or `adaptive`: found by the service's own answers, from 1 to
   * `maxConnections`. @defaultValue "adaptive"
   */
  readonly limit?: number | "adaptive" | undefined;
  /** Attempts that may wait. From 0. @defaultValue 10000 */
  readonly maxQueued?: number | undefined;
  /** The longest wait, in milliseconds, above 0. @defaultValue the deadline of the call */
  readonly queueTimeoutMs?: number | undefined;
}

export interface ConcurrencyLimits {
  readonly isAdaptive: boolean;
  /** What it begins with, and never exceeds. */
  readonly max: number;
  readonly maxQueued: number;
  readonly queueTimeoutMs: number | undefined;
}

const decrease = 0.7;
// Where most attempts still succeed in time, one that did not is more likely the fault of one replica than overload.
const mildDecrease = 0.9;
const mildBelow = 0.7;
// How much of the last attempt goes into the share of those that met overload.
const shareSmoothing = 1 / 8;
// Below it the limit grows by one for each success: 1 + 1/1 + 1/2 … is too slow a way out of the cellar.
const fastGrowthBelow = 4;
// How much of the last duration goes into the average.
const smoothing = 0.1;

/** What a permit says: when its attempt started. */
type StartedAt = number;

/**
 * Bounds what is under way, and so what one slow service can take of this process.
 *
 * Adaptive: additive increase, multiplicative decrease (AIMD), as TCP does it. A limit that passed or a 503 makes it
 * 0.9 of what it was, and 0.7 where most of the last attempts ended like that: a limit that every timeout of one ill
 * replica of three cuts in full starves the other two (docs/lab). A success while the limit is at least half used adds
 * one for each limit's worth of successes. It begins at its maximum: a healthy service is never slowed by a limiter that
 * is still cold.
 *
 * Who finds no place waits in line. Who could not start in time to end before its deadline, going by how long attempts
 * take now, is refused at once: a wait that cannot help only makes everybody's longer.
 *
 * Not for: pacing to a quota (that is `rateLimit`), and not with a fixed limit copied from a day when the service was
 * fast.
 */
export class ConcurrencyLimit implements Policy {
  readonly name = "concurrency-limit";
  readonly scope = "attempt";
  readonly #service: string;
  readonly #limits: ConcurrencyLimits;
  readonly #line = new WaitingLine<Waiter>();
  #limit: number;
  #inFlight = 0;
  /** The share of the last attempts that met overload. */
  #overloadShare = 0;
  /** Of attempts that ended; 0 until one has. */
  #averageMs = 0;
  #hasEnded = false;
  /** The clock's latest time that was heard of: a permit that is handed on starts then. */
  #now = 0;

  constructor(service: string, limits: ConcurrencyLimits) {
    this.#service = service;
    this.#limits = limits;
    this.#limit = limits.max;
  }

  /** What holds now; a fraction is on its way to the next whole number. */
  get limit(): number {
    return this.#limit;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get queued(): number {
    return this.#line.length;
  }

  admit(applicant: Applicant, now: number): Admission {
    this.#now = now;
    if (this.#line.length === 0 && this.#inFlight < Math.floor(this.#limit)) return this.#take();
    return this.#admitLater(applicant, now);
  }

  #admitLater(applicant: Applicant, now: number): Admission {
    const waitMs = this.#expectedWaitMs();
    const refuse = (detail: string): Admission => ({
      kind: "refuse",
      failure: unavailable("queue-full", { service: this.#service, applicant, detail }, waitMs),
    });
    if (this.#line.length >= this.#limits.maxQueued) {
      return refuse(`${this.#inFlight} attempts are under way and ${this.#line.length} wait, the most that may`);
    }
    const leftMs = applicant.deadlineAt - now;
    if (waitMs + this.#averageMs > leftMs) {
      return refuse(
        `${this.#line.length} wait before it, and it could not end in the ${Math.round(leftMs)} ms until its deadline`,
      );
    }
    return {
      kind: "wait",
      limitMs: this.#limits.queueTimeoutMs,
      begin: (answer) => {
        const place = this.#line.join({ answer });
        return () => this.#line.leave(place);
      },
    };
  }

  settle(permit: unknown, end: AttemptEnd<unknown>, now: number): void {
    this.#now = now;
    const wasBusy = this.#inFlight * 2 >= this.#limit;
    this.#inFlight -= 1;
    this.#learn(end, now - (permit as StartedAt), wasBusy);
    while (this.#inFlight < Math.floor(this.#limit)) {
      const waiter = this.#line.next();
      if (waiter === undefined) break;
      waiter.answer(this.#take());
    }
  }

  #take(): Admission & { kind: "go" } {
    this.#inFlight += 1;
    const permit: StartedAt = this.#now;
    return { kind: "go", permit };
  }

  #learn(end: AttemptEnd<unknown>, durationMs: number, wasBusy: boolean): void {
    const verdict = verdictOf(end);
    // How long it takes until somebody gives up says nothing of how long it takes.
    if (verdict === "local") return;
    this.#averageMs = (this.#hasEnded ? this.#averageMs : durationMs) * (1 - smoothing) + durationMs * smoothing;
    this.#hasEnded = true;
    if (!this.#limits.isAdaptive) return;
    const isOverload = verdict === "overload";
    this.#overloadShare += (Number(isOverload) - this.#overloadShare) * shareSmoothing;
    if (isOverload) {
      const factor = this.#overloadShare < mildBelow ? mildDecrease : decrease;
      this.#limit = Math.max(1, this.#limit * factor);
    } else if (verdict === "healthy" && wasBusy) {
      const step = this.#limit < fastGrowthBelow ? 1 : 1 / this.#limit;
      this.#limit = Math.min(this.#limits.max, this.#limit + step);
    }
  }

  /** Of whoever joins the line now. */
  #expectedWaitMs(): number {
    return ((this.#line.length + 1) * this.#averageMs) / Math.floor(this.#limit);
  }
}

/** What is bound where neither is given. */
export const defaultMaxConnections = 64;

/**
 * Reads `concurrency`: an object of limits, or `false` for none.
 *
 * @param maxConnections - as given; a limit above it is a contradiction only then.
 */
export function readConcurrency(
  reader: OptionReader,
  maxConnections: number | undefined,
): ConcurrencyLimits | undefined {
  if (reader.any("concurrency") === false) return undefined;
  const nested = reader.group("concurrency");
  const isAdaptive = (nested.any("limit") ?? "adaptive") === "adaptive";
  const most = maxConnections ?? defaultMaxConnections;
  const limits = {
    isAdaptive,
    max: isAdaptive ? most : nested.number("limit", most, { min: 1, whole: true }),
    maxQueued: nested.number("maxQueued", 10_000, { min: 0, whole: true }),
    queueTimeoutMs: nested.number("queueTimeoutMs", undefined, { min: 1 }),
  };
  if (maxConnections !== undefined && limits.max > maxConnections) {
    nested.problem(`concurrency.limit (${limits.max}) must not be above maxConnections (${maxConnections})`);
  }
  nested.rejectUnknown();
  return limits;
}
