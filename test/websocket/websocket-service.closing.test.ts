import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import type { ExternalServiceError } from "../../src/core/errors.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { Feed, startPeer, startRaw, textFrame, thrownBy, until, upgradeAnswer } from "./peer.ts";

const codeOf = (error: unknown): string => (error as ExternalServiceError).code;

test("an iterator gives each message and ends after disconnect, when it has given what was received", async () => {
  await using peer = await startPeer();
  const feed = new Feed(peer.url);
  const messages = feed.messages();
  await feed.connect();
  for (const text of ["a", "b"]) peer.connections[0]?.send(text);
  await until(() => feed.got.length === 2);
  await feed.disconnect();
  const seen: unknown[] = [];
  for await (const message of messages) seen.push(message);
  expect(seen).toEqual(["a", "b"]);
  expect(await feed.messages().next()).toEqual({ value: undefined, done: true });
});

/** A reader who has not begun, of a stream that is paused for it in the midst of a chunk of six messages. */
async function pausedInAChunk(end: (feed: Feed, socket: Socket) => Promise<unknown>) {
  const sockets: Socket[] = [];
  await using peer = await startRaw((socket) => {
    sockets.push(socket);
    socket.once("data", (request) => {
      socket.write(upgradeAnswer(/sec-websocket-key: (.*)\r\n/i.exec(String(request))?.[1] ?? ""));
    });
  });
  await using feed = new Feed(peer.url, { inbox: { maxMessages: 2 }, reconnect: false, closeTimeoutMs: 20 });
  await feed.connect();
  const messages = feed.messages();
  sockets[0]?.write(Buffer.concat(["0", "1", "2", "3", "4", "5"].map(textFrame)));
  await until(() => feed.stats().isReadingPaused);
  const ended = await end(feed, sockets[0] as Socket);
  const read: unknown[] = [];
  const thrown = await (async () => {
    for await (const message of messages) read.push(message);
  })().catch((error: unknown) => error);
  return { read, got: feed.got, thrown, ended };
}

test("after disconnect, an iterator still gives what was read while it held the reader; handlers are owed it", async () => {
  const { read, got, thrown, ended } = await pausedInAChunk((feed) => feed.disconnect());
  expect([read, thrown]).toEqual([["0", "1", "2", "3", "4", "5"], undefined]);
  expect([got, ended]).toEqual([["0", "1"], { unsent: [], unhandled: 4 }]);
});

test("after a failure, an iterator still gives what was read while it held the reader, and handlers get it too", async () => {
  const { read, got, thrown } = await pausedInAChunk(async (feed, socket) => {
    socket.resetAndDestroy();
    await until(() => feed.state.name === "failed");
  });
  expect([read, got]).toEqual([
    ["0", "1", "2", "3", "4", "5"],
    ["0", "1", "2", "3", "4", "5"],
  ]);
  expect(thrown).toMatchObject({ code: "connection-reset" });
});

const never = (): Promise<never> => new Promise<never>(() => undefined);

test.each([
  ["was never connected", async () => undefined],
  ["could not be connected", async (feed: Feed) => thrownBy(feed.connect())],
])("a stream that %s is closed like any other: readers end, and its provider is told", async (_how, before) => {
  let closed = 0;
  const auth = { name: "desk", apply: () => ({}), close: async () => void closed++ };
  const feed = new Feed("ws://127.0.0.1:9", { auth, reconnect: false });
  const messages = feed.messages();
  await before(feed);
  const awaited = thrownBy(feed.once(() => true));
  await Promise.all([feed.disconnect(), feed.disconnect()]);
  expect([feed.state.name, feed.lifecycle, closed]).toEqual(["closed", "stopped", 1]);
  expect([await messages.next(), await feed.messages().next()]).toEqual(
    Array.from({ length: 2 }, () => ({ value: undefined, done: true })),
  );
  expect(codeOf(await awaited)).toBe("unavailable-draining");
});

test.each([
  ["hangs", never],
  ["throws", () => Promise.reject(new Error("the vault is sealed"))],
])("an auth provider whose close %s keeps nobody from closing, nor from what was left", async (_how, close) => {
  await using peer = await startPeer();
  const auth = { name: "desk", apply: () => ({}), close };
  const feed = new Feed(peer.url, { auth, closeTimeoutMs: 20 });
  await feed.connect();
  expect(await feed.disconnect()).toEqual({ unsent: [], unhandled: 0 });
});

test("disconnect during a dial ends it at once", async () => {
  await using peer = await startRaw(() => undefined);
  const feed = new Feed(peer.url);
  const connected = thrownBy(feed.connect());
  await until(() => feed.state.name === "connecting");
  await feed.disconnect();
  expect(codeOf(await connected)).toBe("unavailable-draining");
  expect([feed.state.name, feed.lifecycle]).toEqual(["closed", "stopped"]);
});

test("disconnect during the wait before a redial ends it at once, with no timer left", async () => {
  const clock = new VirtualClock();
  await using peer = await startPeer();
  const feed = new Feed(peer.url, { clock, random: () => 0.9, reconnect: {} });
  await feed.connect();
  peer.connections[0]?.terminate();
  await until(() => feed.state.name === "reconnecting");
  const waiting = thrownBy(feed.send("x"));
  await feed.disconnect();
  expect(await waiting).toMatchObject({ code: "unavailable-draining", outcome: "not-sent" });
  expect([feed.state.name, clock.timers]).toEqual(["closed", 0]);
  await clock.advance(60_000);
  expect(peer.requests.length).toBe(1);
});

test("disconnect sends what is queued, then a Close frame, and is told once", async () => {
  await using peer = await startPeer();
  const feed = new Feed(peer.url);
  await feed.connect();
  const sent = Promise.all(Array.from({ length: 200 }, (_, i) => feed.send(`${i} ${"x".repeat(2_000)}`)));
  const closed = once(peer.connections[0] as never, "close");
  await Promise.all([feed.disconnect(), feed.disconnect()]);
  await sent;
  expect((await closed)[0]).toBe(1000);
  expect(peer.received.length).toBe(200);
  expect(feed.ended).toEqual([{ code: 1000, reason: "", willReconnect: false }]);
  expect(codeOf(await thrownBy(feed.send("late")))).toBe("unavailable-stopped");
  expect(codeOf(await thrownBy(feed.connect()))).toBe("unavailable-stopped");
});

test("disconnect reaches the peer's Close although a consumer has the reader paused", async () => {
  await using peer = await startPeer({
    onConnection: (ws) => {
      for (let i = 0; i < 100; i++) ws.send("x".repeat(10_000));
    },
  });
  const feed = new Feed(peer.url, { inbox: { maxMessages: 2 } });
  feed.addMessageHandler(() => new Promise<void>(() => undefined));
  await feed.connect();
  await until(() => feed.got.length > 2);
  await feed.disconnect();
  expect(feed.ended).toMatchObject([{ code: 1000 }]);
});

test("a peer that ignores the Close frame is destroyed at the close limit", async () => {
  await using peer = await startRaw((socket) => {
    socket.once("data", (request) => {
      const key = /sec-websocket-key: (.*)\r\n/i.exec(String(request))?.[1] ?? "";
      socket.write(upgradeAnswer(key));
    });
  });
  const feed = new Feed(peer.url, { closeTimeoutMs: 20 });
  await feed.connect();
  await feed.disconnect();
  expect([feed.state.name, feed.ended]).toEqual(["closed", [{ willReconnect: false }]]);
});

test("a handler may disconnect, and a service that was never connected may be closed", async () => {
  await using peer = await startPeer();
  const feed = new Feed(peer.url);
  let ended: Promise<unknown> | undefined;
  feed.addMessageHandler(async () => {
    ended ??= feed.disconnect();
    await ended;
  });
  await feed.connect();
  peer.connections[0]?.send("stop");
  await until(() => feed.lifecycle === "stopped");
  const unused = new Feed(peer.url);
  await unused.close();
  expect(unused.lifecycle).toBe("stopped");
});

test("a process that has disconnected ends by itself", async () => {
  await using peer = await startPeer();
  const source = new URL("../../src/websocket/websocket-service.ts", import.meta.url).href;
  const script = `
    const { WebSocketService } = await import(${JSON.stringify(source)});
    class Feed extends WebSocketService {}
    const feed = new Feed({ baseUrl: process.argv[1] });
    await feed.connect();
    await feed.send("bye");
    await feed.disconnect();
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script, peer.url], { stdio: "ignore" });
  const [code] = (await once(child, "exit")) as [number];
  expect([code, peer.received]).toEqual([0, ["bye"]]);
});

test("a service that is closed before it was ever connected ends all that waits for it", async () => {
  let authCloses = 0;
  const auth = { name: "own", apply: () => ({}), close: async () => void authCloses++ };
  const feed = new Feed("ws://127.0.0.1:9", { auth, subscriptions: { subscribe: () => undefined } });
  const read = feed.messages().next();
  const refused = [feed.once(() => true), feed.subscribe("a")].map(thrownBy);
  await Promise.all([feed.close(), feed.disconnect()]);
  expect(await read).toEqual({ value: undefined, done: true });
  expect(await Promise.all(refused)).toMatchObject([
    { code: "unavailable-draining", operation: "once /", outcome: "not-sent" },
    { code: "unavailable-draining", operation: "subscribe /", outcome: "not-sent" },
  ]);
  expect([feed.state.name, feed.lifecycle, authCloses]).toEqual(["closed", "stopped", 1]);
});

test("whatever is ended by close() says what it waited for", async () => {
  await using peer = await startRaw(() => undefined);
  const feed = new Feed(peer.url, { subscriptions: { subscribe: () => undefined } });
  const connected = thrownBy(feed.connect());
  const refused = [feed.once(() => true), feed.subscribe("a")].map(thrownBy);
  await until(() => feed.state.name === "connecting");
  await feed.close();
  expect(await connected).toMatchObject({ code: "unavailable-draining", operation: "connect" });
  expect((await Promise.all(refused)).map(String)).toEqual([
    expect.stringContaining("closed before a message came that passes the filter"),
    expect.stringContaining("closed before the subscription was confirmed"),
  ]);
});
