// Compiled and never run: what a request over a stream resolves to, and what its match is given.
import type { WebSocketService } from "hawser";
import { expectTypeOf } from "vitest";
import { z } from "zod";

interface Tick {
  readonly symbol: string;
  readonly price: number;
}

declare class Feed extends WebSocketService<Tick> {}
declare const feed: Feed;
const Quote = z.object({ bid: z.number() });

expectTypeOf(
  await feed.request({ action: "quote" }, { match: ({ symbol }) => symbol === "EUR" }),
).toEqualTypeOf<Tick>();
expectTypeOf(await feed.request("quote", { match: ({ price }) => price > 1, timeoutMs: 5 })).toEqualTypeOf<Tick>();
expectTypeOf(
  await feed.request({ action: "quote" }, { match: ({ symbol }) => symbol === "EUR", schema: Quote }),
).toEqualTypeOf<{ bid: number }>();
expectTypeOf(await feed.request({ method: "quote" }, { schema: Quote })).toEqualTypeOf<{ bid: number }>();
expectTypeOf(await feed.request({ method: "quote", params: ["EUR"] })).toEqualTypeOf<unknown>();
expectTypeOf(await feed.once(({ price }) => price > 1)).toEqualTypeOf<Tick>();

// @ts-expect-error: neither a call nor a match
await feed.request({ action: "quote" });
// @ts-expect-error: a tick has no bid
await feed.request({ action: "quote" }, { match: ({ bid }) => bid > 1 });
