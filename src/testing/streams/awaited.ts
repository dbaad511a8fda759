import { OptionReader } from "../../core/options.ts";
import { afterRealMs } from "../real-time.ts";

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
  #taken = 0;
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

  /** @throws Error that says for what it waited; the signal's reason; ServiceConfigurationError for wrong options. */
  async next(what: string, defaultMs: number, options: FarWaitOptions = {}): Promise<T> {
    const reader = new OptionReader(`the wait for a ${what}`, options);
    const timeoutMs = reader.number("timeoutMs", defaultMs, { min: 1, max: 2 ** 31 - 1 });
    reader.any("signal");
    reader.finish();
    const { signal } = options;
    signal?.throwIfAborted();
    const item = this.#items.shift() ?? (await this.#comes(what, timeoutMs, signal));
    this.#taken += 1;
    return item;
  }

  async #comes(what: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<T> {
    if (this.#over !== undefined) throw this.#over;
    const wait = Promise.withResolvers<T>();
    this.#waiting.push(wait);
    const giveUp = (reason: unknown): void => {
      const at = this.#waiting.indexOf(wait);
      if (at !== -1) this.#waiting.splice(at, 1);
      wait.reject(reason);
    };
    const late = (): Error => {
      const before =
        this.#taken === 0 ? "" : `; ${this.#taken} came before, and ${this.#taken === 1 ? "was" : "were"} taken`;
      return new Error(`no ${what} came within ${timeoutMs} ms${before}`);
    };
    const stop = afterRealMs(timeoutMs, () => giveUp(late()));
    const onAbort = (): void => giveUp(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await wait.promise;
    } finally {
      stop();
      signal?.removeEventListener("abort", onAbort);
    }
  }
}
