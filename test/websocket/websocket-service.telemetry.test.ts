import { inspect } from "node:util";
import { expect, test } from "vitest";
import { type ServiceEvents, subscribe } from "../../src/core/events.ts";
import type { Logger } from "../../src/core/logger.ts";
import { Secret } from "../../src/core/secret.ts";
import type { WebSocketServiceOptions } from "../../src/websocket/options.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { answer, Feed, startPeer, startRaw, thrownBy, until } from "./peer.ts";

type StreamChannel = Extract<keyof ServiceEvents, `hawser:stream${string}`>;

const channels: readonly StreamChannel[] = [
  "hawser:stream",
  "hawser:stream:attempt",
  "hawser:stream:message",
  "hawser:stream:ping",
  "hawser:stream:pressure",
];

/** All that is published of streams, until it is disposed of. */
function listen(): Disposable & {
  readonly of: <C extends StreamChannel>(name: C) => ServiceEvents[C][];
  readonly all: unknown[];
} {
  const events: { readonly name: StreamChannel; readonly event: unknown }[] = [];
  const stops = channels.map((name) => subscribe(name, (event) => void events.push({ name, event })));
  return {
    all: events,
    of: <C extends StreamChannel>(wanted: C) =>
      events.filter(({ name }) => name === wanted).map(({ event }) => event as ServiceEvents[C]),
    [Symbol.dispose]: () => {
      for (const stop of stops) stop();
    },
  };
}

test("each change of state or step is published, with its generation, its cause and the wait that follows", async () => {
  using heard = listen();
  await using peer = await startPeer();
  const clock = new VirtualClock();
  const feed = new Feed(peer.url, { clock, random: () => 0.5, reconnect: {} });
  await feed.connect();
  peer.connections[0]?.terminate();
  await until(() => feed.state.name === "reconnecting");
  await clock.advance(250);
  await until(() => feed.state.name === "open");
  peer.connections[1]?.close(1008);
  await until(() => feed.state.name === "failed");
  await feed.close();
  const told = heard.of("hawser:stream");
  expect(told.filter((event, i) => event.state !== told[i - 1]?.state)).toEqual([
    { service: "feed", state: "connecting", generation: 1 },
    { service: "feed", state: "open", generation: 1 },
    { service: "feed", state: "reconnecting", generation: 1, code: "connection-reset", delayMs: 250 },
    { service: "feed", state: "open", generation: 2 },
    { service: "feed", state: "failed", generation: 2, code: "connection-closed" },
    { service: "feed", state: "closed", generation: 2 },
  ]);
});

test("each attempt that ended is published: where, how long, and why where it failed", async () => {
  using heard = listen();
  await using peer = await startPeer({ refuse: (socket, _request, number) => number === 1 && answer(socket, 503) });
  await using feed = new Feed(peer.url, { endpoint: "/v1/feed?token=t0ken-1" });
  await feed.connect();
  const endpoint = `${peer.url}/v1/feed`;
  expect(heard.of("hawser:stream:attempt")).toEqual([
    { service: "feed", generation: 1, endpoint, durationMs: expect.any(Number), code: "response-status" },
    { service: "feed", generation: 2, endpoint, durationMs: expect.any(Number) },
  ]);
  expect(feed.stats()).toMatchObject({ attempts: 2, failedAttempts: 1, reconnects: 0, generation: 2 });
});

test("each message either way is published and counted with its bytes, those of onConnect and of subscriptions too", async () => {
  using heard = listen();
  await using peer = await startPeer({ onConnection: (ws) => ws.send("äb") });
  await using feed = new Feed(peer.url, { subscriptions: { subscribe: () => "sub" } });
  feed.greet = (stream) => stream.send("hi");
  await feed.connect();
  await feed.subscribe("a");
  await feed.send(new Uint8Array(5));
  await feed.sendJson("x");
  await until(() => feed.got.length === 1);
  const out = { service: "feed", generation: 1, direction: "out" };
  expect(heard.of("hawser:stream:message").filter(({ direction }) => direction === "in")).toEqual([
    { service: "feed", generation: 1, direction: "in", bytes: 3 },
  ]);
  expect(heard.of("hawser:stream:message").filter(({ direction }) => direction === "out")).toEqual([
    { ...out, bytes: 2 },
    { ...out, bytes: 3 },
    { ...out, bytes: 5 },
    { ...out, bytes: 3 },
  ]);
  expect(feed.stats()).toMatchObject({ messagesIn: 1, bytesIn: 3, messagesOut: 4, bytesOut: 13 });
});

test("what a successor's onConnect sends is told of its own connection, not of the one that still flows", async () => {
  using heard = listen();
  await using peer = await startPeer();
  await using feed = new Feed(peer.url, { dedupe: { idOf: String } });
  feed.greet = (stream) => stream.send(`hello ${stream.connects}`);
  await feed.connect();
  feed.rotateNow();
  await until(() => feed.stats().generation === 2);
  await feed.send("x");
  expect(heard.of("hawser:stream:message").map(({ generation, bytes }) => [generation, bytes])).toEqual([
    [1, 7],
    [2, 7],
    [2, 1],
  ]);
});

test("each pong is published with its round-trip time, and stats() sums the last ones up", async () => {
  using heard = listen();
  await using peer = await startPeer();
  const clock = new VirtualClock();
  await using feed = new Feed(peer.url, { clock });
  await feed.connect();
  expect(feed.stats().rtt).toBeUndefined();
  await feed.checkHealth();
  await feed.checkHealth();
  expect(heard.of("hawser:stream:ping")).toEqual([
    { service: "feed", rttMs: 0 },
    { service: "feed", rttMs: 0 },
  ]);
  expect(feed.stats().rtt).toMatchObject({ samples: 2, p50Ms: 0 });
});

test("reading that stops and goes on is published with the depth, and counted", async () => {
  using heard = listen();
  await using peer = await startPeer();
  await using feed = new Feed(peer.url, { inbox: { maxMessages: 4 } });
  const gate = Promise.withResolvers<void>();
  let handled = 0;
  feed.addMessageHandler(async () => {
    await gate.promise;
    handled++;
  });
  await feed.connect();
  for (let i = 0; i < 6; i++) peer.connections[0]?.send(`${i}`);
  await until(() => feed.stats().isReadingPaused);
  expect(feed.stats()).toMatchObject({
    pauses: 1,
    lanes: [
      { consumer: "onMessage", messages: 0 },
      { consumer: "handler", messages: 4, bytes: 4 },
    ],
  });
  gate.resolve();
  await until(() => handled === 6);
  expect(heard.of("hawser:stream:pressure").slice(0, 2)).toEqual([
    { service: "feed", isPaused: true, depth: 4 },
    { service: "feed", isPaused: false, depth: expect.any(Number) },
  ]);
  expect(feed.stats()).toMatchObject({ isReadingPaused: false });
});

test("stats() is whole before the first connection", () => {
  expect(new Feed("ws://127.0.0.1:9").stats()).toEqual({
    state: "idle",
    generation: 0,
    attempts: 0,
    failedAttempts: 0,
    reconnects: 0,
    messagesIn: 0,
    bytesIn: 0,
    messagesOut: 0,
    bytesOut: 0,
    lastMessageAgeMs: undefined,
    undecodable: 0,
    duplicates: 0,
    gaps: 0,
    filled: 0,
    isReadingPaused: false,
    pauses: 0,
    rtt: undefined,
    lanes: [{ consumer: "onMessage", messages: 0, bytes: 0, dropped: 0, coalesced: 0 }],
    queuedSends: 0,
    queuedSendBytes: 0,
    pendingRequests: 0,
    subscriptions: 0,
  });
});

test("stats() counts what the codec refuses, what came before, what is queued and what is owed", async () => {
  await using peer = await startPeer();
  const clock = new VirtualClock();
  const codec = {
    decode: (data: string | Uint8Array) => {
      if (data === "broken") throw new Error("broken");
      return data;
    },
  };
  await using feed = new Feed(peer.url, { clock, codec, dedupe: { idOf: String }, reconnect: {}, random: () => 0.9 });
  await feed.connect();
  for (const text of ["a", "broken", "a", "b"]) peer.connections[0]?.send(text);
  await until(() => feed.got.length === 2);
  await clock.advance(40);
  const owed = thrownBy(feed.request("q", { match: () => false }));
  await until(() => peer.received.length === 1);
  expect(feed.stats()).toMatchObject({
    messagesIn: 4,
    undecodable: 1,
    duplicates: 1,
    pendingRequests: 1,
    lastMessageAgeMs: 40,
  });
  peer.connections[0]?.terminate();
  await owed;
  const queued = [thrownBy(feed.send("abc")), thrownBy(feed.send("d"))];
  expect(feed.stats()).toMatchObject({ state: "reconnecting", queuedSends: 2, queuedSendBytes: 4, pendingRequests: 0 });
  await feed.close();
  await Promise.all(queued);
});

/** Every form in which somebody may look at it. */
const formsOf = (value: unknown): string =>
  [
    String(value),
    value instanceof Error ? `${value.message} ${value.stack}` : "",
    JSON.stringify(value),
    inspect(value, { depth: 20 }),
  ].join("\n");

test("no secret is in any event, error, log line, state, health report or statistic, whatever goes wrong", async () => {
  const secret = /s3cret/;
  const logged: unknown[] = [];
  const log = (fields: object, text: string): void => void logged.push({ fields, text });
  const logger: Logger = { debug: log, info: log, warn: log, error: log, child: () => logger };
  using heard = listen();
  await using refusing = await startPeer({
    refuse: (socket, request, number) => {
      const { authorization = "", cookie = "" } = request.headers;
      // A service that shows what it was sent.
      const echo = `${authorization} ${cookie} ${request.url}`;
      const headers = [`location: ${request.url}`, `x-echo: ${echo}`, "content-type: text/plain"];
      return answer(socket, number % 2 === 0 ? 503 : 302, headers, echo);
    },
  });
  await using silent = await startRaw(
    (socket) => void socket.once("data", () => socket.end("HTTP/1.1 nonsense\r\n\r\n")),
  );
  await using open = await startPeer({
    onConnection: (ws) => {
      ws.send("x".repeat(100));
    },
  });
  const nowhere = "ws://127.0.0.1:1";
  const credentials: Partial<WebSocketServiceOptions>[] = [
    { apiKey: "s3cret-key" },
    { apiKey: new Secret("s3cret-key") },
    { headers: { authorization: "Bearer s3cret-bearer", cookie: "s3cret-cookie" } },
    { auth: () => ({ headers: { "x-token": "s3cret-token" }, query: { key: "s3cret-key" } }) },
  ];
  const errors: unknown[] = [];
  const shown: unknown[] = [];
  for (const options of credentials) {
    for (const url of [refusing.url, silent.url, open.url, nowhere]) {
      const endpoint = "/feed?token=s3cret-query";
      const feed = new Feed(url, {
        ...options,
        endpoint,
        logger,
        maxPayloadBytes: 50,
        reconnect: { baseDelayMs: 1, maxDelayMs: 1, maxAttempts: 2 },
      });
      errors.push(await feed.connect().catch((error: unknown) => error));
      await until(() => feed.state.name !== "open" || feed.stats().reconnects > 1);
      shown.push(feed.state, feed.stats(), await feed.checkHealth(), feed, feed.errors, feed.ended);
      errors.push(await feed.send("x", { timeoutMs: 1 }).catch((error: unknown) => error));
      await feed.close();
      errors.push(await thrownBy(feed.send("x")));
    }
  }
  expect(errors.filter((error) => error instanceof Error).length).toBeGreaterThan(20);
  for (const value of [...errors, ...shown, ...logged, ...heard.all]) expect(formsOf(value)).not.toMatch(secret);
  expect(heard.of("hawser:stream:attempt").map(({ endpoint }) => endpoint)).toContain(`${open.url}/feed`);
});
