import type { Clock, Timer } from "../core/clock.ts";
import { Heap, type Keyed } from "./heap.ts";

class Event implements Keyed, Timer {
  readonly key: number;
  readonly order: number;
  callback: (() => void) | undefined;

  constructor(at: number, order: number, callback: () => void) {
    this.key = at;
    this.order = order;
    this.callback = callback;
  }

  cancel(): void {
    this.callback = undefined;
  }

  // A virtual timer holds no process up.
  ref(): void {}
  unref(): void {}
}

// How many events are run in one turn of Node's own loop.
const eventsPerTurn = 1_000;
// A date of its own, so that nothing depends on the day of the run.
const epoch = Date.UTC(2026, 0, 1);

/** A clock whose time passes from event to event, as fast as the machine can run them. */
export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #events = new Heap<Event>();

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return epoch + this.#now;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    // A delay that is no number counts as none, as it does for setTimeout.
    return this.#add(delayMs > 0 ? this.#now + delayMs : this.#now, callback);
  }

  /**
   * Calls back at this moment, or now where it has passed. Cheaper than a timer where nothing needs to be cancelled
   * only by what it says: the handle may be dropped.
   */
  at(moment: number, callback: () => void): Timer {
    return this.#add(Math.max(moment, this.#now), callback);
  }

  /**
   * Runs every event up to this moment, in order of time and then of creation. All promises settle between two
   * events, so that code written for a real loop runs unmodified.
   *
   * Rejects with what an event throws.
   */
  run(until: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    let isOver = false;
    // Between two immediates of one turn, Node drains `process.nextTick` and all microtasks; nothing else does that
    // from JavaScript at this price (a turn of the loop for each event takes ten times as long).
    const step = (): void => {
      if (isOver) return;
      try {
        const event = this.#next(until);
        if (event === undefined) {
          isOver = true;
          this.#now = Math.max(this.#now, until);
          over.resolve();
        } else {
          this.#now = event.key;
          event.callback?.();
        }
      } catch (error) {
        isOver = true;
        over.reject(error);
      }
    };
    const turn = (): void => {
      if (isOver) return;
      for (let i = 0; i < eventsPerTurn; i++) setImmediate(step);
      setImmediate(turn);
    };
    turn();
    return over.promise;
  }

  /** Forgets every event that is still to come. */
  clear(): void {
    this.#events.clear();
  }

  #add(at: number, callback: () => void): Event {
    const event = new Event(at, this.#order++, callback);
    this.#events.push(event);
    return event;
  }

  #next(until: number): Event | undefined {
    for (;;) {
      const event = this.#events.peek();
      if (event === undefined || event.key > until) return undefined;
      this.#events.pop();
      if (event.callback !== undefined) return event;
    }
  }
}
