import type { OptionReader } from "../core/options.ts";
import type { Failure } from "./outcome.ts";
import { SlidingWindow } from "./sliding-window.ts";

/** How many retries a service may be sent beside its ordinary calls. */
export interface RetryBudgetOptions {
  /** Retries in hand, as a part of the calls of the last 10 s: 0.1 is one for ten. Above 0, at most 1. @defaultValue 0.1 */
  readonly ratio?: number | undefined;
  /** Retries in hand however few calls there are. From 0. @defaultValue 3 */
  readonly minRetries?: number | undefined;
}

export interface RetryBudgetLimits {
  readonly ratio: number;
  readonly minRetries: number;
}

const windowMs = 10_000;
// The shape and the costs of the AWS standard retry mode (2026), sized by the own traffic instead of by a constant: in
// simulation, 80 clients with its 500 tokens each never recover from an outage of 10 s.
const pushbackCost = 5 / 14;
const firstTryDeposit = 1 / 14;

/**
 * A bucket that refunds. A retry costs 1, after a 503 or 429 only 5/14, for the service said itself that nothing was
 * done. A retry that succeeds gives its cost back, and a call that succeeds at once adds 1/14. So retries that help
 * are nearly free, and in an outage they end: at most one for 14 calls that succeed, and none where none does.
 *
 * Not for: making a service that fails one call in five look whole by a large `ratio`; that is what `maxRetries` is
 * for, and with refunds the default lets nearly all of them through. `budget: false` brings retry storms back.
 */
export class RetryBudget {
  readonly #limits: RetryBudgetLimits;
  readonly #calls = new SlidingWindow(windowMs);
  /** What was taken and not given back; never below 0. Kept instead of a level, so that capacity may follow traffic. */
  #spent = 0;

  constructor(limits: RetryBudgetLimits) {
    this.#limits = limits;
  }

  /** A call begins. */
  countCall(now: number): void {
    this.#calls.add(now, false);
  }

  /** How much may be spent in all: `max(minRetries, ratio * calls of the last 10 s)`. */
  capacity(now: number): number {
    return Math.max(this.#limits.minRetries, this.#limits.ratio * this.#calls.all(now));
  }

  /** How much is left; below 0 where the traffic has fallen since it was spent. */
  available(now: number): number {
    return this.capacity(now) - this.#spent;
  }

  /** Takes the cost of a retry, or nothing where it is not there. */
  take(cost: number, now: number): boolean {
    if (cost > this.available(now) + rounding) return false;
    this.#spent += cost;
    return true;
  }

  /** A call succeeded: at once, or by a retry that had this cost. */
  deposit(costOfRetry: number | undefined): void {
    this.#spent = Math.max(0, this.#spent - (costOfRetry ?? firstTryDeposit));
  }
}

// Sums of fourteenths are not exact in binary.
const rounding = 1e-9;

/** What a retry after this failure costs. */
export function retryCost(failure: Failure): number {
  const saidSo = failure.verdict === "throttled" || (failure.verdict === "overload" && failure.outcome === "rejected");
  return saidSo ? pushbackCost : 1;
}

/** Reads `budget`, an option of `retry`: an object, or `false` for none. */
export function readRetryBudget(reader: OptionReader): RetryBudgetLimits | undefined {
  if (reader.any("budget") === false) return undefined;
  const nested = reader.group("budget");
  const limits = {
    ratio: nested.number("ratio", 0.1, { min: 0.001, max: 1 }),
    minRetries: nested.number("minRetries", 3, { min: 0 }),
  };
  nested.rejectUnknown();
  return limits;
}
