import { expect, test } from "vitest";
import { type ServiceEvents, subscribe } from "../../../src/core/events.ts";
import { LiveConnection } from "../../../src/websocket/connection/live-connection.ts";
import { Feed, thrownBy } from "../peer.ts";
import { FakeSocket } from "../shell-under-test.ts";

test("an attempt begins once, when its turn has come: what it waited for that is not part of it", () => {
  const connection = new LiveConnection(1, 100);
  connection.begin(500);
  connection.begin(900);
  expect([connection.dialledAt, connection.endAttempt(), connection.endAttempt()]).toEqual([500, true, false]);
});

test("an attempt that ended while it waited for its turn was none, and one that is over does not begin again", () => {
  const connection = new LiveConnection(1, 100);
  expect(connection.endAttempt()).toBe(false);
  connection.begin(500);
  expect(connection.endAttempt()).toBe(false);
});

test("an attempt that fails before its endpoint is known is counted and told of, without one", async () => {
  const told: ServiceEvents["hawser:stream:attempt"][] = [];
  using _ = subscribe("hawser:stream:attempt", (event) => void told.push(event));
  await using feed = new Feed("ws://127.0.0.1:9", {
    endpoint: () => {
      throw new Error("the directory is down");
    },
    reconnect: { baseDelayMs: 1, maxDelayMs: 1, maxAttempts: 1 },
  });
  await thrownBy(feed.connect());
  expect(feed.stats()).toMatchObject({ attempts: 2, failedAttempts: 2 });
  expect(told.map(({ generation, code, endpoint }) => [generation, code, endpoint])).toEqual([
    [1, "connection-connect", undefined],
    [2, "connection-connect", undefined],
  ]);
});

test("a connection without a socket has nothing to pause", () => {
  const connection = new LiveConnection(1, 0);
  connection.setPaused(true, 5);
  expect([connection.isPaused, connection.readingSince]).toEqual([false, undefined]);
});

test("silence counts from when it is read again", () => {
  const connection = new LiveConnection(1, 0);
  connection.socket = new FakeSocket();
  connection.readingSince = 1;
  connection.setPaused(true, 5);
  expect([connection.isPaused, connection.readingSince]).toEqual([true, undefined]);
  connection.setPaused(false, 9);
  expect([connection.isPaused, connection.readingSince]).toEqual([false, 9]);
});

test("given up, its dial is aborted and its socket destroyed", () => {
  const connection = new LiveConnection(1, 0);
  connection.destroy();
  expect(connection.signal.aborted).toBe(true);
  const socket = new FakeSocket();
  const open = new LiveConnection(2, 0);
  open.socket = socket;
  open.destroy();
  expect([open.signal.aborted, socket.did]).toEqual([true, ["destroy"]]);
});
