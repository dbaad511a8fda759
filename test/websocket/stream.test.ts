import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { z } from "zod";
import { silentLogger } from "../../src/core/logger.ts";
import { json } from "../../src/websocket/codecs/codecs.ts";
import type { MissedGap } from "../../src/websocket/resume/resume-options.ts";
import { WebSocketService } from "../../src/websocket/websocket-service.ts";
import { Feed, startPeer, until } from "./peer.ts";

test("pingMessage is sent in the place of a Ping frame", async () => {
  let frames = 0;
  await using peer = await startPeer({ onConnection: (socket) => socket.on("ping", () => frames++) });
  await using feed = new Feed(peer.url, { pingIntervalMs: 5, pingMessage: () => ({ op: "ping" }) });
  await feed.connect();
  await until(() => peer.received.length >= 2);
  expect(peer.received.map(String).slice(0, 2)).toEqual(['{"op":"ping"}', '{"op":"ping"}']);
  expect(frames).toBe(0);
});

test("a pingMessage that throws is reported each time, and ends neither the heartbeat nor the process", async () => {
  await using peer = await startPeer();
  const broken = new Error("no ping today");
  await using feed = new Feed(peer.url, {
    pingIntervalMs: 5,
    pingTimeoutMs: 60_000,
    pingMessage: () => {
      throw broken;
    },
  });
  await feed.connect();
  await until(() => feed.errors.length >= 2);
  expect(feed.errors[0]).toEqual({ error: broken, from: { consumer: "pingMessage" } });
  expect(feed.state.name).toBe("open");
});

interface Tick {
  readonly n: number;
}

class Ticks extends WebSocketService<Tick> {
  readonly got: number[] = [];
  readonly gaps: MissedGap[] = [];

  constructor(baseUrl: string) {
    super({
      baseUrl,
      name: "ticks",
      codec: json(z.object({ n: z.number() })),
      logger: silentLogger,
      // Nothing is dialled a second time unless the test says so.
      reconnect: { baseDelayMs: 60_000, maxDelayMs: 60_000 },
      random: () => 0.5,
      resume: {
        positionOf: ({ n }) => n,
        request: (after) => ({ after }),
        // By way of the stream: the loss of the connection fails it.
        fill: async (gap) => [await this.request({ fill: gap.key }, { match: () => false })],
        onGap: (gap) => void this.gaps.push(gap),
      },
    });
  }

  protected override onMessage({ n }: Tick): void {
    this.got.push(n);
  }
}

test("a gap that is filled when the connection is lost is not given up because a successor was tried before", async () => {
  let upgrades = 0;
  await using peer = await startPeer({
    refuse: (socket) => ++upgrades === 2 && socket.destroy() !== undefined,
    onConnection: (ws, number) => {
      if (number === 1) ws.send('{"n":1}');
      else ws.on("message", () => [2, 3].forEach((n) => ws.send(`{"n":${n}}`)));
    },
  });
  await using ticks = new Ticks(peer.url);
  await ticks.connect();
  await until(() => ticks.got.length === 1);
  ticks.rotateNow();
  await until(() => upgrades === 2 && ticks.stats().failedAttempts === 1);
  peer.connections[0]?.send('{"n":3}');
  await until(() => peer.received.length === 1);
  peer.connections[0]?.terminate();
  await until(() => ticks.state.name === "reconnecting");
  ticks.reconnectNow();
  await until(() => ticks.got.length >= 3);
  expect([ticks.got, ticks.gaps]).toEqual([[1, 2, 3], []]);
});

test("what a stream sends of its own accord is counted as what the program sends", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url, {
    subscriptions: { subscribe: (keys) => `sub ${keys.join()}` },
  });
  await feed.connect();
  await feed.subscribe("a");
  await feed.send("hello");
  expect(feed.stats()).toMatchObject({ messagesOut: 2, bytesOut: 10 });
});

test("a subscription that has ended takes back no later one of the same key", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url, {
    subscriptions: { subscribe: (keys) => `sub ${keys.join()}`, unsubscribe: (keys) => `unsub ${keys.join()}` },
  });
  await feed.connect();
  const first = await feed.subscribe("a");
  await first.unsubscribe();
  await feed.subscribe("a");
  await first.unsubscribe();
  expect(feed.stats().subscriptions).toBe(1);
});

test("what shares a segment with the id of a subscription goes to its handler, on an open connection too", async () => {
  await using peer = await startPeer({
    onConnection: (socket) =>
      socket.on("message", (text: Buffer) => {
        const { id } = JSON.parse(String(text)) as { id: number };
        const events = [1, 2, 3].map((n) => ({ of: "0x1", n }));
        const frames = [{ jsonrpc: "2.0", id, result: "0x1" }, ...events].map((one) =>
          Buffer.from(JSON.stringify(one)),
        );
        // As one write, so that they come as one chunk.
        const headed = frames.map((frame) => Buffer.concat([Buffer.from([0x81, frame.length]), frame]));
        (Reflect.get(socket, "_socket") as Socket).write(Buffer.concat(headed));
      }),
  });
  const keys = new Map<string | undefined, string>();
  const got: number[] = [];
  class Node extends WebSocketService<{ readonly of?: string | undefined; readonly n?: number | undefined }> {
    constructor() {
      super({
        baseUrl: peer.url,
        logger: silentLogger,
        codec: json(z.looseObject({ of: z.string().optional(), n: z.number().optional() })),
        subscriptions: {
          subscribe: async ([key = ""]) =>
            void keys.set(await this.request({ method: "subscribe" }, { schema: z.string() }), key),
          keyOf: ({ of }) => keys.get(of),
        },
        resume: { positionOf: ({ n }) => n },
      });
    }
  }
  await using node = await new Node().connect();
  await node.subscribe("blocks", ({ n = 0 }) => void got.push(n));
  await until(() => got.length === 3);
  expect(got).toEqual([1, 2, 3]);
  expect(node.positions()).toEqual(new Map([["blocks", 3]]));
});
