import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock, Timer } from "../../core/clock.ts";

/** Both scales of a clock, read in the same moment. Milliseconds. */
export interface ClockReading {
  readonly now: number;
  readonly wallNow: number;
}

const tickMs = 1_000;
/** Slewing by NTP moves the wall clock by half a millisecond a second at most; a step of it, or a suspension, by more. */
const maxDriftMs = 2_000;
/** As late as no garbage collection makes a tick. */
const maxLateMs = 5_000;

/**
 * Whether the machine was suspended between two ticks, or its clock was set. The monotonic scale stands still during a
 * suspension on Linux, and the wall clock then runs away from it; where it goes on (Windows), the tick comes late. A
 * process that was stopped, or whose loop was blocked for as long, looks the same, and has as much reason to look
 * after its connections.
 */
export function isJump(before: ClockReading, after: ClockReading): boolean {
  const passedMs = after.now - before.now;
  const driftMs = after.wallNow - before.wallNow - passedMs;
  return Math.abs(driftMs) > maxDriftMs || passedMs - tickMs > maxLateMs;
}

// Made in no call's context: a timer would hand the deadline of whoever began to watch to all others.
const outside = AsyncLocalStorage.snapshot();

/** Must not throw. */
export interface ClockWatcher {
  onJump(): void;
}

/** Ticks while anybody watches. */
class ClockWatch {
  readonly #clock: Clock;
  readonly #watchers = new Set<ClockWatcher>();
  #last: ClockReading;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#last = this.#read();
  }

  add(watcher: ClockWatcher): void {
    this.#watchers.add(watcher);
    if (this.#timer !== undefined) return;
    this.#last = this.#read();
    this.#setTimer();
  }

  delete(watcher: ClockWatcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #read(): ClockReading {
    return { now: this.#clock.now(), wallNow: this.#clock.wallNow() };
  }

  #setTimer(): void {
    this.#timer = outside(() => this.#clock.setTimer(tickMs, () => this.#tick()));
    // Of itself it keeps no process alive.
    this.#timer.unref();
  }

  #tick(): void {
    const before = this.#last;
    this.#last = this.#read();
    this.#setTimer();
    if (!isJump(before, this.#last)) return;
    // One that stops meanwhile is told no more, one that begins was not there when it happened.
    for (const watcher of Array.from(this.#watchers)) if (this.#watchers.has(watcher)) watcher.onJump();
  }
}

// One timer for all streams on a clock, however many there are. Nothing is in it before somebody watches, and a clock
// that nobody uses any more takes its entry with it.
const watches = new WeakMap<Clock, ClockWatch>();

/**
 * Tells it each time the machine was suspended or its clock was set, within a second of it; see {@link isJump}. Told of
 * the same watcher again, it changes nothing. All who watch the same clock share one timer, and there is none while
 * nobody does.
 */
export function watchClock(clock: Clock, watcher: ClockWatcher): void {
  const watch = watches.get(clock) ?? new ClockWatch(clock);
  watches.set(clock, watch);
  watch.add(watcher);
}

/** Ends that; harmless where it does not watch. */
export function unwatchClock(clock: Clock, watcher: ClockWatcher): void {
  watches.get(clock)?.delete(watcher);
}
