// Compiled and never run: what a codec says of the messages of a stream.
import { bytes, json, type MessageCodec, text, WebSocketService, type WebSocketServiceOptions } from "hawser";
import { msgpack } from "hawser/msgpack";
import * as v from "valibot";
import { expectTypeOf } from "vitest";
import { z } from "zod";

interface Tick {
  readonly symbol: string;
  readonly price: number;
}

const tick = z.object({ symbol: z.string(), price: z.number() });

class Feed extends WebSocketService<Tick> {
  protected override onMessage(message: Tick): void {
    expectTypeOf(message.price).toEqualTypeOf<number>();
  }
}
class Lines extends WebSocketService<string> {}
class Raw extends WebSocketService {}

const baseUrl = "wss://feed.example";

export const streams = [
  new Feed({ baseUrl, codec: json(tick) }),
  new Feed({ baseUrl, codec: json(v.object({ symbol: v.string(), price: v.number() })) }),
  new Feed({ baseUrl, codec: msgpack({ schema: tick }) }),
  new Lines({ baseUrl, codec: text() }),
  new Raw({ baseUrl }),
];

expectTypeOf(json()).toEqualTypeOf<MessageCodec<unknown>>();
expectTypeOf(json(tick)).toEqualTypeOf<MessageCodec<{ symbol: string; price: number }>>();
expectTypeOf(json(z.string().transform(Number))).toEqualTypeOf<MessageCodec<number>>();
expectTypeOf(text()).toEqualTypeOf<MessageCodec<string>>();
expectTypeOf(bytes()).toEqualTypeOf<MessageCodec<Uint8Array>>();
expectTypeOf(msgpack()).toEqualTypeOf<MessageCodec<unknown>>();
expectTypeOf(msgpack({ useBigInt64: true })).toEqualTypeOf<MessageCodec<unknown>>();
expectTypeOf(msgpack({ schema: tick })).toEqualTypeOf<MessageCodec<{ symbol: string; price: number }>>();

// What comes of a stream is what its schema gives.
async function read(feed: Feed): Promise<void> {
  for await (const message of feed.messages()) expectTypeOf(message).toEqualTypeOf<Tick>();
  feed.addMessageHandler((message) => {
    expectTypeOf(message).toEqualTypeOf<Tick>();
  });
  // @ts-expect-error: the messages are ticks
  feed.addMessageHandler((message: string) => message);
}
expectTypeOf(read).parameter(0).toEqualTypeOf<Feed>();

// @ts-expect-error: nothing has looked at the shape
export const wrong1: Feed = new Feed({ baseUrl, codec: json() });
// @ts-expect-error: nor here
export const wrong2: Feed = new Feed({ baseUrl, codec: msgpack() });
// @ts-expect-error: price is text
export const wrong3: Feed = new Feed({ baseUrl, codec: json(z.object({ symbol: z.string(), price: z.string() })) });
// @ts-expect-error: price is missing
export const wrong4: Feed = new Feed({ baseUrl, codec: json(z.object({ symbol: z.string() })) });
// @ts-expect-error: a tick is no text
export const wrong5: Feed = new Feed({ baseUrl, codec: text() });
// @ts-expect-error: bytes are no text
export const wrong6: Lines = new Lines({ baseUrl, codec: bytes() });
// @ts-expect-error: what the schema gives counts, not what it takes
export const wrong7: Feed = new Feed({ baseUrl, codec: json(tick.transform(({ price }) => price)) });
// @ts-expect-error: not a schema
json({ type: "object" });
// @ts-expect-error: not a schema
msgpack({ schema: { type: "object" } });
// @ts-expect-error: misspelt
msgpack({ maxStringLength: 5 });
// @ts-expect-error: a codec makes messages
export const wrong: WebSocketServiceOptions<Tick>["codec"] = { encode: () => "" };
