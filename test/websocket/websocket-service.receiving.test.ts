import type net from "node:net";
import { expect, test } from "vitest";
import type { ServiceTimeoutError } from "../../src/core/errors.ts";
import type { WebSocketServiceOptions } from "../../src/websocket/options.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";
import { Feed, type Peer, startPeer, startRaw, textFrame, thrownBy, until, upgradeAnswer } from "./peer.ts";

/** Upgrades, and sends these texts in the very segment of its 101 answer. */
function startEager(...texts: readonly string[]): Promise<Peer & { readonly sockets: net.Socket[] }> {
  const sockets: net.Socket[] = [];
  return startRaw((socket) => {
    sockets.push(socket);
    socket.once("data", (request) => {
      const key = /sec-websocket-key: (.*)\r\n/i.exec(String(request))?.[1] ?? "";
      socket.write(Buffer.concat([Buffer.from(upgradeAnswer(key)), ...texts.map((text) => textFrame(text))]));
    });
  }).then((peer) => Object.assign(peer, { sockets }));
}

const numbered = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `m${from + i}`);

/** A feed that is closed at once, though its raw far side answers no Close frame. */
const rawFeed = (peer: Peer, options: Partial<WebSocketServiceOptions> = {}): Feed =>
  new Feed(peer.url, { closeTimeoutMs: 10, ...options });

test("once() and request() in onConnect are served at once, and what came before their messages is kept in order", async () => {
  await using peer = await startEager("m0", "welcome", "m1", "m2");
  await using feed = rawFeed(peer);
  const spoken: unknown[] = [];
  feed.greet = async (stream) => {
    spoken.push(await stream.once((message) => message === "welcome"));
    expect(stream.got).toEqual([]);
    const answered = stream.request("login", { match: (message) => message === "granted" });
    peer.sockets[0]?.write(Buffer.concat(["m3", "granted", "m4"].map(textFrame)));
    spoken.push(await answered);
    expect(stream.got).toEqual([]);
  };
  await feed.connect();
  await until(() => feed.got.length === 6);
  expect([spoken, feed.got]).toEqual([
    ["welcome", "granted"],
    ["m0", "welcome", "m1", "m2", "m3", "m4"],
  ]);
});

test("an answer that lies behind more than the inbox keeps ends onConnect by the connect limit, which says so", async () => {
  await using peer = await startEager(...numbered(10), "granted");
  const clock = new VirtualClock();
  await using feed = rawFeed(peer, { clock, reconnect: false, inbox: { maxMessages: 3 }, requestTimeoutMs: 60_000 });
  feed.greet = async (stream) => void (await stream.request("login", { match: (message) => message === "granted" }));
  const connected = thrownBy(feed.connect());
  await until(() => feed.stats().isReadingPaused);
  await clock.advance(10_000);
  const error = await connected;
  expect(error).toMatchObject({ code: "timeout-connect", phase: "open", outcome: "not-sent" });
  expect(String(error)).toContain("reading is paused, since more came before they were done than the inbox keeps");
  expect(feed.got).toEqual([]);
});

test("the connect limit of a successor says as well that reading it is paused", async () => {
  await using peer = await startPeer({
    onConnection: (ws, number) => {
      if (number === 2) for (const text of numbered(10)) ws.send(text);
    },
  });
  const clock = new VirtualClock();
  const options = { clock, inbox: { maxMessages: 3 }, dedupe: { idOf: String }, requestTimeoutMs: 60_000 };
  await using feed = new Feed(peer.url, options);
  feed.greet = async (stream) => {
    if (stream.connects === 2) await stream.request("login", { match: () => false });
  };
  await feed.connect();
  feed.rotateNow();
  await until(() => peer.received.length === 1);
  await settled();
  await clock.advance(10_000);
  await until(() => feed.errors.some(({ from }) => from.consumer === "connection"));
  expect(String(feed.errors.find(({ from }) => from.consumer === "connection")?.error)).toContain("reading is paused");
  expect(feed.state).toMatchObject({ name: "open", generation: 1 });
});

test("a request that waits while reading is paused ends by its own limit, which says so", async () => {
  await using peer = await startEager(...numbered(10));
  const clock = new VirtualClock();
  await using feed = rawFeed(peer, { clock, inbox: { maxMessages: 3 } });
  feed.addMessageHandler(() => new Promise<void>(() => undefined));
  await feed.connect();
  await until(() => feed.stats().isReadingPaused);
  const late = thrownBy(feed.request("q", { match: () => true, timeoutMs: 500 }));
  await settled();
  await clock.advance(500);
  expect(await late).toMatchObject({ code: "timeout-answer", outcome: "unknown" });
  expect(String(await late)).toContain("waiting for the answer; reading is paused, since a consumer is slow");
});

test("more early messages than the inbox keeps pause the socket, and all come after onConnect, in order", async () => {
  await using peer = await startEager(...numbered(200));
  await using feed = rawFeed(peer, { inbox: { maxMessages: 8 } });
  let kept = 0;
  feed.greet = async (stream) => {
    await until(() => stream.stats().isReadingPaused);
    kept = (await stream.checkHealth()).details?.["undeliveredMessages"] as number;
  };
  const handled: unknown[] = [];
  feed.addMessageHandler(async (message) => {
    await Promise.resolve();
    handled.push(message);
  });
  await feed.connect();
  await until(() => handled.length === 200);
  expect(kept).toBe(8);
  expect([feed.got, handled]).toEqual([numbered(200), numbered(200)]);
});

test("what a connection brought whose onConnect failed is not delivered", async () => {
  await using peer = await startPeer({ onConnection: (ws, number) => ws.send(`from ${number}`) });
  await using feed = new Feed(peer.url);
  feed.greet = async (stream) => {
    const first = await stream.once(() => true);
    if (first === "from 1") throw new Error("not this one");
  };
  await feed.connect();
  await until(() => feed.got.length > 0);
  expect(feed.got).toEqual(["from 2"]);
});

test("reading stops within the chunk: a lane holds exactly its bound, and no other consumer runs ahead", async () => {
  await using peer = await startEager(...numbered(50));
  await using feed = rawFeed(peer, { inbox: { maxMessages: 5 } });
  const inHand: unknown[] = [];
  let letGo: () => void = () => undefined;
  feed.addMessageHandler(async function slow(message) {
    inHand.push(message);
    await new Promise<void>((done) => (letGo = done));
  });
  await feed.connect();
  await until(() => feed.stats().isReadingPaused);
  await settled();
  expect([inHand, feed.got]).toEqual([["m0"], numbered(6)]);
  expect(feed.stats().lanes[1]).toMatchObject({ handler: "slow", messages: 5 });
  await until(() => {
    letGo();
    return inHand.length === 50;
  });
  expect([feed.got, inHand]).toEqual([numbered(50), numbered(50)]);
});

test("the bound in bytes holds as well", async () => {
  await using peer = await startEager(...Array.from({ length: 20 }, () => "x".repeat(100)));
  await using feed = rawFeed(peer, { inbox: { maxBytes: 350 } });
  feed.addMessageHandler(() => new Promise<void>(() => undefined));
  await feed.connect();
  await until(() => feed.stats().isReadingPaused);
  expect(feed.stats().lanes[1]).toMatchObject({ messages: 4, bytes: 400 });
});

test("with dropOldest a full lane keeps the newest, counts the rest, and pauses nobody", async () => {
  await using peer = await startEager(...numbered(30));
  await using feed = rawFeed(peer, { inbox: { maxMessages: 4, whenFull: "dropOldest" } });
  const handled: unknown[] = [];
  const gate = Promise.withResolvers<void>();
  feed.addMessageHandler(async (message) => {
    handled.push(message);
    await gate.promise;
  });
  await feed.connect();
  await until(() => feed.got.length === 30);
  expect(feed.stats()).toMatchObject({ isReadingPaused: false, lanes: [{ dropped: 0 }, { dropped: 25, messages: 4 }] });
  gate.resolve();
  await until(() => handled.length === 5);
  expect(handled).toEqual(["m0", ...numbered(4, 26)]);
});

test("with coalesceByKey the newest of a key takes its place, and a new key in a full lane pauses the socket", async () => {
  await using peer = await startEager("a0", "b0", "c0", "b1", "c1", "b2", "d0", "a1");
  const keyOf = (message: string | Uint8Array): unknown => message[0];
  await using feed = rawFeed(peer, { inbox: { maxMessages: 2, whenFull: "coalesceByKey", keyOf } });
  const handled: unknown[] = [];
  const gate = Promise.withResolvers<void>();
  feed.addMessageHandler(async (message) => {
    handled.push(message);
    await gate.promise;
  });
  await feed.connect();
  await until(() => feed.stats().isReadingPaused);
  expect(feed.stats().lanes[1]).toMatchObject({ coalesced: 3, dropped: 0 });
  gate.resolve();
  await until(() => handled.includes("a1"));
  expect(handled).toEqual(["a0", "b2", "c1", "d0", "a1"]);
  expect(feed.got).toEqual(["a0", "b0", "c0", "b1", "c1", "b2", "d0", "a1"]);
});

test("a slow consumer of a flood holds no more than its bound: the far side keeps the rest", async () => {
  const message = "x".repeat(1_024);
  await using peer = await startPeer({
    onConnection: (ws) => {
      for (let i = 0; i < 20_000; i++) ws.send(message);
    },
  });
  await using feed = new Feed(peer.url, { inbox: { maxMessages: 16 } });
  const gate = Promise.withResolvers<void>();
  feed.addMessageHandler(() => gate.promise);
  await feed.connect();
  await until(() => feed.stats().isReadingPaused);
  await settled();
  const { bytesIn, lanes } = feed.stats();
  expect([bytesIn <= 20 * 1_024, lanes[1]?.messages]).toEqual([true, 16]);
  expect(peer.connections[0]?.bufferedAmount).toBeGreaterThan(1_000_000);
  expect(await feed.checkHealth()).toMatchObject({ status: "warn", details: { isReadingPaused: true } });
  gate.resolve();
  await until(() => feed.got.length === 20_000);
});

test("concurrency lets onMessage handle different keys at once, up to its bound, and those of one key in order", async () => {
  await using peer = await startPeer();
  const open = new Map<string, () => void>();
  const begun: string[] = [];
  class Keyed extends Feed {
    protected override async onMessage(message: string | Uint8Array): Promise<void> {
      begun.push(String(message));
      await new Promise<void>((done) => open.set(String(message), done));
      this.got.push(message);
    }
  }
  await using feed = new Keyed(peer.url, { concurrency: { maxConcurrent: 2, keyOf: (message) => message[0] } });
  await feed.connect();
  for (const text of ["a1", "a2", "b1", "c1"]) peer.connections[0]?.send(text);
  await until(() => feed.stats().messagesIn === 4);
  expect(begun).toEqual(["a1", "b1"]);
  open.get("b1")?.();
  await until(() => begun.length === 3);
  expect(begun).toEqual(["a1", "b1", "c1"]);
  open.get("a1")?.();
  await until(() => begun.length === 4);
  for (const text of ["a2", "c1"]) open.get(text)?.();
  await until(() => feed.got.length === 4);
  expect(feed.got.slice(0, 2)).toEqual(["b1", "a1"]);
});

test("an added handler has a concurrency of its own", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url);
  const begun: unknown[] = [];
  const hang = (message: string | Uint8Array): Promise<void> => {
    begun.push(message);
    return new Promise<void>(() => undefined);
  };
  feed.addMessageHandler(hang, { concurrency: { maxConcurrent: 3, keyOf: (message) => message } });
  await feed.connect();
  for (const text of ["a", "b", "c", "d"]) peer.connections[0]?.send(text);
  await until(() => feed.got.length === 4);
  expect(begun).toEqual(["a", "b", "c"]);
});

test("a handler that takes longer than its limit is reported by name, and its lane goes on without it", async () => {
  await using peer = await startPeer();
  const clock = new VirtualClock();
  await using feed = new Feed(peer.url, { clock, handlerTimeoutMs: 30 });
  const begun: unknown[] = [];
  feed.addMessageHandler(function stuck(message) {
    begun.push(message);
    return new Promise<void>(() => undefined);
  });
  await feed.connect();
  for (const text of ["a", "b"]) peer.connections[0]?.send(text);
  await until(() => feed.got.length === 2);
  expect(begun).toEqual(["a"]);
  await clock.advance(30);
  expect(begun).toEqual(["a", "b"]);
  const [{ error, from } = { error: undefined, from: undefined }] = feed.errors;
  expect(error).toMatchObject({
    code: "timeout-handler",
    phase: "receive",
    limitMs: 30,
  } satisfies Partial<ServiceTimeoutError>);
  expect(String(error)).toContain("handler stuck has not settled within 30 ms");
  expect(from).toEqual({ consumer: "handler", handler: "stuck" });
});

test("a hook of a subclass that throws or hangs delays no handler and no reader", async () => {
  await using peer = await startPeer();
  class Stuck extends Feed {
    protected override onMessage(message: string | Uint8Array): Promise<void> {
      this.got.push(message);
      if (message === "a") throw new Error("thrown before its promise");
      return new Promise<void>(() => undefined);
    }
  }
  await using feed = new Stuck(peer.url);
  const handled: unknown[] = [];
  feed.addMessageHandler((message) => void handled.push(message));
  const messages = feed.messages();
  await feed.connect();
  for (const text of ["a", "b", "c"]) peer.connections[0]?.send(text);
  const read: unknown[] = [];
  for await (const message of messages) if (read.push(message) === 3) break;
  expect([feed.got, handled, read]).toEqual([
    ["a", "b"],
    ["a", "b", "c"],
    ["a", "b", "c"],
  ]);
  expect(feed.errors).toMatchObject([{ from: { consumer: "onMessage" } }]);
});

test("a handler that is added twice is called once, and one that removes itself gets nothing more", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url);
  const handled: unknown[] = [];
  const once = (message: string | Uint8Array): void => {
    handled.push(message);
    feed.removeMessageHandler(once);
  };
  feed.addMessageHandler(once).addMessageHandler(once);
  await feed.connect();
  for (const text of ["a", "b"]) peer.connections[0]?.send(text);
  await until(() => feed.got.length === 2);
  expect(handled).toEqual(["a"]);
});

test("an iterator that nobody reads pauses the stream, and to leave it lets the stream go on", async () => {
  await using peer = await startEager(...numbered(40));
  await using feed = rawFeed(peer, { inbox: { maxMessages: 4 } });
  const messages = feed.messages();
  await feed.connect();
  await until(() => feed.stats().isReadingPaused);
  expect(feed.got).toEqual(numbered(4));
  for await (const message of messages) if (message === "m5") break;
  await until(() => feed.got.length === 40);
  expect(feed.stats().lanes).toHaveLength(1);
});

test("the signal of an iterator ends it with its reason, and lets the stream go on", async () => {
  await using peer = await startEager(...numbered(10));
  await using feed = rawFeed(peer, { inbox: { maxMessages: 2 } });
  const stop = new AbortController();
  const messages = feed.messages({ signal: stop.signal });
  await feed.connect();
  await until(() => feed.stats().isReadingPaused);
  const reason = new Error("enough");
  stop.abort(reason);
  expect(await thrownBy(messages.next())).toBe(reason);
  expect(await messages.next()).toEqual({ value: undefined, done: true });
  await until(() => feed.got.length === 10);
});

test("a connect() that is rejected ends no iterator and no handler: they wait for the next one", async () => {
  await using peer = await startPeer({
    refuse: (socket, _request, number) => number === 1 && (socket.destroy(), true),
  });
  await using feed = new Feed(peer.url, { reconnect: false });
  const next = feed.messages().next();
  expect(await thrownBy(feed.connect())).toMatchObject({ code: expect.stringMatching(/^connection-/) });
  await feed.connect();
  peer.connections[0]?.send("a");
  expect(await next).toEqual({ value: "a", done: false });
  expect(feed.got).toEqual(["a"]);
});

test("a flood of pings in one segment ends no connection, and the newest is answered", async () => {
  const ping = (n: number): Buffer => Buffer.concat([Buffer.from([0x89, 4]), Buffer.from(String(n).padStart(4, "0"))]);
  const pongs: Buffer[] = [];
  await using peer = await startRaw((socket) => {
    socket.once("data", (request) => {
      const key = /sec-websocket-key: (.*)\r\n/i.exec(String(request))?.[1] ?? "";
      socket.on("data", (chunk) => void pongs.push(chunk));
      const flood = Array.from({ length: 1_000 }, (_, n) => ping(n));
      socket.write(Buffer.concat([Buffer.from(upgradeAnswer(key)), ...flood, textFrame("after")]));
    });
  });
  await using feed = rawFeed(peer);
  await feed.connect();
  // A pong of four bytes is a frame of ten, masked.
  const payloads = (): string[] => {
    const bytes = Buffer.concat(pongs);
    return Array.from({ length: Math.floor(bytes.length / 10) }, (_, i) => {
      const frame = bytes.subarray(i * 10, i * 10 + 10);
      return Buffer.from(frame.subarray(6).map((byte, at) => byte ^ (frame[2 + at] ?? 0))).toString();
    });
  };
  await until(() => feed.got.length === 1 && payloads().at(-1) === "0999");
  expect(payloads().length).toBeLessThan(60);
  expect([feed.state.name, feed.ended]).toEqual(["open", []]);
});
