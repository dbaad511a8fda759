/**
 * A market-data client: no tick is missed and none comes twice, over a change of connections and over a restart.
 *
 * Wants REALTIME_WS_URL and REALTIME_WS_KEY.
 */
import { env } from "node:process";
import { json, type Position, WebSocketService } from "hawser";
import { z } from "zod";

const Tick = z.object({ type: z.literal("tick"), channel: z.string(), seq: z.number(), price: z.number() });
const Confirmation = z.object({ type: z.literal("subscribed"), channels: z.array(z.string()) });
const Message = z.discriminatedUnion("type", [Tick, Confirmation]);
type Message = z.infer<typeof Message>;

export class MarketFeed extends WebSocketService<Message> {
  constructor(from: ReadonlyMap<string, Position>) {
    super({
      baseUrl: env["REALTIME_WS_URL"] ?? "ws://127.0.0.1:4012",
      apiKey: env["REALTIME_WS_KEY"] ?? "sandbox-feed-key",
      endpoint: "/stream",
      codec: json(Message),
      subscriptions: {
        subscribe: ([channel = ""], { positions }) => ({
          action: "subscribe",
          channels: [channel],
          after: positions.get(channel),
        }),
        confirmedBy: (message) => (message.type === "subscribed" ? message.channels : undefined),
        keyOf: (message) => (message.type === "tick" ? message.channel : undefined),
        maxKeysPerMessage: 1,
      },
      resume: {
        positionOf: (message) => (message.type === "tick" ? message.seq : undefined),
        from,
        onGap: ({ key, after, before }) => console.log(`${key}: nothing between ${after} and ${before}`),
      },
      rotate: { everyMs: 23 * 3_600_000 },
    });
  }
}

/** Hears ticks over two connections, and says how far they have been handled: what a program keeps in its database. */
async function hear(from: ReadonlyMap<string, Position>) {
  await using feed = new MarketFeed(from);
  await feed.connect();
  const numbers: number[] = [];
  const heard = Promise.withResolvers<void>();
  await feed.subscribe("prices", (message) => {
    if (message.type === "tick") numbers.push(message.seq);
    if (numbers.length === 10) feed.rotateNow();
    if (numbers.length >= 20 && feed.state.generation === 2) heard.resolve();
  });
  await heard.promise;
  const { unhandled } = await feed.drain({ timeoutMs: 1_000 });
  console.log(`closed with ${unhandled} ticks unhandled and ${feed.stats().gaps} gaps`);
  return { numbers, positions: feed.positions() };
}

const before = await hear(new Map());
const after = await hear(before.positions);

const numbers = [...before.numbers, ...after.numbers];
const different = new Set(numbers).size;
const span = Math.max(...numbers) - Math.min(...numbers) + 1;
console.log(`over four connections and a restart: ${span - different} missed, ${numbers.length - different} twice`);
