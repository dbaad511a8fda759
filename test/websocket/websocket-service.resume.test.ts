import type { WebSocket } from "ws";
import { expect, test } from "vitest";
import { z } from "zod";
import { silentLogger } from "../../src/core/logger.ts";
import { json } from "../../src/websocket/codecs.ts";
import type { WebSocketServiceOptions } from "../../src/websocket/options.ts";
import type { MissedGap } from "../../src/websocket/resume-options.ts";
import { WebSocketService } from "../../src/websocket/websocket-service.ts";
import { type Peer, startPeer, until } from "./peer.ts";

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
