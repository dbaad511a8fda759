import { type Random, seededRandom } from "./random.ts";

/** One price, as it goes over the stream. */
export interface Tick {
  readonly type: "tick";
  readonly channel: "prices";
  /** 1, 2, 3, ... over the life of the sandbox, whoever is connected. */
  readonly seq: number;
  readonly symbol: string;
  readonly price: number;
  readonly at: string;
}

const symbols = ["EURUSD", "GBPUSD", "USDJPY", "USDCHF"] as const;

/** The ticks so far: all are numbered, the last ones are kept. */
export class TickHistory {
  readonly #limit: number;
  readonly #random: Random = seededRandom(1);
  readonly #prices = new Map<string, number>();
  /** Invariant: `#kept` ends with tick number `#seq`, and its numbers follow one another. */
  #kept: Tick[] = [];
  #seq = 0;

  /** @param limit - how many ticks are kept at least */
  constructor(limit = 100_000) {
    this.#limit = limit;
  }

  /** The number of the latest tick; 0 before the first. */
  get seq(): number {
    return this.#seq;
  }

  /** Adds the next tick. */
  add(at: Date): Tick {
    const seq = ++this.#seq;
    const symbol = symbols[seq % symbols.length] ?? symbols[0];
    const price = (this.#prices.get(symbol) ?? 1) * (1 + (this.#random() - 0.5) / 1000);
    this.#prices.set(symbol, price);
    const tick: Tick = {
      type: "tick",
      channel: "prices",
      seq,
      symbol,
      price: Number(price.toFixed(5)),
      at: at.toISOString(),
    };
    this.#kept.push(tick);
    // A tenth at a time: dropping one at each tick would move the whole array each time.
    if (this.#kept.length > this.#limit * 1.1) this.#kept = this.#kept.slice(-this.#limit);
    return tick;
  }

  /** The kept ticks with a number above `seq`, in order, at most `most` of them. */
  after(seq: number, most: number): readonly Tick[] {
    const oldest = this.#seq - this.#kept.length + 1;
    const start = Math.max(0, seq + 1 - oldest);
    return this.#kept.slice(start, start + most);
  }
}
