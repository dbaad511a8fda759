import { decode, encode } from "@msgpack/msgpack";
import { expect, test } from "vitest";
import { z } from "zod";
import { silentLogger } from "../../src/core/logger.ts";
import type { MessageCodec } from "../../src/websocket/codecs/codec.ts";
import { bytes, json, text } from "../../src/websocket/codecs/codecs.ts";
import type { ConsumerName } from "../../src/websocket/receive/lane.ts";
import { msgpack } from "../../src/websocket/codecs/msgpack.ts";
import type { WebSocketServiceOptions } from "../../src/websocket/options.ts";
import { WebSocketService } from "../../src/websocket/websocket-service.ts";
import { type Peer, startPeer, thrownBy, until } from "./peer.ts";

class Coded<Message> extends WebSocketService<Message> {
  readonly got: Message[] = [];
  readonly errors: { readonly error: unknown; readonly from: ConsumerName }[] = [];
  greet: (stream: this) => Promise<void> = () => Promise.resolve();

  constructor(url: string, codec: MessageCodec<Message>, options: Partial<WebSocketServiceOptions<Message>> = {}) {
    super({ baseUrl: url, name: "coded", codec, logger: silentLogger, ...options });
  }

  protected override onConnect(): Promise<void> {
    return this.greet(this);
  }

  protected override onMessage(message: Message): void {
    this.got.push(message);
  }

  protected override onError(error: unknown, from: ConsumerName): void {
    this.errors.push({ error, from });
  }
}

/** Sends these frames, a string as text and bytes as binary. */
const startSender = (...frames: readonly (string | Uint8Array)[]): Promise<Peer> =>
  startPeer({ onConnection: (ws) => frames.forEach((frame) => ws.send(frame)) });

test("text(): handlers get strings; a binary frame goes to onError, to no handler, and costs no connection", async () => {
  await using peer = await startSender("a", new Uint8Array([1]), "b");
  await using stream = new Coded(peer.url, text());
  const handled: unknown[] = [];
  stream.addMessageHandler((message) => void handled.push(message));
  await stream.connect();
  await until(() => stream.got.length === 2);
  expect([stream.got, handled]).toEqual([
    ["a", "b"],
    ["a", "b"],
  ]);
  expect(stream.errors).toMatchObject([
    { error: { code: "decode-encoding", outcome: "accepted", service: "coded" }, from: { consumer: "codec" } },
  ]);
  expect([stream.state.name, stream.stats().undecodable]).toEqual(["open", 1]);
});

test("bytes(): every message is bytes, of text frames too", async () => {
  await using peer = await startSender("ä", new Uint8Array([1, 2]));
  await using stream = new Coded(peer.url, bytes());
  await stream.connect();
  await until(() => stream.got.length === 2);
  expect(stream.got.map((message) => [...message])).toEqual([
    [0xc3, 0xa4],
    [1, 2],
  ]);
});

test("json(schema): handlers get what the schema makes; what does not match goes to onError, with the place and no value", async () => {
  const schema = z.object({ at: z.coerce.date(), price: z.number() });
  const good = { at: "2026-01-01T00:00:00.000Z", price: 5 };
  await using peer = await startSender(
    JSON.stringify(good),
    JSON.stringify({ ...good, price: "sk_1" }),
    "{broken sk_1",
    new Uint8Array([0xff]),
    Buffer.from(JSON.stringify({ ...good, price: 6 })),
  );
  await using stream = new Coded(peer.url, json(schema));
  await stream.connect();
  await until(() => stream.got.length === 2);
  expect(stream.got).toEqual([
    { at: new Date(good.at), price: 5 },
    { at: new Date(good.at), price: 6 },
  ]);
  expect(stream.errors.map(({ error }) => error)).toMatchObject([
    { code: "decode-schema", issues: [{ path: "price" }] },
    { code: "decode-json" },
    { code: "decode-encoding" },
  ]);
  for (const { error } of stream.errors) expect(String(error) + JSON.stringify(error)).not.toContain("sk_1");
});

test("msgpack(): both ways, and what is no msgpack goes to onError", async () => {
  await using peer = await startSender(encode({ n: 1, bytes: new Uint8Array([7]) }), new Uint8Array([0xc1]), "text");
  await using stream = new Coded(peer.url, msgpack());
  await stream.connect();
  await until(() => stream.got.length === 1 && stream.errors.length === 2);
  expect(stream.got).toEqual([{ n: 1, bytes: new Uint8Array([7]) }]);
  expect(stream.errors.every(({ from }) => from.consumer === "codec")).toBe(true);
  await stream.send({ order: 1 });
  await until(() => peer.received.length === 1);
  expect(decode(peer.received[0] as Buffer)).toEqual({ order: 1 });
});

test("a JSON-RPC call goes through the codec both ways", async () => {
  await using peer = await startPeer({
    onConnection: (ws) =>
      ws.on("message", (data: Buffer) => {
        const { id, params } = decode(data) as { readonly id: number; readonly params: unknown };
        ws.send(encode({ jsonrpc: "2.0", id, result: params }));
      }),
  });
  await using stream = new Coded(peer.url, msgpack());
  await stream.connect();
  expect(await stream.request({ method: "echo", params: [1] })).toEqual([1]);
});

test("encode of a codec makes every frame: of send, request, onConnect, subscriptions; not of sendJson, nor of text in the place of pings", async () => {
  const codec: MessageCodec<string> = { decode: String, encode: (message) => `<${String(message)}>` };
  await using peer = await startPeer();
  await using stream = new Coded(peer.url, codec, {
    pingIntervalMs: 5,
    pingTimeoutMs: 60_000,
    pingMessage: () => "ping",
    subscriptions: { subscribe: (keys) => `sub ${keys.join()}` },
  });
  stream.greet = (one) => one.send("hello");
  await stream.connect();
  await stream.subscribe("a");
  await stream.send("x");
  await stream.sendJson("json");
  void stream.request("q", { match: () => false }).catch(() => undefined);
  await until(() => peer.received.includes("ping") && peer.received.includes("<q>"));
  expect(peer.received.filter((frame) => frame !== "ping")).toEqual(["<hello>", "<sub a>", "<x>", '"json"', "<q>"]);
});

test("what the codec cannot encode refuses the send, with its error as the cause and none of its words", async () => {
  const flaw = new RangeError("cannot take sk_1");
  const codec: MessageCodec<unknown> = {
    decode: (data) => data,
    encode: (message) => {
      if (message === "nothing") return 5 as never;
      throw flaw;
    },
  };
  await using peer = await startPeer();
  await using stream = new Coded(peer.url, codec);
  await stream.connect();
  const error = await thrownBy(stream.send("x"));
  expect(error).toMatchObject({ code: "configuration-invalid", cause: flaw });
  expect(String(error)).toContain("RangeError");
  expect(String(error) + JSON.stringify(error)).not.toContain("sk_1");
  expect(String(await thrownBy(stream.send("nothing")))).toContain("neither a string nor a Uint8Array");
  expect(await thrownBy(stream.request("x", { match: () => true }))).toMatchObject({ cause: flaw });
  expect([stream.stats().pendingRequests, peer.received]).toEqual([0, []]);
});

test("a message may be undefined or null: it reaches every consumer", async () => {
  const codec: MessageCodec<unknown> = { decode: (data) => (data === "null" ? null : undefined) };
  await using peer = await startSender("null", "undefined");
  await using stream = new Coded(peer.url, codec);
  const messages = stream.messages();
  await stream.connect();
  expect([await messages.next(), await messages.next()]).toEqual([
    { value: null, done: false },
    { value: undefined, done: false },
  ]);
  expect(stream.got).toEqual([null, undefined]);
});

test("compression is offered only where it is asked for", async () => {
  await using peer = await startPeer();
  await using plain = new Coded(peer.url, text());
  await using deflating = new Coded(peer.url, text(), { compression: { thresholdBytes: 10 } });
  await plain.connect();
  await deflating.connect();
  expect(peer.requests.map(({ headers }) => headers["sec-websocket-extensions"])).toEqual([
    undefined,
    expect.stringContaining("permessage-deflate"),
  ]);
});

test("a codec that decodes asynchronously is refused with each message, for no handler may get a promise", async () => {
  await using peer = await startPeer({ onConnection: (ws) => ws.send("1") });
  const errors: unknown[] = [];
  class Late extends WebSocketService<unknown> {
    protected override onError(error: unknown): void {
      errors.push(error);
    }
  }
  const codec = { decode: async (data: unknown) => data };
  await using feed = new Late({ baseUrl: peer.url, logger: silentLogger, codec });
  await feed.connect();
  await until(() => errors.length === 1);
  expect(errors).toMatchObject([{ code: "decode-encoding", message: expect.stringContaining("asynchronously") }]);
  expect(feed.stats().undecodable).toBe(1);
});
