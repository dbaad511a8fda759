import type { Clock, Timer } from "../../../src/core/clock.ts";

interface PacedTimer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

const tickMs = 2;

/**
 * A clock that goes by the turns of the event loop: each tick of the machine's moves it on by a fixed step, however late
 * the tick is. So a limit passes only after the loop has turned often enough for everything under way to have come, and
 * never because the machine was busy; and no timer is late by more than a step.
 */
export class PacedClock implements Clock {
  readonly #timers = new Set<PacedTimer>();
  readonly #stepMs: number;
  readonly #ticks: NodeJS.Timeout;
  #now = 0;
  #order = 0;

  /** @param speed - how many of its milliseconds pass in one of the machine's, at most. */
  constructor(speed: number) {
    this.#stepMs = speed * tickMs;
    this.#ticks = setInterval(() => this.#tick(), tickMs);
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return Date.UTC(2026, 0, 1) + this.#now;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = { at: this.#now + Math.max(0, delayMs), order: this.#order++, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer), unref: () => undefined, ref: () => undefined };
  }

  async sleep(ms: number): Promise<void> {
    await new Promise<void>((done) => this.setTimer(ms, done));
  }

  /** Stands still for good. */
  stop(): void {
    clearInterval(this.#ticks);
  }

  #tick(): void {
    const until = this.#now + this.#stepMs;
    // What is set meanwhile waits for the next tick: a timer that sets itself anew, for at once, must not hold up the loop.
    const last = this.#order;
    for (;;) {
      const next = [...this.#timers]
        .filter(({ at, order }) => at <= until && order < last)
        .toSorted((a, b) => a.at - b.at || a.order - b.order)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = until;
  }
}
