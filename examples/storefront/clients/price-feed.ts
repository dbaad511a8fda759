import { WebSocketService } from "hawser";
import { z } from "zod";

const Tick = z.object({
  type: z.literal("tick"),
  seq: z.number(),
  symbol: z.string(),
  price: z.number(),
  at: z.string(),
});
const Subscribed = z.object({ type: z.literal("subscribed"), after: z.number() });
const Message = z.discriminatedUnion("type", [Tick, Subscribed]);

/** One price; `seq` counts all ticks of the feed without a gap. */
export type Tick = z.infer<typeof Tick>;

/** The stream of prices. Whatever happens to its connections, each tick comes once and in order. */
export class PriceFeed extends WebSocketService {
  readonly #latest = new Map<string, Tick>();
  readonly #listeners = new Set<(tick: Tick) => void>();
  #lastSeq: number | undefined;
  #lastTickAt: number | undefined;

  /** The number of the last tick; undefined before the first. */
  get lastSeq(): number | undefined {
    return this.#lastSeq;
  }

  /** Milliseconds since the last tick; undefined before the first. */
  get lastTickAgeMs(): number | undefined {
    return this.#lastTickAt === undefined ? undefined : Math.round(performance.now() - this.#lastTickAt);
  }

  /** The latest tick of each symbol. */
  get latest(): readonly Tick[] {
    return [...this.#latest.values()];
  }

  /** Calls the listener with every tick to come, until what it returns is called. */
  onTick(listener: (tick: Tick) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  // Called on every new connection: the feed goes on with the tick after the last one that we had.
  protected override async onConnect(): Promise<void> {
    await this.sendJson({ action: "subscribe", channels: ["prices"], after: this.#lastSeq });
  }

  protected override onMessage(text: string | Uint8Array): void {
    const message = Message.parse(JSON.parse(String(text)));
    if (message.type === "subscribed") {
      // Where the feed was restarted and counts anew, this is lower than what we asked for.
      this.#lastSeq = message.after;
      return;
    }
    this.#lastSeq = message.seq;
    this.#lastTickAt = performance.now();
    this.#latest.set(message.symbol, message);
    for (const listener of this.#listeners) listener(message);
  }
}
