import { describe, expect, test } from "vitest";
import { z } from "zod";
import { json } from "../../src/websocket/codecs/codecs.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { ConnectionEnd, Verdict } from "../../src/websocket/connection/close-codes.ts";
import type { WebSocketServiceOptions } from "../../src/websocket/options.ts";
import type { FailedEvent } from "../../src/websocket/stream-owner.ts";
import { WebSocketService } from "../../src/websocket/websocket-service.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { answer, Feed, startPeer, thrownBy, turns, until } from "./peer.ts";

/** When the stream dials next; undefined while it does not wait for that. */
function nextDialAt({ state }: Feed): number | undefined {
  const isAttempting = state.name === "connecting" || state.name === "reconnecting";
  return isAttempting && state.step.at === "waiting" ? state.step.until : undefined;
}

/** How long the stream waits for its next dial, in milliseconds. */
async function wait(feed: Feed, clock: VirtualClock): Promise<number> {
  await until(() => nextDialAt(feed) !== undefined);
  return (nextDialAt(feed) ?? 0) - clock.now();
}

/** Lets it pass, and waits for the stream to be open again. */
async function sitOut(feed: Feed, clock: VirtualClock): Promise<number> {
  const delayMs = await wait(feed, clock);
  const { generation } = feed.state;
  await clock.advance(delayMs);
  await until(() => feed.state.generation > generation);
  return delayMs;
}

describe("the wait before a redial", () => {
  test("grows on while connections flap, and begins anew after one that was stable", async () => {
    const clock = new VirtualClock();
    await using peer = await startPeer();
    await using feed = new Feed(peer.url, { clock, random: () => 0.5, reconnect: {}, pingIntervalMs: false });
    await feed.connect();
    const waits: number[] = [];
    for (const livesMs of [9_999, 9_999, 9_999, 10_000, 9_999]) {
      await clock.advance(livesMs);
      peer.connections.at(-1)?.terminate();
      waits.push(await sitOut(feed, clock));
      await until(() => feed.state.name === "open");
    }
    expect(waits).toEqual([250, 500, 1_000, 250, 500]);
  });

  test.each([
    [1012, 0, 5_000],
    [1012, 0.5, 17_500],
    [1013, 0, 15_000],
    [1013, 0.5, 22_500],
    [1001, 0.5, 250],
    [1000, 0.5, 250],
    [1011, 0.5, 250],
    [4001, 0.5, 250],
  ])("after close code %i, with a random number of %d, is %i ms", async (code, random, delayMs) => {
    const clock = new VirtualClock();
    await using peer = await startPeer();
    await using feed = new Feed(peer.url, { clock, random: () => random, reconnect: {} });
    await feed.connect();
    peer.connections[0]?.close(code, "why");
    expect(await wait(feed, clock)).toBe(delayMs);
    expect(feed.ended).toMatchObject([{ code, reason: "why", willReconnect: true }]);
  });

  test("honours a Retry-After up to maxDelayMs, plus the ordinary wait, and the next one begins without it", async () => {
    const clock = new VirtualClock();
    await using peer = await startPeer({
      refuse: (socket, _request, number) =>
        (number === 2 && answer(socket, 503, ["retry-after: 3600"])) || (number === 3 && answer(socket, 429)),
    });
    await using feed = new Feed(peer.url, { clock, random: () => 0.5, reconnect: {} });
    await feed.connect();
    peer.connections[0]?.terminate();
    const waits = [await sitOut(feed, clock), await sitOut(feed, clock), await wait(feed, clock)];
    expect(waits).toEqual([250, 30_500, 1_000]);
  });

  test("is ended by reconnectNow, and by a jump of the clock within a second", async () => {
    const clock = new VirtualClock();
    await using peer = await startPeer();
    await using feed = new Feed(peer.url, { clock, random: () => 0, reconnect: {} });
    await feed.connect();
    for (const [number, end] of [
      [2, () => feed.reconnectNow()],
      [3, () => clock.jumpWall(3_600_000)],
    ] as const) {
      peer.connections.at(-1)?.close(1013);
      expect(await wait(feed, clock)).toBe(15_000);
      end();
      await clock.advance(1_000);
      await until(() => feed.state.name === "open");
      expect(peer.connections.length).toBe(number);
    }
  });

  test("is not ended by reconnectNow where there is none, nor is a dial made twice", async () => {
    await using peer = await startPeer({
      refuse: (socket) => {
        socket.resume().on("end", () => socket.destroy());
        return true;
      },
    });
    const feed = new Feed(peer.url, {});
    feed.reconnectNow();
    expect(feed.state.name).toBe("idle");
    const connected = thrownBy(feed.connect());
    feed.reconnectNow();
    await until(() => peer.requests.length === 1);
    feed.reconnectNow();
    await turns(10);
    expect([peer.requests.length, feed.state.generation]).toEqual([1, 1]);
    await feed.close();
    await connected;
  });
});

test("a stream keeps at it for ever: an hour of refusals is some hundred dials", async () => {
  const clock = new VirtualClock();
  await using peer = await startPeer({ refuse: (socket, _request, number) => number > 1 && answer(socket, 502) });
  await using feed = new Feed(peer.url, { clock, random: () => 0.5, reconnect: {} });
  await feed.connect();
  peer.connections[0]?.terminate();
  while (clock.now() < 3_600_000) await sitOut(feed, clock);
  // 0.25 + 0.5 + 1 + 2 + 4 + 8 s, and then every 15 s.
  const redials = 6 + Math.ceil((3_600_000 - 15_750) / 15_000);
  await until(() => peer.requests.length > redials);
  expect(peer.requests.length).toBe(1 + redials);
});

test("maxAttempts bounds the redials of one outage", async () => {
  await using peer = await startPeer({ refuse: (socket, _request, number) => number > 1 && answer(socket, 502) });
  await using feed = new Feed(peer.url, { reconnect: { baseDelayMs: 1, maxDelayMs: 1, maxAttempts: 3 } });
  await feed.connect();
  peer.connections[0]?.terminate();
  await until(() => feed.state.name === "failed");
  expect([peer.requests.length, feed.state]).toMatchObject([4, { error: { status: 502 } }]);
});

describe("classify", () => {
  test("says what a service means by its own codes, and the list decides where it says nothing", async () => {
    const clock = new VirtualClock();
    await using peer = await startPeer();
    const ends: ConnectionEnd[] = [];
    const verdicts = new Map<unknown, Verdict>([
      [4001, "overload"],
      [4002, "restart"],
      [1008, "retry"],
    ]);
    await using feed = new Feed(peer.url, {
      clock,
      random: () => 0,
      reconnect: {
        classify: (end) => {
          ends.push(end);
          return verdicts.get(end.closeCode);
        },
      },
    });
    await feed.connect();
    const waits: number[] = [];
    for (const code of [4001, 4002, 1008, 4003]) {
      peer.connections.at(-1)?.close(code);
      waits.push(await sitOut(feed, clock));
      await until(() => feed.state.name === "open");
    }
    expect(waits).toEqual([15_000, 5_000, 0, 0]);
    expect(ends.map(({ closeCode }) => closeCode)).toEqual([4001, 4002, 1008, 4003]);
  });

  test("may make a code fatal, and a status pass", async () => {
    await using peer = await startPeer({ refuse: (socket, _request, number) => number === 1 && answer(socket, 403) });
    await using feed = new Feed(peer.url, {
      reconnect: {
        baseDelayMs: 1,
        maxDelayMs: 1,
        classify: ({ closeCode, status }) => (closeCode === 4004 ? "fatal" : status === 403 ? "retry" : undefined),
      },
    });
    await feed.connect();
    peer.connections[0]?.close(4004, "banned");
    await until(() => feed.state.name === "failed");
    expect(feed.state).toMatchObject({ error: { closeCode: 4004, closeReason: "banned" } });
  });

  test("that throws, or answers nonsense, is told to onError and decides nothing", async () => {
    const clock = new VirtualClock();
    await using peer = await startPeer();
    const answers: (() => unknown)[] = [
      () => {
        throw new Error("no idea");
      },
      () => "perhaps",
    ];
    await using feed = new Feed(peer.url, {
      clock,
      random: () => 0,
      reconnect: { classify: () => (answers.shift() ?? (() => undefined))() as never },
    });
    await feed.connect();
    for (let i = 0; i < 2; i++) {
      peer.connections.at(-1)?.close(1012);
      expect(await sitOut(feed, clock)).toBe(5_000);
      await until(() => feed.state.name === "open");
    }
    expect(feed.errors).toMatchObject([
      { error: { message: "no idea" }, from: { consumer: "classify" } },
      { error: { code: "configuration-invalid" }, from: { consumer: "classify" } },
    ]);
  });
});

describe("a stream that fails for good", () => {
  interface Note {
    readonly key?: string | undefined;
  }
  class Notes extends WebSocketService<Note> {
    readonly failures: FailedEvent[] = [];
    readonly ended: unknown[] = [];
    constructor(url: string, options: Partial<WebSocketServiceOptions<Note>> = {}) {
      super({
        baseUrl: url,
        name: "notes",
        codec: json(z.object({ key: z.string().optional() })),
        logger: silentLogger,
        reconnect: { baseDelayMs: 1, maxDelayMs: 1 },
        subscriptions: { subscribe: (keys) => ({ keys }), confirmedBy: ({ key }) => key },
        ...options,
      });
    }
    protected override onDisconnect(event: unknown): void {
      this.ended.push(event);
    }
    protected override onFailed(event: FailedEvent): void {
      this.failures.push(event);
    }
  }

  test("tells everybody who waits, with its error, and hands back what was not sent", async () => {
    await using peer = await startPeer({ refuse: (socket, _request, number) => number > 1 && answer(socket, 403) });
    const clock = new VirtualClock();
    await using notes = new Notes(peer.url, { clock, reconnect: {}, random: () => 0.5 });
    await notes.connect();
    const iterator = notes.messages();
    const owed = thrownBy(notes.request({ ask: 1 }, { match: () => false }));
    await until(() => peer.received.length === 1);
    peer.connections[0]?.terminate();
    await until(() => notes.state.name === "reconnecting");
    const waiting = [
      thrownBy(notes.send({ n: 1 })),
      thrownBy(notes.send({ n: 2 })),
      thrownBy(notes.request({ ask: 2 }, { match: () => false })),
      thrownBy(notes.once(() => true)),
      thrownBy(notes.subscribe("k")),
    ];
    const next = thrownBy(iterator.next());
    await clock.advance(250);
    const cause = { code: "response-status", status: 403 };
    expect(await next).toMatchObject(cause);
    expect(await owed).toMatchObject({ code: "connection-reset", outcome: "unknown" });
    const refusals = await Promise.all(waiting);
    for (const error of refusals) expect(error).toMatchObject({ code: "connection-not-connected", cause });
    expect(refusals.map((error) => (error as { outcome: string }).outcome)).toEqual(Array(5).fill("not-sent"));
    expect(notes.failures).toMatchObject([
      {
        error: cause,
        unsent: [
          { message: { n: 1 }, outcome: "not-sent" },
          { message: { n: 2 }, outcome: "not-sent" },
          { message: { ask: 2 }, outcome: "not-sent" },
        ],
      },
    ]);
    expect([notes.state.name, clock.timers]).toEqual(["failed", 0]);
    for (const late of [() => notes.send("x"), () => notes.once(() => true), () => notes.subscribe("l")]) {
      expect(await thrownBy(late())).toMatchObject({ code: "connection-not-connected", cause });
    }
  });

  test("works again after connect(), with what it has subscribed to", async () => {
    await using peer = await startPeer({
      onConnection: (ws) =>
        ws.on("message", (data: Buffer) => {
          const { keys = [] } = JSON.parse(data.toString()) as { readonly keys?: readonly string[] };
          for (const key of keys) ws.send(JSON.stringify({ key }));
        }),
    });
    await using notes = new Notes(peer.url);
    await notes.connect();
    await notes.subscribe("a");
    peer.connections[0]?.close(1008, "no");
    await until(() => notes.state.name === "failed");
    expect(notes.failures).toMatchObject([{ error: { closeCode: 1008 }, unsent: [] }]);
    expect(notes.ended).toMatchObject([{ code: 1008, willReconnect: false }]);
    await notes.connect();
    await notes.send({ hello: 1 });
    await until(() => peer.received.length === 3);
    expect(peer.received.slice(1)).toEqual(['{"keys":["a"]}', '{"hello":1}']);
    const messages = notes.messages();
    peer.connections[1]?.send('{"key":"x"}');
    expect((await messages.next()).value).toEqual({ key: "x" });
    peer.connections[1]?.close(1008);
    await until(() => notes.failures.length === 2);
  });

  test("and fails again when it is connected anew, tells so to whoever asked, and to onFailed no second time", async () => {
    let isRefusing = false;
    await using peer = await startPeer({ refuse: (socket) => isRefusing && answer(socket, 403) });
    await using notes = new Notes(peer.url);
    await notes.connect();
    isRefusing = true;
    peer.connections[0]?.close(1008);
    await until(() => notes.state.name === "failed");
    expect(await thrownBy(notes.connect())).toMatchObject({ status: 403 });
    expect([notes.state.name, notes.failures.length, notes.lifecycle]).toEqual(["failed", 1, "ready"]);
    isRefusing = false;
    await notes.connect();
    expect(notes.state.name).toBe("open");
  });
});
