import { expect, test, vi } from "vitest";
import { withDeadline, currentDeadline } from "../../src/core/deadline.ts";
import type { ExternalServiceError } from "../../src/core/errors.ts";
import { subscribe } from "../../src/core/events.ts";
import { type Logger, silentLogger } from "../../src/core/logger.ts";
import { currentRequest, withRequest } from "../../src/core/request-scope.ts";
import { json } from "../../src/websocket/codecs/codecs.ts";
import { WsSocket } from "../../src/websocket/transport.ts";
import { WebSocketService } from "../../src/websocket/websocket-service.ts";
import { logbook } from "../support/rest-client.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { answer, Feed, startPeer, startRaw, textFrame, thrownBy, until, upgradeAnswer } from "./peer.ts";

const codeOf = (error: unknown): string => (error as ExternalServiceError).code;

test("connect resolves when onConnect is done, and what arrived meanwhile comes after it, in order", async () => {
  await using peer = await startPeer({
    // In the same segment as the 101 answer, as far as TCP lets us: before the client can have set up anything.
    onConnection: (ws) => ["one", "two"].forEach((text) => ws.send(text)),
  });
  await using feed = new Feed(peer.url);
  const order: string[] = [];
  feed.greet = async () => {
    await until(() => peer.connections.length === 1);
    order.push(`prepared with ${feed.got.length}`);
  };
  await feed.connect();
  await until(() => feed.got.length === 2);
  expect([order, feed.got]).toEqual([["prepared with 0"], ["one", "two"]]);
});

test("text arrives as a string and binary as the Buffer that was read", async () => {
  await using peer = await startPeer({
    onConnection: (ws) => {
      ws.send("grüße");
      ws.send(Buffer.from([1, 2]));
    },
  });
  await using feed = new Feed(peer.url);
  await feed.connect();
  await until(() => feed.got.length === 2);
  expect(feed.got).toEqual(["grüße", Buffer.from([1, 2])]);
});

test("text, bytes and objects are sent as they are, and sendJson quotes a string", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url);
  await feed.connect();
  await feed.send("text");
  await feed.send(new Uint8Array([7]));
  await feed.send({ a: 1 });
  await feed.sendJson("b");
  await until(() => peer.received.length === 4);
  expect(peer.received).toEqual(["text", Buffer.from([7]), '{"a":1}', '"b"']);
});

test("what onConnect sends goes out before what waited through the reconnect, and the order is kept", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url);
  feed.greet = async () => {
    await feed.sendJson("hello");
    await feed.sendJson("subscribe");
  };
  await feed.connect();
  await until(() => peer.received.length === 2);
  peer.connections[0]?.terminate();
  await until(() => feed.state.name === "reconnecting");
  await Promise.all(["1", "2", "3"].map((text) => feed.send(text)));
  await until(() => peer.received.length === 7);
  expect(peer.received).toEqual(['"hello"', '"subscribe"', '"hello"', '"subscribe"', "1", "2", "3"]);
  expect(feed.ended).toMatchObject([{ code: 1006, willReconnect: true, error: { code: "connection-reset" } }]);
});

test("an onConnect that throws is told to onError, and the connection is retried", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url);
  const flaw = new Error("not yet");
  feed.greet = () => {
    if (feed.connects === 1) throw flaw;
  };
  await feed.connect();
  expect(feed.errors).toEqual([{ error: flaw, from: { consumer: "onConnect" } }]);
  expect([feed.connects, feed.ended.length]).toEqual([2, 1]);
});

test("a handler that throws disturbs neither the connection nor another handler", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url);
  const seen: unknown[] = [];
  const flaw = new Error("bad handler");
  feed.addMessageHandler(function picky() {
    throw flaw;
  });
  feed.addMessageHandler(async (message) => {
    await Promise.resolve();
    seen.push(message);
    throw flaw;
  });
  await feed.connect();
  for (const text of ["a", "b"]) peer.connections[0]?.send(text);
  await until(() => feed.errors.length === 4);
  expect([feed.got, seen]).toEqual([
    ["a", "b"],
    ["a", "b"],
  ]);
  expect(feed.errors[0]).toEqual({ error: flaw, from: { consumer: "handler", handler: "picky" } });
});

test("a handler that hangs delays no other", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url);
  const hanging = (): Promise<void> => new Promise<void>(() => undefined);
  feed.addMessageHandler(hanging);
  await feed.connect();
  for (const text of ["a", "b", "c"]) peer.connections[0]?.send(text);
  await until(() => feed.got.length === 3);
  expect(feed.removeMessageHandler(hanging)).toBe(true);
  expect(feed.removeMessageHandler(hanging)).toBe(false);
});

test("an onError that throws is logged and nothing more", async () => {
  await using peer = await startPeer({ onConnection: (ws) => ws.send("x") });
  const logged: string[] = [];
  const logger: Logger = { ...silentLogger, error: (_fields, text) => void logged.push(text), child: () => logger };
  class Clumsy extends Feed {
    protected override onMessage(): void {
      throw new Error("one");
    }
    protected override onError(): void {
      throw new Error("two");
    }
  }
  await using feed = new Clumsy(peer.url, { logger });
  await feed.connect();
  await until(() => logged.length > 0);
  expect(logged).toEqual(["onError threw"]);
});

test("1,000 messages come in order through a consumer that makes the socket pause again and again", async () => {
  await using peer = await startPeer({
    onConnection: (ws) => {
      for (let i = 0; i < 1_000; i++) ws.send(`${i} ${"x".repeat(2_000)}`);
    },
  });
  await using feed = new Feed(peer.url, { inbox: { maxMessages: 8 } });
  const seen: number[] = [];
  const pauses = vi.spyOn(WsSocket.prototype, "pause");
  feed.addMessageHandler(async (message) => {
    await Promise.resolve();
    seen.push(Number.parseInt(String(message), 10));
  });
  await feed.connect();
  await until(() => seen.length === 1_000);
  expect(seen).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
  expect(pauses.mock.calls.length).toBeGreaterThan(10);
  pauses.mockRestore();
});

test("a failed stream ends its iterators with the error, refuses sends, and connect() dials it anew", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url);
  await feed.connect();
  const next = thrownBy(feed.messages().next());
  peer.connections[0]?.close(1008, "no");
  expect(await next).toMatchObject({ code: "connection-closed", closeCode: 1008, closeReason: "no" });
  expect(feed.state).toMatchObject({ name: "failed", error: { closeCode: 1008 } });
  expect(feed.ended).toMatchObject([{ code: 1008, reason: "no", willReconnect: false }]);
  expect(await thrownBy(feed.send("x"))).toMatchObject({ code: "connection-not-connected", outcome: "not-sent" });
  expect(await feed.checkHealth()).toMatchObject({ status: "fail", state: "failed" });
  await Promise.all([feed.connect(), feed.connect()]);
  expect([feed.state.name, peer.connections.length]).toEqual(["open", 2]);
});

test("frames that share the segment of the 101 answer are not lost", async () => {
  await using peer = await startRaw((socket) => {
    socket.once("data", (request) => {
      const key = /sec-websocket-key: (.*)\r\n/i.exec(String(request))?.[1] ?? "";
      socket.write(Buffer.concat([Buffer.from(upgradeAnswer(key)), textFrame("one"), textFrame("two")]));
    });
  });
  await using feed = new Feed(peer.url, { closeTimeoutMs: 10 });
  feed.greet = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise<void>((done) => setImmediate(done));
    feed.got.push("prepared");
  };
  await feed.connect();
  await until(() => feed.got.length === 3);
  expect(feed.got).toEqual(["prepared", "one", "two"]);
});

test("a message that was with the socket when the connection broke has an unknown outcome and is not sent again", async () => {
  // The peer stops reading, so that the message cannot get to the kernel as a whole.
  await using peer = await startPeer({ onConnection: (ws, number) => void (number === 1 && ws.pause()) });
  await using feed = new Feed(peer.url);
  await feed.connect();
  const stuck = thrownBy(feed.send(new Uint8Array(15 * 1024 * 1024)));
  const next = feed.send("next");
  await new Promise<void>((done) => setImmediate(done));
  peer.connections[0]?.terminate();
  expect(await stuck).toMatchObject({ code: "connection-reset", outcome: "unknown", phase: "send" });
  await next;
  await until(() => peer.received.length === 1);
  expect(peer.received).toEqual(["next"]);
});

test("sends wait for a peer that does not read, and time out by where they are", async () => {
  await using peer = await startPeer({ onConnection: (ws) => ws.pause() });
  const clock = new VirtualClock();
  const feed = new Feed(peer.url, { clock, outbox: { maxMessages: 1 } });
  await feed.connect();
  const big = new Uint8Array(15 * 1024 * 1024);
  const sends = Promise.all([
    thrownBy(feed.send(big)),
    thrownBy(feed.send("queued")),
    thrownBy(feed.send("no room", { timeoutMs: 10 })),
  ]);
  await clock.advance(10);
  await clock.advance(10_000);
  const errors = await sends;
  expect(errors).toMatchObject([
    { code: "timeout-send", outcome: "unknown", phase: "send" },
    { code: "timeout-send", outcome: "not-sent", phase: "queue" },
    { code: "timeout-send", outcome: "not-sent", phase: "queue" },
  ]);
  expect(String(errors[2])).toContain("the outbox was full");
  const closed = feed.disconnect();
  await clock.advance(5_000);
  await closed;
});

test("a send before connect is refused, and says what to do", async () => {
  const feed = new Feed("ws://127.0.0.1:9");
  const error = await thrownBy(feed.send("x"));
  expect(codeOf(error)).toBe("unavailable-not-started");
  expect(String(error)).toContain("connect()");
});

test("what cannot be encoded or is too large is refused before it is queued", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url, { maxPayloadBytes: 10 });
  await feed.connect();
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  for (const message of [cyclic, { n: 1n }, "x".repeat(11)]) {
    expect(codeOf(await thrownBy(feed.send(message)))).toBe("configuration-invalid");
  }
  expect(codeOf(await thrownBy(feed.sendJson(undefined)))).toBe("configuration-invalid");
  expect(codeOf(await thrownBy(feed.send("x", { timeoutMs: 0 })))).toBe("configuration-invalid");
  expect((await feed.checkHealth()).details).toMatchObject({ queuedSends: 0 });
});

test("a stream that is connected in a request keeps nothing of it: neither its logger nor its trace", async () => {
  await using peer = await startPeer();
  const request = logbook();
  await using feed = new Feed(peer.url, { random: () => 0.9, reconnect: {} });
  const scopes: unknown[] = [];
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await withRequest({ logger: request.logger, trace: { traceparent } }, async () => {
    await feed.connect();
    feed.addMessageHandler(async () => void scopes.push(currentRequest()));
  });
  peer.connections[0]?.send("x");
  await until(() => scopes.length === 1);
  peer.connections[0]?.terminate();
  await until(() => feed.state.name === "reconnecting");
  expect([scopes, request.entries]).toEqual([[undefined], []]);
});

test("a send obeys the deadline and the signal around it, but a handler does not inherit those of connect", async () => {
  await using peer = await startPeer();
  const clock = new VirtualClock();
  await using feed = new Feed(peer.url, { clock, random: () => 0.9, reconnect: {} });
  const stop = new AbortController();
  const scopes: unknown[] = [];
  feed.addMessageHandler(() => void scopes.push(currentDeadline()));
  await withDeadline({ deadlineMs: 60_000, signal: stop.signal, clock }, () => feed.connect());
  peer.connections[0]?.send("x");
  await until(() => scopes.length === 1);
  expect(scopes).toEqual([undefined]);
  peer.connections[0]?.terminate();
  await until(() => feed.state.name === "reconnecting");
  const [late, aborted] = withDeadline({ deadlineMs: 10, signal: stop.signal, clock }, () => [
    thrownBy(feed.send("late")),
    thrownBy(withDeadline({ signal: stop.signal }, () => feed.send("aborted"))),
  ]);
  await clock.advance(10);
  expect(await late).toMatchObject({ code: "timeout-deadline", outcome: "not-sent" });
  expect(await aborted).toMatchObject({ code: "timeout-deadline" });
  const reason = new Error("changed my mind");
  const third = thrownBy(feed.send("x", { signal: stop.signal }));
  stop.abort(reason);
  expect(await third).toBe(reason);
});

test("a codec makes messages; what it cannot decode is told to onError and dropped", async () => {
  await using peer = await startPeer({
    onConnection: (ws) => ['{"n":1}', "{broken", Buffer.from('{"n":2}')].forEach((frame) => ws.send(frame)),
  });
  class Ticks extends WebSocketService<unknown> {
    readonly seen: unknown[] = [];
    readonly errors: unknown[] = [];
    protected override onMessage(message: unknown): void {
      this.seen.push(message);
    }
    protected override onError(error: unknown): void {
      this.errors.push(error);
    }
  }
  await using ticks = new Ticks({ baseUrl: peer.url, codec: json(), logger: silentLogger });
  await ticks.connect();
  await until(() => ticks.seen.length === 2);
  expect(ticks.seen).toEqual([{ n: 1 }, { n: 2 }]);
  expect(ticks.errors).toMatchObject([{ code: "decode-json", outcome: "accepted" }]);
});

test("a message larger than maxPayloadBytes is a protocol fault of the service, and the stream reconnects", async () => {
  await using peer = await startPeer({ onConnection: (ws, number) => void (number === 1 && ws.send("x".repeat(100))) });
  await using feed = new Feed(peer.url, { maxPayloadBytes: 50 });
  await feed.connect();
  await until(() => feed.connects === 2);
  expect(feed.ended).toMatchObject([{ error: { code: "connection-protocol" }, willReconnect: true }]);
});

test("states are published, and neither they nor the log hold a secret", async () => {
  const seen: string[] = [];
  const logged: unknown[] = [];
  const log = (fields: object, text: string): void => void logged.push({ ...fields, text });
  const logger: Logger = { debug: log, info: log, warn: log, error: log, child: () => logger };
  const stopListening = subscribe("hawser:stream", ({ service, state, generation }) => {
    if (service === "Plain") seen.push(`${state} ${generation}`);
  });
  await using peer = await startPeer({ refuse: (socket, _request, number) => number === 1 && answer(socket, 503) });
  class Plain extends WebSocketService {}
  const feed = new Plain({
    baseUrl: peer.url,
    apiKey: "sk-1",
    headers: { cookie: "c-1" },
    logger,
    reconnect: { baseDelayMs: 1 },
  });
  await feed.connect();
  peer.connections[0]?.close(1008);
  await until(() => feed.state.name === "failed");
  await feed.disconnect();
  stopListening();
  expect(seen.filter((entry, i) => entry !== seen[i - 1])).toEqual([
    "connecting 1",
    "connecting 2",
    "open 2",
    "failed 2",
    "closed 2",
  ]);
  expect(JSON.stringify(logged)).not.toMatch(/sk-1|c-1/);
  expect(logged).toContainEqual(expect.objectContaining({ text: "connecting failed", consumer: "connection" }));
});

test("an added handler must be a function", () => {
  const feed = new Feed("ws://127.0.0.1:9");
  expect(() => feed.addMessageHandler("no" as never)).toThrow("addMessageHandler needs a function");
});

test("send asks the codec for the frame, sendJson does not", async () => {
  await using peer = await startPeer();
  const codec = {
    decode: (data: string | Uint8Array) => data,
    encode: (message: unknown) => `<${String(message)}>`,
  };
  const feed = new Feed(peer.url, { codec });
  await feed.connect();
  await feed.send("a");
  await feed.sendJson("b");
  await until(() => peer.received.length === 2);
  expect(peer.received).toEqual(["<a>", '"b"']);
  await feed.close();
});
