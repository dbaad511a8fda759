import type { PriceFeed } from "../clients/price-feed.ts";

/** How long the feed may take to catch up; what is then missing is a gap. */
const longestWaitMs = 15_000;

/** The numbers of all ticks that came, as they came: beside the storefront's own handling, which could hide one. */
export class TickRecord implements Disposable {
  readonly numbers: number[] = [];
  readonly #feed: PriceFeed;
  #lastAt = performance.now();
  #longestSilenceMs = 0;
  #onTick: () => void = () => undefined;

  constructor(feed: PriceFeed) {
    this.#feed = feed;
    feed.addMessageHandler(this.#record);
  }

  /** Resolves when the tick of this number has come, or when it does not come. @throws the signal's reason */
  async reaches(seq: number, signal: AbortSignal): Promise<void> {
    const limit = AbortSignal.timeout(longestWaitMs);
    while ((this.numbers.at(-1) ?? 0) < seq && !limit.aborted) {
      signal.throwIfAborted();
      const { promise: tick, resolve } = Promise.withResolvers<void>();
      this.#onTick = resolve;
      limit.addEventListener("abort", () => resolve(), { once: true });
      signal.addEventListener("abort", () => resolve(), { once: true });
      await tick;
    }
  }

  /** The longest time between two ticks since this was last asked. */
  takeLongestSilenceMs(): number {
    const silenceMs = this.#longestSilenceMs;
    this.#longestSilenceMs = 0;
    return silenceMs;
  }

  [Symbol.dispose](): void {
    this.#feed.removeMessageHandler(this.#record);
  }

  readonly #record = (text: string | Uint8Array): void => {
    const message = JSON.parse(String(text)) as { readonly type: string; readonly seq: number };
    if (message.type !== "tick") return;
    const now = performance.now();
    this.#longestSilenceMs = Math.max(this.#longestSilenceMs, now - this.#lastAt);
    this.#lastAt = now;
    this.numbers.push(message.seq);
    this.#onTick();
  };
}
