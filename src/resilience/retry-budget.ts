import type { OptionReader } from "../core/options.ts";
import type { Verdict } from "./outcome.ts";
import { SlidingWindow } from "./sliding-window.ts";

/** When a service fails too much to be sent retries beside its ordinary calls. */
export interface RetryBudgetOptions {
  /** The part of attempts that must succeed for retries to go on. From 0.5 to 0.99. @defaultValue 0.6 */
  readonly successRatio?: number | undefined;
  /**
   * Failures beyond that which are borne before retries end, as a part of the calls of the last 10 s. Above 0, at most
   * 1. @defaultValue 0.1
   */
  readonly ratio?: number | undefined;
  /** The same, however few calls there are. From 1. @defaultValue 10 */
  readonly minFailures?: number | undefined;
}

export interface RetryBudgetLimits {
  readonly successRatio: number;
  readonly ratio: number;
  readonly minFailures: number;
}

const windowMs = 10_000;
// What part of the budget must have come back for retries to begin again. Less, and a service that fails every second
// attempt gets its retries now and then; all of it, and one that fails every third waits long for its own.
const restoredAt = 0.6;

/**
 * A bucket for all calls of a service together, filled by attempts that succeed and emptied by those that fail.
 *
 * A failure takes 1; a success gives back as much as keeps the level where three attempts in five succeed. Retries go on
 * until the bucket is empty, and again once it is well filled. So while most attempts succeed, each failure is retried:
 * that cannot become a storm, for then a call makes 1.67 attempts at most, and it makes whole what one ill replica of
 * three breaks. In an outage retries end after as many failures as a second of traffic, and do not begin again
 * before the service answers: no retry is sent to a service that is down. This is the throttle of gRPC (proposal A6),
 * sized by the own traffic, and at a ratio at which a storm cannot start instead of one in eleven.
 *
 * A bucket of which retries alone take, at any price that holds in an outage, made whole only 82 % of the calls to three
 * replicas with one ill, against 96 % (docs/lab).
 *
 * Not for: making a service look whole that fails most calls; and `budget: false` brings retry storms back.
 */
export class RetryBudget {
  readonly #limits: RetryBudgetLimits;
  readonly #calls = new SlidingWindow(windowMs);
  readonly #gain: number;
  /** From 0 to the capacity. Kept instead of a level, so that the capacity may follow traffic. */
  #missing = 0;
  #isSpent = false;

  constructor(limits: RetryBudgetLimits) {
    this.#limits = limits;
    this.#gain = (1 - limits.successRatio) / limits.successRatio;
  }

  /** Whether retries have ended for now. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** A call begins. */
  countCall(now: number): void {
    this.#calls.add(now, false);
  }

  /** Failures more than successes make good: `max(minFailures, ratio * calls of the last 10 s)`. */
  capacity(now: number): number {
    return Math.max(this.#limits.minFailures, this.#limits.ratio * this.#calls.all(now));
  }

  /** How many more failures it bears. */
  available(now: number): number {
    return Math.max(0, this.capacity(now) - this.#missing);
  }

  /** An attempt ended. A 429 or another 4xx is the answer of a service that is well; a refusal of ours is none. */
  observe(verdict: Verdict, now: number): void {
    if (verdict === "local" || verdict === "throttled") return;
    const isFailure = verdict === "fault" || verdict === "overload";
    // Nothing to make good: the bucket is full, and retries go on.
    if (!isFailure && this.#missing === 0) return;
    const capacity = this.capacity(now);
    this.#missing = isFailure ? Math.min(capacity, this.#missing + 1) : Math.max(0, this.#missing - this.#gain);
    if (this.#missing >= capacity) this.#isSpent = true;
    else if (this.#missing <= capacity * (1 - restoredAt)) this.#isSpent = false;
  }
}

/** Reads `budget`, an option of `retry`: an object, or `false` for none. */
export function readRetryBudget(reader: OptionReader): RetryBudgetLimits | undefined {
  if (reader.any("budget") === false) return undefined;
  const nested = reader.group("budget");
  const limits = {
    successRatio: nested.number("successRatio", 0.6, { min: 0.5, max: 0.99 }),
    ratio: nested.number("ratio", 0.1, { min: 0.001, max: 1 }),
    minFailures: nested.number("minFailures", 10, { min: 1 }),
  };
  nested.rejectUnknown();
  return limits;
}
