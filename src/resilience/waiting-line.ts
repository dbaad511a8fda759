import type { Decision } from "./policy.ts";

/** Somebody who waits for a policy to decide. */
export interface Waiter {
  answer(decision: Decision): void;
}

/** Where somebody stands in a line. */
export interface Place<W extends Waiter> {
  readonly waiter: W;
  before: Place<W> | undefined;
  after: Place<W> | undefined;
  isLeft: boolean;
}

/**
 * First come, first served; whoever leaves, from anywhere, is gone at once.
 *
 * Linked, not a Set: V8 leaves a hole where the first of a set was, and passes all of them on its way to the next.
 * Measured, that is 5 µs a turn with 10,000 in line, and 0.1 µs with ten.
 */
export class WaitingLine<W extends Waiter> {
  #first: Place<W> | undefined;
  #last: Place<W> | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  join(waiter: W): Place<W> {
    const place: Place<W> = { waiter, before: this.#last, after: undefined, isLeft: false };
    if (this.#last === undefined) this.#first = place;
    else this.#last.after = place;
    this.#last = place;
    this.#length += 1;
    return place;
  }

  /** A place of this line; one that was left already, or whose turn has come, stays left. */
  leave(place: Place<W>): void {
    if (place.isLeft) return;
    const { before, after } = place;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    // One that has grown old would hold all that came after it, until the old generation is collected.
    place.before = undefined;
    place.after = undefined;
    place.isLeft = true;
    this.#length -= 1;
  }

  first(): W | undefined {
    return this.#first?.waiter;
  }

  /** The next in line, who leaves it with that. */
  next(): W | undefined {
    const place = this.#first;
    if (place !== undefined) this.leave(place);
    return place?.waiter;
  }
}
