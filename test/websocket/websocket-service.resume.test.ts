import type { WebSocket } from "ws";
import { expect, test } from "vitest";
import { z } from "zod";
import { silentLogger } from "../../src/core/logger.ts";
import { json } from "../../src/websocket/codecs/codecs.ts";
import type { WebSocketServiceOptions } from "../../src/websocket/options.ts";
import type { MissedGap } from "../../src/websocket/resume/resume-options.ts";
import { WebSocketService } from "../../src/websocket/websocket-service.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { answer, Feed, type Peer, startPeer, until } from "./peer.ts";

interface Tick {
  readonly n: number;
}

/** A feed that numbers its messages, and repeats from its memory those after the one that it is asked for. */
async function startFeed(): Promise<
  Peer & { readonly publish: (...numbers: readonly number[]) => void; sent: number[] }
> {
  const sent: number[] = [];
  const peer = await startPeer({
    onConnection: (ws: WebSocket) =>
      ws.on("message", (data: Buffer) => {
        const { after } = JSON.parse(data.toString()) as { readonly after: number };
        for (const n of feed.sent) if (n > after) ws.send(JSON.stringify({ n }));
      }),
  });
  const feed = Object.assign(peer, {
    sent,
    publish: (...numbers: readonly number[]): void => {
      for (const n of numbers) {
        feed.sent.push(n);
        peer.connections.at(-1)?.send(JSON.stringify({ n }));
      }
    },
  });
  return feed;
}

class Ticks extends WebSocketService<Tick> {
  readonly got: number[] = [];
  readonly gaps: MissedGap[] = [];
  readonly errors: unknown[] = [];
  /** Set, handlers wait for it. */
  pause: Promise<void> | undefined;

  constructor(url: string, options: Partial<WebSocketServiceOptions<Tick>> = {}) {
    super({
      baseUrl: url,
      codec: json(z.object({ n: z.number() })),
      logger: silentLogger,
      reconnect: { baseDelayMs: 1, maxDelayMs: 1 },
      ...options,
      resume: {
        positionOf: ({ n }) => n,
        request: (after) => ({ after }),
        onGap: (gap) => void this.gaps.push(gap),
        ...options.resume,
      },
    });
  }

  protected override async onMessage({ n }: Tick): Promise<void> {
    this.got.push(n);
    await this.pause;
  }

  protected override onError(error: unknown): void {
    this.errors.push(error);
  }
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);

test("after a cut, a stream asks from what was handled, and what it had received beyond it comes once", async () => {
  await using feed = await startFeed();
  const gate = Promise.withResolvers<void>();
  await using ticks = new Ticks(feed.url);
  await ticks.connect();
  feed.publish(1, 2);
  await until(() => ticks.positions().get("") === 2);
  ticks.pause = gate.promise;
  feed.publish(3, 4, 5);
  await until(() => ticks.got.length === 3);
  feed.connections[0]?.terminate();
  feed.sent.push(6);
  await until(() => feed.received.length === 1);
  expect(feed.received).toEqual(['{"after":2}']);
  ticks.pause = undefined;
  gate.resolve();
  await until(() => ticks.got.length >= 6);
  feed.publish(7);
  await until(() => ticks.positions().get("") === 7);
  expect([ticks.got, ticks.gaps]).toEqual([upTo(7), []]);
});

test("a gap is filled in its place, and while it is not, the position stands before it", async () => {
  await using feed = await startFeed();
  const fill = Promise.withResolvers<Tick[]>();
  await using ticks = new Ticks(feed.url, {
    resume: { positionOf: ({ n }) => n, fill: () => fill.promise },
  });
  await ticks.connect();
  feed.publish(1, 4, 5);
  await until(() => ticks.positions().get("") === 1);
  fill.resolve([{ n: 2 }, { n: 3 }]);
  await until(() => ticks.positions().get("") === 5);
  expect([ticks.got, ticks.gaps, ticks.errors]).toEqual([upTo(5), [], []]);
});

test("what waits behind a gap when the connection is cut comes again, though its id was seen", async () => {
  await using feed = await startFeed();
  const asked: unknown[] = [];
  await using ticks = new Ticks(feed.url, {
    dedupe: { idOf: ({ n }) => n },
    resume: {
      positionOf: ({ n }) => n,
      fill: (gap) => {
        asked.push(gap);
        return new Promise<Tick[]>(() => undefined);
      },
    },
  });
  await ticks.connect();
  feed.publish(1);
  await until(() => ticks.positions().get("") === 1);
  feed.publish(4);
  await until(() => asked.length === 1);
  feed.sent = upTo(5);
  feed.connections[0]?.terminate();
  await until(() => ticks.positions().get("") === 5);
  expect([ticks.got, ticks.gaps]).toEqual([upTo(5), []]);
});

test("a service that counts anew is heard again, after a gap of unknown size", async () => {
  await using feed = await startFeed();
  await using ticks = new Ticks(feed.url, { requestTimeoutMs: 20 });
  await ticks.connect();
  feed.publish(101, 102);
  await until(() => ticks.positions().get("") === 102);
  feed.sent = [];
  feed.connections[0]?.terminate();
  await until(() => feed.received.length === 1);
  feed.publish(1, 2);
  await until(() => ticks.positions().get("") === 2);
  feed.publish(3);
  await until(() => ticks.positions().get("") === 3);
  expect(ticks.got).toEqual([101, 102, 1, 2, 3]);
  expect(ticks.gaps).toMatchObject([{ after: undefined, before: 1, reason: "no-fill" }]);
});

test("a program goes on where the one before it had got to", async () => {
  await using feed = await startFeed();
  feed.sent = upTo(4);
  await using ticks = new Ticks(feed.url, { resume: { positionOf: ({ n }) => n, from: 2 } });
  await ticks.connect();
  await until(() => ticks.positions().get("") === 4);
  expect([feed.received, ticks.got, ticks.gaps]).toEqual([['{"after":2}'], [3, 4], []]);
});

test("a stream that is closed while it fills ends the fill, and says what waited for it", async () => {
  await using feed = await startFeed();
  const signals: AbortSignal[] = [];
  await using ticks = new Ticks(feed.url, {
    resume: {
      positionOf: ({ n }) => n,
      fill: ({ signal }) => {
        signals.push(signal);
        return new Promise<Tick[]>(() => undefined);
      },
    },
  });
  await ticks.connect();
  feed.publish(1, 5);
  await until(() => signals.length === 1);
  expect(await ticks.disconnect()).toMatchObject({ unhandled: 1 });
  expect(signals[0]?.aborted).toBe(true);
});

test("a stream that fails for good while it fills ends the fill", async () => {
  await using feed = await startFeed();
  const signals: AbortSignal[] = [];
  await using ticks = new Ticks(feed.url, {
    reconnect: false,
    resume: {
      positionOf: ({ n }) => n,
      request: () => ({ after: 0 }),
      fill: ({ signal }) => {
        signals.push(signal);
        return new Promise<Tick[]>(() => undefined);
      },
    },
  });
  await ticks.connect();
  feed.publish(1, 5);
  await until(() => signals.length === 1);
  feed.connections[0]?.terminate();
  await until(() => ticks.state.name === "failed");
  expect(signals[0]?.aborted).toBe(true);
});

test("what still comes of a key that was taken back is no part of its count, which begins anew where it is wanted again", async () => {
  const gaps: MissedGap[] = [];
  await using peer = await startPeer();
  class Topics extends WebSocketService<{ readonly key: string; readonly n: number }> {
    readonly got: number[] = [];

    protected override onMessage({ n }: { readonly n: number }): void {
      this.got.push(n);
    }
  }
  await using topics = new Topics({
    baseUrl: peer.url,
    logger: silentLogger,
    codec: json(z.object({ key: z.string(), n: z.number() })),
    subscriptions: { subscribe: (sub) => ({ sub }), unsubscribe: (unsub) => ({ unsub }), keyOf: ({ key }) => key },
    resume: { positionOf: ({ n }) => n, onGap: (gap) => void gaps.push(gap) },
  });
  await topics.connect();
  const gold = await topics.subscribe("gold");
  const publish = async (n: number): Promise<void> => {
    peer.connections[0]?.send(JSON.stringify({ key: "gold", n }));
    await until(() => topics.got.includes(n));
  };
  await publish(1);
  await gold.unsubscribe();
  await publish(2);
  expect([...topics.positions()]).toEqual([]);
  await topics.subscribe("gold");
  await publish(100);
  expect([topics.got, gaps, ...topics.positions()]).toEqual([[1, 2, 100], [], ["gold", 100]]);
});

test("the position moves only when the slowest consumer is done with a message, be it a handler or a reader", async () => {
  await using feed = await startFeed();
  await using ticks = new Ticks(feed.url);
  const open: (() => void)[] = [];
  ticks.addMessageHandler(() => new Promise<void>((done) => open.push(done)));
  const messages = ticks.messages();
  await ticks.connect();
  feed.publish(1, 2, 3);
  await until(() => ticks.got.length === 3);
  expect(ticks.positions().get("")).toBeUndefined();
  open.shift()?.();
  await until(() => open.length === 1);
  expect(ticks.positions().get("")).toBeUndefined();
  // A reader is done with a message when it asks for the next one.
  expect((await messages.next()).value).toEqual({ n: 1 });
  expect(ticks.positions().get("")).toBeUndefined();
  await messages.next();
  await until(() => ticks.positions().get("") === 1);
  await messages.return?.();
  open.shift()?.();
  await until(() => ticks.positions().get("") === 2);
});

test("a handler that throws, or takes longer than its limit, has handled its message", async () => {
  const clock = new VirtualClock();
  await using feed = await startFeed();
  await using ticks = new Ticks(feed.url, { clock, handlerTimeoutMs: 50 });
  ticks.addMessageHandler(({ n }) => {
    if (n === 1) throw new Error("bad handler");
    return new Promise<void>(() => undefined);
  });
  await ticks.connect();
  feed.publish(1, 2);
  await until(() => ticks.positions().get("") === 1);
  await clock.advance(50);
  await until(() => ticks.positions().get("") === 2);
  expect(ticks.errors).toMatchObject([{ message: "bad handler" }, { code: "timeout-handler" }]);
});

test("what positions() gives goes through JSON, and another stream begins there", async () => {
  await using feed = await startFeed();
  const first = new Ticks(feed.url);
  await first.connect();
  feed.publish(1, 2, 3);
  await until(() => first.positions().get("") === 3);
  await first.disconnect();
  const kept = JSON.stringify(Object.fromEntries(first.positions()));
  feed.publish(4, 5);
  const from = JSON.parse(kept) as Record<string, number>;
  await using second = new Ticks(feed.url, { resume: { positionOf: ({ n }) => n, from } });
  expect([...second.positions()]).toEqual([["", 3]]);
  await second.connect();
  await until(() => second.positions().get("") === 5);
  expect([second.got, second.gaps, feed.received]).toEqual([[4, 5], [], ['{"after":3}']]);
});

test("through restarts of the far side, with refusals in between, each message comes once and in order", async () => {
  const sent: number[] = [];
  await using feed = await startPeer({
    refuse: (socket, _request, number) => number % 3 === 0 && answer(socket, 503),
    onConnection: (ws) =>
      ws.on("message", (data: Buffer) => {
        const { after } = JSON.parse(data.toString()) as { readonly after: number };
        // It repeats some, as a service that is not exact does.
        for (const n of sent) if (n > after - 3) ws.send(JSON.stringify({ n }));
      }),
  });
  await using ticks = new Ticks(feed.url);
  await ticks.connect();
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 20; i++) {
      sent.push(sent.length + 1);
      feed.connections.at(-1)?.send(JSON.stringify({ n: sent.length }));
    }
    await until(() => ticks.positions().get("") === sent.length);
    const opens = feed.connections.length;
    feed.connections.at(-1)?.terminate();
    // What is published while nobody is connected is asked for.
    sent.push(sent.length + 1);
    await until(() => feed.connections.length > opens && ticks.positions().get("") === sent.length);
  }
  expect([ticks.got, ticks.gaps, ticks.errors.length > 0]).toEqual([upTo(sent.length), [], true]);
  expect(ticks.stats().duplicates).toBeGreaterThan(0);
});

test("positions with an epoch: another one begins a new count, and is a gap of unknown size", async () => {
  await using peer = await startPeer();
  class Runs extends WebSocketService<Run> {
    readonly got: Run[] = [];
    protected override onMessage(message: Run): void {
      this.got.push(message);
    }
  }
  const gaps: MissedGap[] = [];
  const asked: unknown[] = [];
  await using runs = new Runs({
    baseUrl: peer.url,
    codec: json(z.object({ epoch: z.string(), offset: z.number() })),
    logger: silentLogger,
    reconnect: { baseDelayMs: 1, maxDelayMs: 1 },
    resume: {
      positionOf: (message) => message,
      request: (position) => (asked.push(position), { after: position }),
      onGap: (gap) => void gaps.push(gap),
    },
  });
  const publish = (...messages: readonly Run[]): void => {
    for (const message of messages) peer.connections.at(-1)?.send(JSON.stringify(message));
  };
  await runs.connect();
  publish({ epoch: "a", offset: 7 }, { epoch: "a", offset: 8 }, { epoch: "a", offset: 8 });
  await until(() => runs.stats().duplicates === 1);
  peer.connections[0]?.terminate();
  await until(() => peer.received.length === 1);
  publish({ epoch: "b", offset: 1 }, { epoch: "b", offset: 2 });
  await until(() => runs.got.length === 4);
  expect(asked).toEqual([{ epoch: "a", offset: 8 }]);
  expect(gaps).toEqual([{ key: "", after: undefined, before: 1, epoch: "b", missing: undefined, reason: "no-fill" }]);
  expect([...runs.positions()]).toEqual([["", { epoch: "b", offset: 2 }]]);
});

interface Run {
  readonly epoch: string;
  readonly offset: number;
}

test.each([
  ["no-fill", undefined, 0],
  ["incomplete", () => [{ n: 2 }], 0],
  [
    "failed",
    () => {
      throw new Error("history is down");
    },
    1,
  ],
] as const)("onGap is told of what is missing for good: %s", async (reason, fill, errors) => {
  await using feed = await startFeed();
  await using ticks = new Ticks(feed.url, { resume: { positionOf: ({ n }) => n, ...(fill && { fill }) } });
  await ticks.connect();
  feed.publish(1, 5);
  await until(() => ticks.positions().get("") === 5);
  const after = reason === "incomplete" ? 2 : 1;
  expect(ticks.gaps).toEqual([{ key: "", after, before: 5, missing: 4 - after, reason }]);
  expect([ticks.errors.length, ticks.stats().gaps]).toEqual([errors, 1]);
});

test("a fill that takes too long is given up, told of twice, and the stream goes on", async () => {
  const clock = new VirtualClock();
  await using feed = await startFeed();
  const signals: AbortSignal[] = [];
  const fill = ({ signal }: { readonly signal: AbortSignal }): Promise<Tick[]> => {
    signals.push(signal);
    return new Promise<Tick[]>(() => undefined);
  };
  await using ticks = new Ticks(feed.url, { clock, requestTimeoutMs: 90, resume: { positionOf: ({ n }) => n, fill } });
  await ticks.connect();
  feed.publish(1, 3);
  await until(() => signals.length === 1);
  await clock.advance(90);
  await until(() => ticks.positions().get("") === 3);
  expect(ticks.gaps).toMatchObject([{ reason: "failed", missing: 1 }]);
  expect(ticks.errors).toMatchObject([{ code: "timeout-answer", limitMs: 90 }]);
  expect(signals[0]?.aborted).toBe(true);
});

test("a fill may ask over the stream itself, and what comes meanwhile waits behind it", async () => {
  await using feed = await startFeed();
  await using ticks: Ticks = new Ticks(feed.url, {
    resume: {
      positionOf: ({ n }) => (n < 1_000 ? n : undefined),
      fill: async ({ before }) => {
        await ticks.request({ history: 1 }, { match: ({ n }: Tick) => n === 1_000 });
        return upTo(Number(before) - 1).map((n) => ({ n }));
      },
    },
  });
  await ticks.connect();
  feed.publish(1);
  feed.publish(4);
  await until(() => feed.received.length === 1);
  feed.publish(5);
  await until(() => ticks.stats().messagesIn === 3);
  expect(ticks.got).toEqual([1]);
  feed.connections[0]?.send('{"n":1000}');
  await until(() => ticks.positions().get("") === 5);
  expect([ticks.got, ticks.gaps]).toEqual([upTo(5), []]);
});

test("a positionOf that throws is told of, and its message is delivered all the same", async () => {
  await using feed = await startFeed();
  const flaw = new Error("no position");
  await using ticks = new Ticks(feed.url, {
    resume: {
      positionOf: ({ n }) => {
        if (n === 2) throw flaw;
        return n === 4 ? Number.NaN : n;
      },
    },
  });
  await ticks.connect();
  feed.publish(1, 2, 4);
  await until(() => ticks.got.length === 3);
  expect([ticks.got, ticks.positions().get("")]).toEqual([[1, 2, 4], 1]);
  expect(ticks.errors).toMatchObject([flaw, { code: "configuration-invalid" }]);
});

test("dedupe drops what came before, on another connection too, as far back as it remembers", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url, {
    dedupe: {
      maxIds: 3,
      idOf: (message) => {
        if (message === "odd") throw new Error("no id");
        return message === "none" ? undefined : String(message);
      },
    },
  });
  await feed.connect();
  const send = (...texts: readonly string[]): void => {
    for (const text of texts) peer.connections.at(-1)?.send(text);
  };
  send("a", "b", "a", "none", "none", "odd", "odd", "c");
  await until(() => feed.stats().messagesIn === 8);
  peer.connections[0]?.terminate();
  await until(() => peer.connections.length === 2);
  send("c", "b", "d", "a", "d");
  await until(() => feed.stats().messagesIn === 13);
  expect(feed.got).toEqual(["a", "b", "none", "none", "odd", "odd", "c", "d", "a"]);
  expect([feed.stats().duplicates, feed.errors.filter(({ from }) => from.consumer === "inbox").length]).toEqual([4, 2]);
});

test("a fill is given up with the connection that it was asked for on", async () => {
  await using peer = await startPeer({
    onConnection: (ws, number) => number === 1 && ["1", "3"].forEach((text) => ws.send(text)),
  });
  const asked: AbortSignal[] = [];
  await using feed = new Feed(peer.url, {
    resume: {
      positionOf: Number,
      fill: ({ signal }) => {
        asked.push(signal);
        return new Promise<never>(() => undefined);
      },
    },
  });
  await feed.connect();
  await until(() => asked.length === 1);
  peer.connections[0]?.terminate();
  await until(() => asked[0]?.aborted === true);
  expect(feed.got).toEqual(["1"]);
});
