import { expect, test } from "vitest";
import { z } from "zod";
import { silentLogger } from "../../src/core/logger.ts";
import { defineServices } from "../../src/registry/define.ts";
import { ws } from "../../src/registry/definition.ts";
import { json } from "../../src/websocket/codecs/codecs.ts";
import { reasonOf } from "../support/rest-client.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { startNumberedFeed } from "../websocket/numbered-feed.ts";
import { fast, type Peer, startPeer, turns, until } from "../websocket/peer.ts";

const quiet = { logger: silentLogger };
const keysOf = (peer: Peer) => peer.requests.map(({ headers }) => headers.authorization);

test("the open connection stays, and the next one goes with the new key to the new URL", async () => {
  await using old = await startPeer();
  await using other = await startPeer();
  await using services = defineServices({ feed: ws({ reconnect: fast }) }, quiet);
  await services.start({ env: { FEED_URL: old.url, FEED_KEY: "1" } });
  const feed = services.get("feed");
  const { changed } = await services.reload({ env: { FEED_URL: old.url, FEED_KEY: "2" } });
  expect(changed).toEqual([
    { service: "feed", option: "apiKey", from: "[secret]", to: "[secret]", effect: "next-connection" },
  ]);
  await feed.send("still over the first");
  await until(() => old.received.length === 1);
  expect(old.connections).toHaveLength(1);
  old.connections[0]?.close(1012);
  await until(() => old.connections.length === 2 && feed.state.name === "open");
  expect(keysOf(old)).toEqual(["Bearer 1", "Bearer 2"]);
  await services.reload({ env: { FEED_URL: other.url, FEED_KEY: "2", FEED_ENDPOINT: "/v2" } });
  old.connections[1]?.close(1012);
  await until(() => other.connections.length === 1 && feed.state.name === "open");
  expect(other.requests[0]?.url).toBe("/v2");
  expect(services.get("feed")).toBe(feed);
});

test("a stream that can rotate moves to a connection with the new key at once, and loses nothing", async () => {
  await using feed = await startNumberedFeed();
  const tick = z.object({ n: z.number() });
  const resume = { positionOf: ({ n }: { n: number }) => n, request: (after: unknown) => ({ after }) };
  await using services = defineServices({ ticks: ws({ codec: json(tick), resume }) }, quiet);
  await services.start({ env: { TICKS_URL: feed.url, TICKS_KEY: "1" } });
  const ticks = services.get("ticks");
  const got: number[] = [];
  ticks.addMessageHandler(({ n }) => void got.push(n));
  feed.publish(3);
  await services.reload({ env: { TICKS_URL: feed.url, TICKS_KEY: "2" } });
  feed.publish(3);
  await until(() => ticks.state.name === "open" && ticks.state.generation === 2);
  feed.publish(3);
  await until(() => got.length === 9);
  expect(got).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(keysOf(feed)).toEqual(["Bearer 1", "Bearer 2"]);
  // Where nothing of the connection is different, there is no reason to move.
  await services.reload({ env: { TICKS_URL: feed.url, TICKS_KEY: "2", TICKS_SEND_TIMEOUT: "1" } });
  await turns(20);
  expect(feed.requests).toHaveLength(2);
});

test("limits and pings that are changed hold from the next send and ping on", async () => {
  const clock = new VirtualClock();
  await using peer = await startPeer();
  let pings = 0;
  await using services = defineServices({ feed: ws({ clock, reconnect: false }) }, quiet);
  const env = { FEED_URL: peer.url };
  await services.start({ env });
  peer.connections[0]?.on("ping", () => pings++);
  const { changed } = await services.reload({
    env: { ...env, FEED_PING_INTERVAL: "1", FEED_REQUEST_TIMEOUT: "3s", FEED_MAX_PAYLOAD_BYTES: "16B" },
  });
  expect(changed).toEqual([
    { service: "feed", option: "pingIntervalMs", to: 1_000, effect: "now" },
    { service: "feed", option: "requestTimeoutMs", to: 3_000, effect: "now" },
    { service: "feed", option: "maxPayloadBytes", to: 16, effect: "next-connection" },
  ]);
  const feed = services.get("feed");
  await expect(feed.send("x".repeat(17))).rejects.toThrow("16");
  const unanswered = reasonOf(feed.request("who?", { match: () => false }));
  await until(() => peer.received.length === 1);
  await clock.advance(3_000);
  expect(await unanswered).toMatchObject({ code: "timeout-answer", limitMs: 3_000 });
  // The ping that was due by the former interval is the last one by it.
  await clock.advance(17_000);
  await until(() => pings === 1);
  await clock.advance(1_000);
  await until(() => pings === 2);
});

test("pings that were off begin with the next connection, to which a stream that can rotate moves at once", async () => {
  await using feed = await startNumberedFeed();
  const tick = z.object({ n: z.number() });
  const resume = { positionOf: ({ n }: { n: number }) => n, request: (after: unknown) => ({ after }) };
  const codec = json(tick);
  await using services = defineServices({ still: ws({ codec }), moving: ws({ codec, resume }) }, quiet);
  const env = {
    STILL_URL: feed.url,
    MOVING_URL: feed.url,
    STILL_PING_INTERVAL: "false",
    MOVING_PING_INTERVAL: "false",
  };
  await services.start({ env });
  const { changed } = await services.reload({ env: { ...env, STILL_PING_INTERVAL: "9", MOVING_PING_INTERVAL: "9" } });
  expect(changed.map(({ effect }) => effect)).toEqual(["next-connection", "next-connection"]);
  const generationOf = (name: "still" | "moving"): unknown => {
    const { state } = services.get(name);
    return state.name === "open" ? state.generation : undefined;
  };
  await until(() => generationOf("moving") === 2);
  expect(generationOf("still")).toBe(1);
  // Off again, they end at once.
  expect((await services.reload({ env })).changed.map(({ effect }) => effect)).toEqual(["now", "now"]);
});

test("a stream that can rotate moves at once for messages that were too large", async () => {
  await using feed = await startNumberedFeed();
  const tick = z.object({ n: z.number() });
  const resume = { positionOf: ({ n }: { n: number }) => n, request: (after: unknown) => ({ after }) };
  await using services = defineServices({ ticks: ws({ codec: json(tick), resume }) }, quiet);
  await services.start({ env: { TICKS_URL: feed.url } });
  const { changed } = await services.reload({ env: { TICKS_URL: feed.url, TICKS_MAX_PAYLOAD_BYTES: "9MB" } });
  expect(changed).toMatchObject([{ option: "maxPayloadBytes", effect: "next-connection" }]);
  await until(() => feed.requests.length === 2);
});
