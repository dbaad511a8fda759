import { expect, test } from "vitest";
import { withDeadline } from "../../src/core/deadline.ts";
import { ServiceConfigurationError } from "../../src/core/errors.ts";
import type { WebSocketServiceOptions } from "../../src/websocket/options.ts";
import type { FailedEvent } from "../../src/websocket/stream-owner.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { Feed, type Peer, startPeer, thrownBy, until } from "./peer.ts";

/** A feed whose first connection is lost, and which dials again only when the test says so. */
async function inOutage(peer: Peer, options: Partial<WebSocketServiceOptions> = {}) {
  const clock = new VirtualClock();
  const feed = new Feed(peer.url, { clock, random: () => 0.9, reconnect: {}, ...options });
  await feed.connect();
  peer.connections.at(-1)?.terminate();
  await until(() => feed.state.name === "reconnecting");
  return { clock, feed };
}

const big = (): Uint8Array => new Uint8Array(15 * 1024 * 1024);

test("a send resolves when its bytes are with the kernel, and those of one turn keep their order", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url);
  await feed.connect();
  const texts = Array.from({ length: 500 }, (_, i) => `${i}`);
  await Promise.all(texts.map((text) => feed.send(text)));
  await until(() => peer.received.length === 500);
  expect(peer.received).toEqual(texts);
  expect(feed.stats()).toMatchObject({ messagesOut: 500, queuedSends: 0 });
});

test("order is that of the calls across several reconnects, and nothing accepted in an outage is lost or doubled", async () => {
  await using peer = await startPeer();
  const { feed } = await inOutage(peer);
  const texts = Array.from({ length: 30 }, (_, i) => `${i}`);
  const sends: Promise<void>[] = [];
  for (let round = 0; round < 3; round++) {
    sends.push(...texts.slice(round * 10, round * 10 + 10).map((text) => feed.send(text)));
    feed.reconnectNow();
    await until(() => feed.state.name === "open" && peer.received.length === (round + 1) * 10);
    peer.connections.at(-1)?.terminate();
    await until(() => feed.state.name === "reconnecting");
  }
  await Promise.all(sends);
  expect(peer.received).toEqual(texts);
  await feed.close();
});

test("in an outage a send ends by its age, its own limit, the inherited deadline or its signal, and was not sent", async () => {
  await using peer = await startPeer();
  const { clock, feed } = await inOutage(peer, { sendTimeoutMs: 300, reconnect: { baseDelayMs: 60_000 } });
  const stop = new AbortController();
  const reason = new Error("changed my mind");
  const results = [
    thrownBy(feed.send("age")),
    thrownBy(feed.send("own", { timeoutMs: 100 })),
    thrownBy(withDeadline({ deadlineMs: 200, clock }, () => feed.send("deadline"))),
    thrownBy(feed.send("signal", { signal: stop.signal })),
    thrownBy(withDeadline({ signal: stop.signal }, () => feed.send("inherited signal"))),
    thrownBy(feed.send("aborted before", { signal: AbortSignal.abort(reason) })),
  ];
  stop.abort(reason);
  await clock.advance(100);
  expect(feed.stats().queuedSends).toBe(2);
  await clock.advance(200);
  const errors = await Promise.all(results);
  expect(errors.slice(0, 3)).toMatchObject([
    { code: "timeout-send", outcome: "not-sent", phase: "queue", limitMs: 300, retryable: true },
    { code: "timeout-send", outcome: "not-sent", phase: "queue", limitMs: 100 },
    { code: "timeout-deadline", outcome: "not-sent", phase: "queue", limitMs: 200 },
  ]);
  expect(errors.slice(3)).toEqual([reason, reason, reason]);
  expect(feed.stats()).toMatchObject({ queuedSends: 0, queuedSendBytes: 0 });
  await feed.close();
});

test("whenFull wait: what finds no room waits for it, in order, within its limit", async () => {
  await using peer = await startPeer();
  const { clock, feed } = await inOutage(peer, { outbox: { maxMessages: 2 } });
  const sends = ["a", "b", "c", "d"].map((text) => feed.send(text));
  const late = thrownBy(feed.send("late", { timeoutMs: 10 }));
  await clock.advance(10);
  expect(await late).toMatchObject({ code: "timeout-send", outcome: "not-sent" });
  expect(String(await late)).toContain("the outbox was full (2 messages, 2 bytes)");
  feed.reconnectNow();
  await Promise.all(sends);
  await until(() => peer.received.length === 4);
  expect(peer.received).toEqual(["a", "b", "c", "d"]);
  await feed.close();
});

test("whenFull reject: what finds no room is refused at once, not sent", async () => {
  await using peer = await startPeer();
  const { feed } = await inOutage(peer, { outbox: { maxBytes: 3, whenFull: "reject" } });
  const sends = ["aa", "b"].map((text) => feed.send(text));
  expect(await thrownBy(feed.send("c"))).toMatchObject({ code: "unavailable-queue-full", outcome: "not-sent" });
  feed.reconnectNow();
  await Promise.all(sends);
  await feed.close();
});

test("whenFull dropOldest: the oldest that is queued is refused, and makes room", async () => {
  await using peer = await startPeer();
  const { feed } = await inOutage(peer, { outbox: { maxMessages: 2, whenFull: "dropOldest" } });
  const dropped = thrownBy(feed.send("a"));
  const sends = ["b", "c"].map((text) => feed.send(text));
  expect(await dropped).toMatchObject({ code: "unavailable-queue-full", outcome: "not-sent" });
  feed.reconnectNow();
  await Promise.all(sends);
  await until(() => peer.received.length === 2);
  expect(peer.received).toEqual(["b", "c"]);
  await feed.close();
});

test("a message larger than outbox.maxBytes is taken when the outbox is empty", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url, { outbox: { maxBytes: 10, whenFull: "reject" } });
  await feed.connect();
  await feed.send("x".repeat(1_000));
  await until(() => peer.received.length === 1);
  expect(feed.stats()).toMatchObject({ messagesOut: 1, queuedSendBytes: 0 });
});

test("no more than 64 KiB are ahead of the kernel: what is queued behind a peer that does not read can be taken back", async () => {
  await using peer = await startPeer({ onConnection: (ws) => ws.pause() });
  const clock = new VirtualClock();
  const feed = new Feed(peer.url, { clock });
  await feed.connect();
  const stuck = thrownBy(feed.send(big()));
  const stop = new AbortController();
  const queued = thrownBy(feed.send("queued", { signal: stop.signal }));
  await new Promise<void>((done) => setImmediate(done));
  expect(feed.stats().queuedSends).toBe(1);
  stop.abort("taken back");
  expect(await queued).toBe("taken back");
  const closed = feed.disconnect();
  await clock.advance(5_000);
  expect((await closed).unsent).toMatchObject([{ outcome: "unknown", bytes: 15 * 1024 * 1024 }]);
  expect(await stuck).toMatchObject({ code: "connection-reset", outcome: "unknown" });
});

test("disconnect hands back what was not written, in order and as it was given, and each send says so", async () => {
  await using peer = await startPeer();
  const { feed } = await inOutage(peer, { outbox: { maxMessages: 2 } });
  const given = [{ order: 1 }, "text", new Uint8Array([1, 2]), { order: 2 }];
  const errors = given.map((message) => thrownBy(feed.send(message)));
  const { unsent, unhandled } = await feed.disconnect();
  expect(unsent).toEqual([
    { message: given[0], bytes: 11, outcome: "not-sent" },
    { message: "text", bytes: 4, outcome: "not-sent" },
    { message: new Uint8Array([1, 2]), bytes: 2, outcome: "not-sent" },
    { message: given[3], bytes: 11, outcome: "not-sent" },
  ]);
  expect([unsent[0]?.message === given[0], unhandled]).toEqual([true, 0]);
  for (const error of await Promise.all(errors)) {
    expect(error).toMatchObject({ code: "unavailable-draining", outcome: "not-sent" });
  }
});

test("a stream that fails for good gives onFailed what was not sent, and each send says why", async () => {
  await using peer = await startPeer({
    refuse: (socket, _request, number) => number > 1 && (socket.end(forbidden), true),
  });
  const failures: FailedEvent[] = [];
  class Failing extends Feed {
    protected override onFailed(event: FailedEvent): void {
      failures.push(event);
    }
  }
  await using feed = new Failing(peer.url, { reconnect: { baseDelayMs: 60_000 } });
  await feed.connect();
  peer.connections[0]?.terminate();
  await until(() => feed.state.name === "reconnecting");
  const order = { order: 1 };
  const lost = thrownBy(feed.send(order));
  feed.reconnectNow();
  await until(() => failures.length === 1);
  expect(await lost).toMatchObject({
    code: "connection-not-connected",
    outcome: "not-sent",
    cause: { code: "response-status", status: 403 },
  });
  expect(failures).toMatchObject([{ error: { status: 403 }, unsent: [{ message: order, outcome: "not-sent" }] }]);
  expect(failures[0]?.unsent[0]?.message).toBe(order);
});

const forbidden = "HTTP/1.1 403 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

test("what onConnect sends is neither queued behind nor bounded by the outbox, and is not handed back", async () => {
  await using peer = await startPeer();
  const { feed } = await inOutage(peer, { outbox: { maxMessages: 1, whenFull: "reject" } });
  feed.greet = async (stream) => {
    await Promise.all(["hello", "login", "go"].map((text) => stream.send(text)));
  };
  const queued = feed.send("queued");
  feed.reconnectNow();
  await queued;
  await until(() => peer.received.length === 4);
  expect(peer.received).toEqual(["hello", "login", "go", "queued"]);
  expect(await feed.disconnect()).toEqual({ unsent: [], unhandled: 0 });
});

test("code that onConnect leaves behind sends like any other once the connection is ready", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url);
  const gate = Promise.withResolvers<void>();
  let behind: Promise<void> | undefined;
  feed.greet = (stream) => {
    if (stream.connects === 1) behind = gate.promise.then(() => stream.send("from behind"));
  };
  await feed.connect();
  peer.connections[0]?.terminate();
  await until(() => feed.connects === 2 && feed.state.name === "open");
  gate.resolve();
  await behind;
  await until(() => peer.received.length === 1);
  expect(peer.received).toEqual(["from behind"]);
});

test("a message may be exactly as large as maxPayloadBytes, and one byte more is refused before it is queued", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url, { maxPayloadBytes: 4 });
  await feed.connect();
  await feed.send("ää");
  expect(await thrownBy(feed.send("ääx"))).toMatchObject({
    problems: ["send: the message has 5 bytes, and maxPayloadBytes is 4"],
  });
  expect(await thrownBy(feed.send(new Uint8Array(5)))).toBeInstanceOf(ServiceConfigurationError);
  await until(() => peer.received.length === 1);
});

test("bytes that wait are a copy: the caller may use its buffer again", async () => {
  await using peer = await startPeer();
  const { feed } = await inOutage(peer);
  const buffer = new Uint8Array([1, 2, 3]);
  const sent = feed.send(buffer);
  buffer.fill(9);
  feed.reconnectNow();
  await sent;
  await until(() => peer.received.length === 1);
  expect([...(peer.received[0] as Buffer)]).toEqual([1, 2, 3]);
  await feed.close();
});

test("a handler may answer in the very moment in which the stream opens", async () => {
  await using peer = await startPeer({ onConnection: (ws) => ws.send("hello") });
  await using feed = new Feed(peer.url);
  const errors: unknown[] = [];
  feed.addMessageHandler(() => feed.send("hello to you").catch((error: unknown) => void errors.push(error)));
  await feed.connect();
  await until(() => peer.received.length + errors.length === 1);
  expect([peer.received, errors]).toEqual([["hello to you"], []]);
});

test("a pingMessage that throws, or makes what cannot be sent, is told to onError and ends nothing", async () => {
  const clock = new VirtualClock();
  await using peer = await startPeer();
  const flaw = new Error("no ping today");
  let pings = 0;
  const pingMessage = (): string => {
    if (++pings === 1) throw flaw;
    return pings === 2 ? (undefined as never) : "ping";
  };
  await using feed = new Feed(peer.url, { clock, pingIntervalMs: 100, pingMessage });
  await feed.connect();
  for (let i = 0; i < 3; i++) {
    await clock.advance(100);
    peer.connections[0]?.send("alive");
    await until(() => feed.got.length === i + 1);
  }
  await until(() => peer.received.length === 1);
  expect(feed.errors).toMatchObject([
    { error: flaw, from: { consumer: "pingMessage" } },
    { error: { code: "configuration-invalid" }, from: { consumer: "pingMessage" } },
  ]);
  expect([peer.received, feed.state.name]).toEqual([["ping"], "open"]);
});
