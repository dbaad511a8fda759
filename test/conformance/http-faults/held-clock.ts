import type { Clock, Timer } from "../../../src/core/clock.ts";

interface HeldTimer {
  readonly at: number;
  readonly fire: () => void;
  handle: NodeJS.Timeout | undefined;
  isRef: boolean;
}

/**
 * The machine's clock at a speed of its own, 0 to begin with: so that a short limit runs from the moment on which a
 * case is about, and never passes before or after because the machine was busy.
 */
export class HeldClock implements Clock {
  readonly #timers = new Set<HeldTimer>();
  #speed = 0;
  #passedMs = 0;
  #since = performance.now();

  now(): number {
    return this.#passedMs + (performance.now() - this.#since) * this.#speed;
  }

  wallNow(): number {
    return Date.now();
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer: HeldTimer = {
      at: this.now() + Math.max(0, delayMs),
      handle: undefined,
      isRef: true,
      fire: () => {
        this.#timers.delete(timer);
        callback();
      },
    };
    this.#timers.add(timer);
    this.#arm(timer);
    const setRef = (isRef: boolean): void => {
      timer.isRef = isRef;
      if (isRef) timer.handle?.ref();
      else timer.handle?.unref();
    };
    return {
      cancel: () => {
        this.#timers.delete(timer);
        clearTimeout(timer.handle);
      },
      unref: () => setRef(false),
      ref: () => setRef(true),
    };
  }

  /** From now on, so many milliseconds pass in one of the machine's. */
  run(speed: number): void {
    this.#passedMs = this.now();
    this.#since = performance.now();
    this.#speed = speed;
    for (const timer of this.#timers) {
      clearTimeout(timer.handle);
      this.#arm(timer);
    }
  }

  #arm(timer: HeldTimer): void {
    if (this.#speed === 0) return;
    timer.handle = setTimeout(timer.fire, Math.max(0, timer.at - this.now()) / this.#speed);
    if (!timer.isRef) timer.handle.unref();
  }
}
