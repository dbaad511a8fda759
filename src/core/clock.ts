/** A timer that was set on a {@link Clock}. */
export interface Timer {
  /** Stops it; harmless when it has fired or was cancelled. */
  cancel(): void;
  /** Lets the process end although the timer is set. */
  unref(): void;
  /** Takes {@link Timer.unref} back. */
  ref(): void;
}

/** The only source of time. Passed in, so that tests and the lab can run on a virtual one. */
export interface Clock {
  /** Milliseconds on a scale that never goes back; meaningful only against the same clock. */
  now(): number;
  /** Milliseconds since 1970 (UTC), for what people read and for dates in headers. */
  wallNow(): number;
  /** Calls back once, `delayMs` from now; a delay below 0 counts as 0. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

/** A number from 0 (inclusive) to 1 (exclusive). The only source of randomness. */
export type Random = () => number;

// setTimeout takes a 32-bit delay and fires at once above it; a longer wait is cut, and whoever waits looks again.
const maxDelayMs = 2 ** 31 - 1;

/** A class, not an object of closures: every idle stream has such a timer for its next ping. */
class SystemTimer implements Timer {
  readonly #handle: NodeJS.Timeout;

  constructor(handle: NodeJS.Timeout) {
    this.#handle = handle;
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }

  unref(): void {
    this.#handle.unref();
  }

  ref(): void {
    this.#handle.ref();
  }
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer(delayMs, callback) {
    return new SystemTimer(setTimeout(callback, Math.min(Math.max(0, delayMs), maxDelayMs)));
  },
};

/** `Math.random`: enough for jitter, never for secrets. */
export const systemRandom: Random = Math.random;
