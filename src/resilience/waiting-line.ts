import type { Decision } from "./policy.ts";

/** Somebody who waits for a policy to decide. */
export interface Waiter {
  answer(decision: Decision): void;
}

/** First come, first served. Leaving costs nothing: whoever left is passed over when the turn comes. */
export class WaitingLine<W extends Waiter> {
  readonly #waiters = new Set<W>();

  get length(): number {
    return this.#waiters.size;
  }

  join(waiter: W): void {
    this.#waiters.add(waiter);
  }

  leave(waiter: W): void {
    this.#waiters.delete(waiter);
  }

  first(): W | undefined {
    // A Set keeps the order of joining, and drops from anywhere in constant time.
    const { value } = this.#waiters.values().next();
    return value;
  }

  /** The next in line, who leaves it with that. */
  next(): W | undefined {
    const waiter = this.first();
    if (waiter !== undefined) this.#waiters.delete(waiter);
    return waiter;
  }
}
