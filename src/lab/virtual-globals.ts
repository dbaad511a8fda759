import type { Clock, Random, Timer } from "../core/clock.ts";

/** What `setTimeout` returns, as far as libraries use it. */
class VirtualTimeout {
  timer: Timer;

  constructor(timer: Timer) {
    this.timer = timer;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }
}

type Callback = (...args: unknown[]) => void;

/**
 * Replaces what libraries take time and chance from: `setTimeout`, `setInterval`, `Date`, `performance.now`,
 * `Math.random` and `AbortSignal.timeout`. Call it before the libraries are imported, in a process that does nothing
 * else: it is never undone.
 *
 * @param source - Where time and chance come from at the moment; a run exchanges its fields.
 */
export function installVirtualGlobals(source: { clock: Clock; random: Random }): void {
  const set = (callback: Callback, delayMs = 0, ...args: unknown[]): VirtualTimeout =>
    // Node rounds every delay to whole milliseconds, and none to 1.
    new VirtualTimeout(source.clock.setTimer(Math.max(1, Math.trunc(delayMs)), () => callback(...args)));
  const clear = (timeout: unknown): void => {
    if (timeout instanceof VirtualTimeout) timeout.timer.cancel();
  };
  const setEvery = (callback: Callback, delayMs = 0, ...args: unknown[]): VirtualTimeout => {
    const everyMs = Math.max(1, Math.trunc(delayMs));
    const again = (): void => {
      timeout.timer = source.clock.setTimer(everyMs, again);
      callback(...args);
    };
    const timeout = new VirtualTimeout(source.clock.setTimer(everyMs, again));
    return timeout;
  };
  const wallNow = (): number => Math.floor(source.clock.wallNow());
  const RealDate = Date;
  const VirtualDate = new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [wallNow()] : args, newTarget) as object,
    apply: () => new RealDate(wallNow()).toString(),
  });
  RealDate.now = wallNow;
  Object.assign(globalThis, {
    setTimeout: set,
    clearTimeout: clear,
    setInterval: setEvery,
    clearInterval: clear,
    Date: VirtualDate,
  });
  Object.defineProperty(performance, "now", { value: () => source.clock.now() });
  Math.random = () => source.random();
  AbortSignal.timeout = (delayMs: number) => {
    const controller = new AbortController();
    set(() => controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")), delayMs);
    return controller.signal;
  };
}
