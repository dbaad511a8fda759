import { systemClock } from "../../core/clock.ts";
import { ServiceConfigurationError } from "../../core/errors.ts";

/** How long a test waits for the other side. */
export interface FarWaitOptions {
  /**
   * Milliseconds of real time, whatever clock the stream runs on: a virtual one does not pass by itself.
   *
   * @defaultValue that of the far side, 5000
   */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait; its reason is thrown unchanged. */
  readonly signal?: AbortSignal | undefined;
}

/** What comes one after the other and is taken one after the other, by whoever waits first. */
export class Awaited<T> {
  readonly #items: T[] = [];
  readonly #waiting: PromiseWithResolvers<T>[] = [];
  #over: Error | undefined;

  /** How many have come and are not taken yet. */
  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#items.push(item);
    else next.resolve(item);
  }

  /** Nothing comes any more; what has come can still be taken. */
  end(error: Error): void {
    this.#over ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#over);
  }

  /** @throws Error that says for what it waited; the signal's reason; ServiceConfigurationError for a wrong limit. */
  async next(what: string, defaultMs: number, options: FarWaitOptions = {}): Promise<T> {
    const { timeoutMs = defaultMs, signal } = options;
    assertWaitMs(what, timeoutMs);
    signal?.throwIfAborted();
    const [item] = this.#items.splice(0, 1);
    if (item !== undefined) return item;
    if (this.#over !== undefined) throw this.#over;
    const wait = Promise.withResolvers<T>();
    this.#waiting.push(wait);
    const giveUp = (reason: unknown): void => {
      const at = this.#waiting.indexOf(wait);
      if (at !== -1) this.#waiting.splice(at, 1);
      wait.reject(reason);
    };
    const timer = systemClock.setTimer(timeoutMs, () => giveUp(new Error(`no ${what} came within ${timeoutMs} ms`)));
    const onAbort = (): void => giveUp(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await wait.promise;
    } finally {
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
    }
  }
}

/** @throws ServiceConfigurationError for what is no limit. */
export function assertWaitMs(what: string, timeoutMs: unknown): void {
  if (typeof timeoutMs === "number" && timeoutMs >= 1 && timeoutMs < 2 ** 31) return;
  throw new ServiceConfigurationError(what, [`timeoutMs must be a number from 1 to ${2 ** 31 - 1}`]);
}
