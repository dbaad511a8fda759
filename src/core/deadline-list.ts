import type { Clock, Timer } from "./clock.ts";

/**
 * Something with a moment at which it is over. The list calls {@link DeadlineEntry.expire} at or after it. In one list
 * at a time.
 */
export interface DeadlineEntry {
  /** On the clock's scale. May be moved at any time; moved to an earlier moment, call {@link DeadlineList.hasten}. */
  expiresAt: number;
  /** Its neighbours, kept by the list alone. Where many entries come and go, a class has the fields from the start. */
  previousEntry?: DeadlineEntry | undefined;
  nextEntry?: DeadlineEntry | undefined;
  /** Must not throw. The entry stays in the list, so it either removes itself or moves `expiresAt`. */
  expire(now: number): void;
}

/**
 * Many deadlines on one timer.
 *
 * A timer for each limit of each call costs more than the limit is worth: nearly every one is cancelled long before
 * it fires. Here adding, removing and postponing touch no timer. The one timer is set to the earliest moment that was
 * known when it was last set; when it fires, the list is walked once, what is over is told, and the timer is set
 * anew. With limits of seconds that is one walk every few seconds, however many calls there are; with hedges, one whenever some are due.
 *
 * The entries are linked to each other: a set of them is filled and emptied with every call, and makes its table anew
 * each time.
 */
export class DeadlineList<Entry extends DeadlineEntry = DeadlineEntry> implements Iterable<Entry> {
  readonly #clock: Clock;
  // Only entries of this list are linked to its entries, so each neighbour is one of them.
  #first: Entry | undefined;
  #last: Entry | undefined;
  #size = 0;
  #timer: Timer | undefined;
  /** Never later than the earliest `expiresAt` in the list; Infinity when no timer is set. */
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#size;
  }

  /** Those that are in now, in the order in which they came; who is removed on the way is passed over. */
  *[Symbol.iterator](): Generator<Entry, void, undefined> {
    for (const entry of this.#those(() => true)) if (this.#has(entry)) yield entry;
  }

  add(entry: Entry): void {
    if (!this.#has(entry)) {
      if (this.#size === 0) this.#timer?.ref();
      this.#size += 1;
      const last = this.#last;
      this.#last = entry;
      if (last === undefined) this.#first = entry;
      else {
        last.nextEntry = entry;
        entry.previousEntry = last;
      }
    }
    this.hasten(entry);
  }

  /** Removes the entry, if it is in. An empty list does not keep the process alive. */
  remove(entry: Entry): void {
    if (!this.#has(entry)) return;
    const { previousEntry: previous, nextEntry: next } = entry;
    if (previous === undefined) this.#first = next as Entry | undefined;
    else {
      previous.nextEntry = next;
      entry.previousEntry = undefined;
    }
    if (next === undefined) this.#last = previous as Entry | undefined;
    else {
      next.previousEntry = previous;
      entry.nextEntry = undefined;
    }
    this.#size -= 1;
    if (this.#size === 0) this.#timer?.unref();
  }

  /** To be called after `expiresAt` of an entry in the list was moved to an earlier moment. */
  hasten(entry: Entry): void {
    if (entry.expiresAt < this.#armedFor) this.#arm(entry.expiresAt);
  }

  /** Cancels the timer; entries still in the list are forgotten, not told. */
  clear(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    for (const entry of this) this.remove(entry);
  }

  #has(entry: Entry): boolean {
    return entry.previousEntry !== undefined || entry === this.#first;
  }

  #those(isMeant: (entry: Entry) => boolean): Entry[] {
    const those: Entry[] = [];
    for (let entry = this.#first; entry !== undefined; entry = entry.nextEntry as Entry | undefined) {
      if (isMeant(entry)) those.push(entry);
    }
    return those;
  }

  #arm(at: number): void {
    this.#timer?.cancel();
    this.#armedFor = at;
    this.#timer = this.#clock.setTimer(at - this.#clock.now(), () => this.#walk());
  }

  #walk(): void {
    this.#timer = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    // Set aside before the first is told: whoever is told may remove itself and others, and add some.
    for (const entry of this.#those(({ expiresAt }) => expiresAt <= now)) {
      if (this.#has(entry) && entry.expiresAt <= now) entry.expire(now);
    }
    let earliest = Number.POSITIVE_INFINITY;
    for (let entry = this.#first; entry !== undefined; entry = entry.nextEntry as Entry | undefined) {
      if (entry.expiresAt < earliest) earliest = entry.expiresAt;
    }
    if (earliest < this.#armedFor) this.#arm(earliest);
  }
}
