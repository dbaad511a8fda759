import { expect, test } from "vitest";
import { ServiceConnectionError } from "../../src/core/errors.ts";
import { judgeState } from "../../src/websocket/stream-health.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { Feed, startPeer, until } from "./peer.ts";

const cause = new ServiceConnectionError("reset", { service: "feed", phase: "receive", outcome: "unknown" });
const backoff = { misses: 0, holds: [], fatals: 0, isRenewed: false, rotations: 0, endpoints: 1 } as const;
const attempt = { generation: 1, step: { at: "preparing" }, ...backoff } as const;

test("a first redial is a warning, one that follows a failed redial is a failure", () => {
  const status = (retries: number) =>
    judgeState({ name: "reconnecting", ...attempt, retries, lostAt: 0, cause })?.status;
  expect([status(1), status(2)]).toEqual(["warn", "fail"]);
});

test("every other state but open is a failure that says what it is", () => {
  const connecting = { name: "connecting", ...attempt, retries: 0, startedAt: 0, firstGeneration: 1 } as const;
  expect([
    judgeState({ ...connecting, cause: undefined })?.output,
    judgeState({ ...connecting, cause })?.output,
    judgeState({ name: "failed", generation: 1, error: cause })?.output,
    judgeState({ name: "idle", generation: 0 })?.output,
    judgeState({
      name: "open",
      ...backoff,
      generation: 1,
      lastGeneration: 1,
      retries: 0,
      rotateAt: Number.POSITIVE_INFINITY,
      mustRotate: false,
      openedAt: 0,
      heartbeat: undefined,
      successor: undefined,
    }),
  ]).toEqual(["connecting for the first time", cause.message, cause.message, "the stream is idle", undefined]);
});

test("a connection that does not answer a ping fails the check, within its limit or when the caller has had enough", async () => {
  await using peer = await startPeer({ onConnection: (ws) => ws.pause() });
  await using feed = new Feed(peer.url, { pingTimeoutMs: 10, pingIntervalMs: false, closeTimeoutMs: 20 });
  await feed.connect();
  expect(await feed.checkHealth()).toMatchObject({ status: "fail", output: "no answer to a ping within 10 ms" });
  expect(await feed.checkHealth({ signal: AbortSignal.abort() })).toMatchObject({ status: "fail" });
});

test("a check ends with the connection that it asked, and takes no answer of the next one for its own", async () => {
  await using peer = await startPeer({ autoPong: false });
  const clock = new VirtualClock();
  await using feed = new Feed(peer.url, { clock, reconnect: { baseDelayMs: 60_000, maxDelayMs: 60_000 } });
  await feed.connect();
  const health = feed.checkHealth();
  peer.connections[0]?.terminate();
  // The clock stands still: it is no limit that ends it.
  expect(await health).toMatchObject({ status: "fail", output: "the connection broke" });
});

test("bytes without a pong are a warning", async () => {
  await using peer = await startPeer({ autoPong: false });
  const clock = new VirtualClock();
  await using feed = new Feed(peer.url, { clock, pingIntervalMs: false });
  await feed.connect();
  const health = feed.checkHealth();
  clock.jump(1);
  peer.connections[0]?.send("still here");
  await until(() => feed.got.length === 1);
  await clock.advance(5_000);
  expect(await health).toMatchObject({ status: "warn", output: "bytes come, but no answer to a ping" });
});

test("while a slow consumer holds the reader, the check is a warning no ping is waited for, and the rest of the chunk stays back", async () => {
  await using peer = await startPeer({ onConnection: (ws) => ["a", "b", "c", "d"].forEach((text) => ws.send(text)) });
  const feed = new Feed(peer.url, { inbox: { maxMessages: 2 } });
  feed.addMessageHandler(() => new Promise<void>(() => undefined));
  await feed.connect();
  await until(() => feed.got.length === 3);
  expect(await feed.checkHealth()).toMatchObject({ status: "warn", details: { isReadingPaused: true } });
  expect(feed.got).toEqual(["a", "b", "c"]);
  await feed.disconnect();
});
