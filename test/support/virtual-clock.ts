import type { Clock, Timer } from "../../src/core/clock.ts";

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. */
export class VirtualClock implements Clock {
  #now = 0;
  #wallAhead = 0;
  #order = 0;
  readonly #pending = new Set<Pending>();

  /** How many timers are set. */
  get timers(): number {
    return this.#pending.size;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return Date.UTC(2026, 0, 1) + this.#now + this.#wallAhead;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const pending = { at: this.#now + Math.max(0, delayMs), order: this.#order++, callback };
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending), unref: () => undefined, ref: () => undefined };
  }

  /** Moves time on, firing what is due in order; promises settle between two timers. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settled();
    for (;;) {
      const next = [...this.#pending]
        .filter(({ at }) => at <= until)
        .toSorted((a, b) => a.at - b.at || a.order - b.order)[0];
      if (next === undefined) break;
      this.#pending.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await settled();
    }
    this.#now = until;
  }

  /** Moves time on without firing anything in between, as a process that was suspended sees it. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** Moves the wall clock alone, forwards or back: somebody sets it, or the machine wakes up. */
  jumpWall(ms: number): void {
    this.#wallAhead += ms;
  }
}

/** Lets every promise that can settle without time or I/O do so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((done) => setImmediate(done));
}
