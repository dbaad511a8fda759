import { expect, test } from "vitest";
import { Feed, startPeer, until } from "./peer.ts";

test("before it is connected, a stream has done nothing, and knows of no last message", () => {
  const feed = new Feed("ws://127.0.0.1:9");
  const { lanes, ...figures } = feed.stats();
  expect(lanes).toHaveLength(1);
  expect(figures).toMatchObject({ state: "idle", generation: 0, attempts: 0, reconnects: 0, isReadingPaused: false });
  expect([figures.lastMessageAgeMs, figures.rtt]).toEqual([undefined, undefined]);
});

test("figures are over all connections, and the first one is no reconnect", async () => {
  await using peer = await startPeer({ onConnection: (ws) => ws.send("hello") });
  await using feed = new Feed(peer.url);
  await feed.connect();
  await until(() => feed.got.length === 1);
  expect(feed.stats()).toMatchObject({
    state: "open",
    generation: 1,
    attempts: 1,
    reconnects: 0,
    messagesIn: 1,
    bytesIn: 5,
  });
  peer.connections[0]?.terminate();
  await until(() => feed.got.length === 2);
  expect(feed.stats()).toMatchObject({ state: "open", attempts: 2, reconnects: 1, messagesIn: 2, bytesIn: 10 });
  expect(feed.stats().lastMessageAgeMs).toBeGreaterThanOrEqual(0);
});

test("what waits is counted where it waits", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url);
  await feed.connect();
  const answer = feed.request("ask", { match: () => true });
  await until(() => peer.received.length === 1);
  expect(feed.stats()).toMatchObject({ pendingRequests: 1, queuedSends: 0, messagesOut: 1 });
  peer.connections[0]?.send("answer");
  await answer;
  expect(feed.stats()).toMatchObject({ pendingRequests: 0, subscriptions: 0, duplicates: 0, gaps: 0 });
});
