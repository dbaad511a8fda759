import type { Clock, Timer } from "./clock.ts";

/** Something with a moment at which it is over. The list calls {@link DeadlineEntry.expire} at or after it. */
export interface DeadlineEntry {
  /** On the clock's scale. May be moved at any time; moved to an earlier moment, call {@link DeadlineList.hasten}. */
  expiresAt: number;
  /** Must not throw. The entry stays in the list, so it either removes itself or moves `expiresAt`. */
  expire(now: number): void;
}

/**
 * Many deadlines on one timer.
 *
 * A timer for each limit of each call costs more than the limit is worth: nearly every one is cancelled long before
 * it fires. Here adding, removing and postponing touch no timer. The one timer is set to the earliest moment that was
 * known when it was last set; when it fires, the list is walked once, what is over is told, and the timer is set
 * anew. With limits of seconds that is one walk every few seconds, however many calls there are.
 */
export class DeadlineList<Entry extends DeadlineEntry = DeadlineEntry> implements Iterable<Entry> {
  readonly #clock: Clock;
  /** Made with the first entry: of the lists of a thousand idle streams, most never have one. */
  #entries: Set<Entry> | undefined;
  #timer: Timer | undefined;
  /** Never later than the earliest `expiresAt` in the list; Infinity when no timer is set. */
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries?.size ?? 0;
  }

  [Symbol.iterator](): Iterator<Entry> {
    return (this.#entries ?? new Set<Entry>()).values();
  }

  add(entry: Entry): void {
    this.#entries ??= new Set();
    if (this.#entries.size === 0) this.#timer?.ref();
    this.#entries.add(entry);
    this.hasten(entry);
  }

  /** Removes the entry, if it is in. An empty list does not keep the process alive. */
  remove(entry: Entry): void {
    if (this.#entries?.delete(entry) && this.#entries.size === 0) this.#timer?.unref();
  }

  /** To be called after `expiresAt` of an entry in the list was moved to an earlier moment. */
  hasten(entry: Entry): void {
    if (entry.expiresAt < this.#armedFor) this.#arm(entry.expiresAt);
  }

  /** Cancels the timer; entries still in the list are forgotten, not told. */
  clear(): void {
    this.#entries?.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  #arm(at: number): void {
    this.#timer?.cancel();
    this.#armedFor = at;
    this.#timer = this.#clock.setTimer(at - this.#clock.now(), () => this.#walk());
  }

  #walk(): void {
    this.#timer = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    const entries = this.#entries ?? [];
    const now = this.#clock.now();
    for (const entry of entries) if (entry.expiresAt <= now) entry.expire(now);
    let earliest = Number.POSITIVE_INFINITY;
    for (const entry of entries) if (entry.expiresAt < earliest) earliest = entry.expiresAt;
    if (earliest < this.#armedFor) this.#arm(earliest);
  }
}
