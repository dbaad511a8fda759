import { expect, test } from "vitest";
import { VirtualClock } from "../support/virtual-clock.ts";
import { Feed, startPeer, startRaw, thrownBy, until, upgradeAnswer } from "./peer.ts";

/** A handler that has a message in hand until the test lets it go. */
function gated() {
  const gate = Promise.withResolvers<void>();
  const seen: unknown[] = [];
  const handle = async (message: string | Uint8Array): Promise<void> => {
    await gate.promise;
    seen.push(message);
  };
  return { handle, seen, letGo: gate.resolve };
}

test("drain waits for handlers and for all that has come, and then closes with 1000", async () => {
  await using peer = await startPeer();
  const feed = new Feed(peer.url);
  const slow = gated();
  feed.addMessageHandler(slow.handle);
  await feed.connect();
  for (const text of ["a", "b", "c"]) peer.connections[0]?.send(text);
  await until(() => feed.got.length === 3);
  let isOver = false;
  const drained = feed.drain({ timeoutMs: 60_000 }).finally(() => (isOver = true));
  // What comes from now on is not wanted.
  peer.connections[0]?.send("late");
  await until(() => feed.stats().messagesIn === 4);
  expect([isOver, feed.state.name]).toEqual([false, "open"]);
  slow.letGo();
  expect(await drained).toEqual({ unsent: [], unhandled: 0 });
  expect([slow.seen, feed.got, feed.ended]).toEqual([
    ["a", "b", "c"],
    ["a", "b", "c"],
    [{ code: 1000, reason: "", willReconnect: false }],
  ]);
});

test("drain waits for the answers to requests, and what handlers send to finish still goes out", async () => {
  await using peer = await startPeer();
  const feed = new Feed(peer.url);
  feed.addMessageHandler(async (message) => {
    await feed.request(`ack ${String(message)}`, { match: (answer) => answer === "acked" });
    await feed.send("done");
  });
  await feed.connect();
  peer.connections[0]?.send("job");
  const asked = feed.request("question", { match: (message) => message === "answer" });
  await until(() => peer.received.length === 2);
  const drained = feed.drain({ timeoutMs: 60_000 });
  peer.connections[0]?.send("acked");
  await until(() => peer.received.length === 3);
  expect(feed.state.name).toBe("open");
  peer.connections[0]?.send("answer");
  expect(await asked).toBe("answer");
  expect(await drained).toEqual({ unsent: [], unhandled: 0 });
  expect(peer.received).toEqual(expect.arrayContaining(["question", "ack job", "done"]));
});

test("drain gives up at its limit: it says what no handler was given, and a request left over has an unknown outcome", async () => {
  const clock = new VirtualClock();
  await using peer = await startPeer();
  const feed = new Feed(peer.url, { clock });
  feed.addMessageHandler(() => new Promise<void>(() => undefined));
  await feed.connect();
  for (const text of ["a", "b", "c"]) peer.connections[0]?.send(text);
  const asked = thrownBy(feed.request("question", { match: () => false, timeoutMs: 60_000 }));
  await until(() => feed.got.length === 3 && peer.received.length === 1);
  const drained = feed.drain({ timeoutMs: 500 });
  await clock.advance(499);
  expect(feed.state.name).toBe("open");
  await clock.advance(1);
  expect(await drained).toEqual({ unsent: [], unhandled: 2 });
  expect(await asked).toMatchObject({ code: "connection-reset", outcome: "unknown" });
  expect([feed.state.name, clock.timers]).toEqual(["closed", 0]);
});

test("a peer that answers no Close frame holds drain up for no longer than closeTimeoutMs beyond its limit", async () => {
  const clock = new VirtualClock();
  await using peer = await startRaw((socket) => {
    socket.once("data", (request) => {
      const key = /sec-websocket-key: (.*)\r\n/i.exec(String(request))?.[1] ?? "";
      socket.write(upgradeAnswer(key));
    });
  });
  const feed = new Feed(peer.url, { clock, closeTimeoutMs: 70 });
  await feed.connect();
  const asked = thrownBy(feed.request("question", { match: () => true, timeoutMs: 60_000 }));
  const drained = feed.drain({ timeoutMs: 500 });
  await clock.advance(500);
  await until(() => feed.state.name === "closing");
  await clock.advance(70);
  expect(await drained).toEqual({ unsent: [], unhandled: 0 });
  expect(await asked).toMatchObject({ outcome: "unknown" });
  expect([feed.state.name, clock.timers]).toEqual(["closed", 0]);
});

test("a handler that drains is not waited for, nor is another that drains beside it; the others are", async () => {
  const clock = new VirtualClock();
  await using peer = await startPeer();
  const feed = new Feed(peer.url, { clock });
  const slow = gated();
  const over: unknown[] = [];
  feed.addMessageHandler(async () => void over.push(await feed.drain({ timeoutMs: 60_000 })));
  feed.addMessageHandler(async () => {
    await Promise.resolve();
    over.push(await feed.drain({ timeoutMs: 60_000 }));
  });
  feed.addMessageHandler(slow.handle);
  await feed.connect();
  peer.connections[0]?.send("stop");
  await until(() => feed.got.length === 1);
  expect([over, feed.state.name]).toEqual([[], "open"]);
  slow.letGo();
  await until(() => over.length === 2);
  expect([over[0], slow.seen, feed.state.name]).toEqual([{ unsent: [], unhandled: 0 }, ["stop"], "closed"]);
});

test("drain is idempotent, and close() in between ends its wait", async () => {
  const clock = new VirtualClock();
  await using peer = await startPeer();
  const feed = new Feed(peer.url, { clock });
  feed.addMessageHandler(() => new Promise<void>(() => undefined));
  await feed.connect();
  for (const text of ["a", "b"]) peer.connections[0]?.send(text);
  await until(() => feed.got.length === 2);
  const drained = [feed.drain({ timeoutMs: 60_000 }), feed.drain({ timeoutMs: 30_000 })];
  await feed.close();
  const remains = { unsent: [], unhandled: 1 };
  expect(await Promise.all(drained)).toEqual([remains, remains]);
  expect([await feed.drain({ timeoutMs: 1 }), await feed.disconnect()]).toEqual([remains, remains]);
  expect([feed.ended.length, clock.timers]).toEqual([1, 0]);
});

test("drain of a service that was never connected is over at once, and it stays closed", async () => {
  const clock = new VirtualClock();
  const feed = new Feed("ws://127.0.0.1:9", { clock });
  expect(await feed.drain({ timeoutMs: 60_000 })).toEqual({ unsent: [], unhandled: 0 });
  expect(await thrownBy(feed.connect())).toMatchObject({ code: "unavailable-stopped" });
  expect([feed.state.name, clock.timers]).toEqual(["closed", 0]);
});

test("drain while the first connection is dialled ends the dial at once", async () => {
  const clock = new VirtualClock();
  await using peer = await startRaw(() => undefined);
  const feed = new Feed(peer.url, { clock });
  const connected = thrownBy(feed.connect());
  await until(() => feed.state.name === "connecting");
  expect(await feed.drain({ timeoutMs: 60_000 })).toEqual({ unsent: [], unhandled: 0 });
  expect(await connected).toMatchObject({ code: "unavailable-draining" });
  expect([feed.state.name, clock.timers]).toEqual(["closed", 0]);
});

test("drain in an outage waits for what is still handled, and hands back what was not sent", async () => {
  const clock = new VirtualClock();
  await using peer = await startPeer();
  const feed = new Feed(peer.url, { clock, random: () => 0.9, reconnect: {} });
  const slow = gated();
  feed.addMessageHandler(slow.handle);
  await feed.connect();
  peer.connections[0]?.send("a");
  await until(() => feed.got.length === 1);
  peer.connections[0]?.terminate();
  await until(() => feed.state.name === "reconnecting");
  const order = { order: 1 };
  const sent = thrownBy(feed.send(order));
  const drained = feed.drain({ timeoutMs: 60_000 });
  await until(() => feed.stats().queuedSends === 1);
  slow.letGo();
  expect(await drained).toEqual({ unsent: [{ message: order, bytes: 11, outcome: "not-sent" }], unhandled: 0 });
  expect(await sent).toMatchObject({ code: "unavailable-draining", outcome: "not-sent" });
  expect([slow.seen, feed.state.name, clock.timers]).toEqual([["a"], "closed", 0]);
});

test("a request of an outage still gets its answer within the limit of drain, on the next connection", async () => {
  await using peer = await startPeer({
    onConnection: (ws) => ws.on("message", (data: Buffer) => ws.send(`re: ${data.toString()}`)),
  });
  const feed = new Feed(peer.url);
  await feed.connect();
  peer.connections[0]?.terminate();
  await until(() => feed.state.name === "reconnecting");
  const asked = feed.request("q", { match: (message) => message === "re: q" });
  const drained = feed.drain({ timeoutMs: 60_000 });
  expect(await asked).toBe("re: q");
  expect(await drained).toEqual({ unsent: [], unhandled: 0 });
});

test("drain of a stream that has failed is over when its handlers are", async () => {
  const clock = new VirtualClock();
  await using peer = await startPeer();
  const feed = new Feed(peer.url, { clock });
  const slow = gated();
  feed.addMessageHandler(slow.handle);
  await feed.connect();
  peer.connections[0]?.send("a");
  await until(() => feed.got.length === 1);
  peer.connections[0]?.close(1008);
  await until(() => feed.state.name === "failed");
  const drained = feed.drain({ timeoutMs: 60_000 });
  slow.letGo();
  expect(await drained).toEqual({ unsent: [], unhandled: 0 });
  expect([slow.seen, feed.state.name, clock.timers]).toEqual([["a"], "closed", 0]);
});

test("drain within onConnect of the first connection closes the stream, and connect() is refused", async () => {
  await using peer = await startPeer();
  const feed = new Feed(peer.url);
  let drained: Promise<unknown> | undefined;
  feed.greet = (stream) => {
    drained = stream.drain({ timeoutMs: 60_000 });
  };
  expect(await thrownBy(feed.connect())).toMatchObject({ code: "unavailable-draining" });
  expect(await drained).toEqual({ unsent: [], unhandled: 0 });
  expect([feed.state.name, feed.lifecycle]).toEqual(["closed", "stopped"]);
});

test("an answer that onConnect waits for still comes while the stream drains, however much came before it", async () => {
  await using peer = await startPeer({
    onConnection: (ws, number) => {
      if (number === 1) return;
      for (let i = 0; i < 20; i++) ws.send(`m${i}`);
      ws.on("message", () => ws.send("granted"));
    },
  });
  const feed = new Feed(peer.url, { inbox: { maxMessages: 4 } });
  feed.greet = async (stream) => {
    if (stream.connects === 1) return;
    await until(() => stream.stats().isReadingPaused);
    await stream.request("login", { match: (message) => message === "granted" });
  };
  await feed.connect();
  peer.connections[0]?.terminate();
  await until(() => feed.connects === 2 && feed.stats().pendingRequests === 1);
  expect(await feed.drain({ timeoutMs: 60_000 })).toEqual({ unsent: [], unhandled: 0 });
  expect([feed.state.name, feed.got]).toEqual(["closed", []]);
});

test("iterators are drained to their last message, and then end", async () => {
  await using peer = await startPeer();
  const feed = new Feed(peer.url);
  const messages = feed.messages();
  await feed.connect();
  for (const text of ["a", "b"]) peer.connections[0]?.send(text);
  await until(() => feed.got.length === 2);
  const drained = feed.drain({ timeoutMs: 60_000 });
  const read: unknown[] = [];
  for await (const message of messages) read.push(message);
  await drained;
  expect(read).toEqual(["a", "b"]);
});
