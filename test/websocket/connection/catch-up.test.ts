import { expect, test } from "vitest";
import { caughtUp } from "../../../src/websocket/connection/catch-up.ts";
import { LiveConnection } from "../../../src/websocket/connection/live-connection.ts";
import { Pings } from "../../../src/websocket/connection/pings.ts";
import type { StreamSocket } from "../../../src/websocket/transport.ts";
import { settled, VirtualClock } from "../../support/virtual-clock.ts";

/** A connection that is read, and somebody who waits for its last words. */
function setUp() {
  const clock = new VirtualClock();
  const pings = new Pings(clock);
  const sent: string[] = [];
  const connection = new LiveConnection(1, 0);
  const socket = { ping: (payload: string) => void sent.push(payload), pause() {}, resume() {}, destroy() {} };
  connection.socket = socket as unknown as StreamSocket;
  connection.readingSince = 0;
  const successor = new AbortController();
  let isOver = false;
  const begin = (): void => {
    void caughtUp(connection, pings, { clock, connectTimeoutMs: 10_000 }, successor.signal).then(() => (isOver = true));
  };
  const over = async (): Promise<boolean> => {
    await settled();
    return isOver;
  };
  return { clock, pings, sent, connection, successor, begin, over };
}

test("it is over when the answer to a ping has come, with no timer left", async () => {
  const { clock, pings, sent, begin, over } = setUp();
  begin();
  expect([sent, await over()]).toEqual([["1"], false]);
  pings.pong("1");
  expect([await over(), clock.timers]).toEqual([true, 0]);
});

test("a peer that does not answer is waited for a quarter of the connect limit", async () => {
  const { clock, begin, over } = setUp();
  begin();
  await clock.advance(2_499);
  expect(await over()).toBe(false);
  await clock.advance(1);
  expect(await over()).toBe(true);
});

test("while a consumer holds the reader nothing is asked, however long that is", async () => {
  const { clock, pings, sent, connection, begin, over } = setUp();
  connection.setPaused(true, 0);
  begin();
  await clock.advance(60_000);
  expect([sent, await over()]).toEqual([[], false]);
  connection.setPaused(false, clock.now());
  await clock.advance(50);
  expect(sent).toEqual(["1"]);
  pings.pong("1");
  expect(await over()).toBe(true);
});

test("an answer that came while the reader was held says nothing: it may be ahead of messages", async () => {
  const { clock, pings, sent, connection, begin, over } = setUp();
  begin();
  connection.setPaused(true, clock.now());
  pings.pong("1");
  expect(await over()).toBe(false);
  connection.setPaused(false, clock.now() + 1);
  await clock.advance(50);
  expect([sent, await over()]).toEqual([["1", "2"], false]);
  pings.pong("2");
  expect(await over()).toBe(true);
});

test.each(["connection", "successor"] as const)(
  "it is over when the %s is given up, with no timer left",
  async (which) => {
    const { clock, connection, successor, begin, over } = setUp();
    begin();
    if (which === "connection") connection.destroy();
    else successor.abort();
    expect([await over(), clock.timers]).toEqual([true, 0]);
  },
);

test("it is over at once where that was so before", async () => {
  const { sent, successor, begin, over } = setUp();
  successor.abort();
  begin();
  expect([await over(), sent]).toEqual([true, []]);
});
