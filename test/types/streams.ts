// What docs/streams.md shows, compiled: the document's blocks stand here word for word.
import {
  bearer,
  isExternalServiceError,
  json,
  type MessageCodec,
  type Position,
  type Secret,
  subscribe,
  WebSocketService,
} from "hawser";
import { msgpack } from "hawser/msgpack";
import { z } from "zod";

declare const apiKey: Secret;
declare const vault: { token(options: { signal: AbortSignal }): Promise<string> };
declare const order: { readonly id: string; readonly amount: number };
declare const spool: { keep(message: unknown): Promise<void>; ask(message: unknown): Promise<void> };
declare const store: {
  positions(): Promise<Record<string, Position>>;
  keep(positions: ReadonlyMap<string, Position>): Promise<void>;
};
declare const prices: Map<string, number>;
declare const metrics: { count(name: string, of: string): void };
declare const Frame: {
  decode(data: Uint8Array): { readonly price: number };
  encode(message: unknown): Uint8Array;
};

const Tick = z.object({ seq: z.number(), symbol: z.string(), price: z.number() });
type Tick = z.infer<typeof Tick>;

class PriceFeed extends WebSocketService<Tick> {
  protected override async onConnect() {
    await this.sendJson({ action: "subscribe", channels: ["prices"] });
  }

  protected override onMessage({ symbol, price }: Tick) {
    prices.set(symbol, price);
  }
}

const feed = new PriceFeed({ baseUrl: "wss://feed.example", endpoint: "/stream", apiKey, codec: json(Tick) });
await feed.connect();

export const far = new PriceFeed({
  endpoints: ["wss://eu.feed.example/stream", "wss://us.feed.example/stream"],
  auth: bearer(({ signal }) => vault.token({ signal })),
  headers: ({ attempt }) => ({ "x-attempt": String(attempt) }),
  connectTimeoutMs: 5_000,
  reconnect: {
    maxDelayMs: 10_000,
    classify: ({ closeCode }) => (closeCode === 4001 ? "refresh" : closeCode === 4003 ? "fatal" : undefined),
  },
  codec: json(Tick),
});

export const busy = new PriceFeed({
  baseUrl: "wss://feed.example",
  concurrency: { maxConcurrent: 16, keyOf: ({ symbol }) => symbol },
  inbox: { maxMessages: 256, whenFull: "coalesceByKey", keyOf: ({ symbol }) => symbol },
  handlerTimeoutMs: 30_000,
  codec: json(Tick),
});

for await (const tick of feed.messages({ signal: AbortSignal.timeout(60_000) })) {
  if (tick.price > 100) break;
}

try {
  await feed.send(order, { timeoutMs: 2_000 });
} catch (error) {
  if (!isExternalServiceError(error)) throw error;
  if (error.outcome === "not-sent") await spool.keep(order);
  else await spool.ask(order); // "unknown": it may have arrived
}

const answer = await feed.request({ action: "quote", symbol: "EUR" }, { match: ({ symbol }) => symbol === "EUR" });
const height = await feed.request({ method: "eth_blockNumber" }, { schema: z.string() });
const crash = await feed.once(({ price }) => price < 1, { timeoutMs: 60_000 });
export const seen: readonly unknown[] = [answer, height, crash];

export class PriceBook extends WebSocketService<Tick> {
  constructor(from: Record<string, Position>) {
    super({
      baseUrl: "wss://feed.example",
      codec: json(Tick),
      subscriptions: {
        subscribe: (keys, { positions }) => ({ op: "sub", keys, after: Object.fromEntries(positions) }),
        unsubscribe: (keys) => ({ op: "unsub", keys }),
        keyOf: ({ symbol }) => symbol,
      },
      resume: {
        positionOf: ({ seq }) => seq,
        from,
        onGap: ({ key, missing, reason }) => this.logger.error({ key, missing, reason }, "ticks are missing"),
      },
    });
  }
}

export const book = new PriceBook(await store.positions());
const onEuro = ({ price }: Tick): void => void prices.set("EUR", price);
const [euro] = await Promise.all([book.subscribe("EUR", onEuro), book.connect()]);
await euro.unsubscribe();

const frames: MessageCodec<{ readonly price: number }> = {
  decode: (data) => Frame.decode(typeof data === "string" ? Buffer.from(data) : data),
  encode: (message) => Frame.encode(message),
};
class Packed extends WebSocketService<Tick> {}
class Framed extends WebSocketService<{ readonly price: number }> {}
export const packed: Packed = new Packed({ baseUrl: "wss://feed.example", codec: msgpack({ schema: Tick }) });
export const framed: Framed = new Framed({ baseUrl: "wss://feed.example", codec: frames });

process.once("SIGTERM", () => void stop());

async function stop() {
  const { unsent, unhandled } = await book.drain({ timeoutMs: 5_000 });
  for (const { message, outcome } of unsent) if (outcome === "not-sent") await spool.keep(message);
  await store.keep(book.positions());
  metrics.count("unhandled", String(unhandled));
}

subscribe("hawser:stream:attempt", ({ service, code }) => metrics.count("connects", code ?? service));
subscribe("hawser:stream:pressure", ({ service, isPaused }) => isPaused && metrics.count("pauses", service));
