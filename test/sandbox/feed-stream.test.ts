import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { FeedStream } from "../../sandbox/feed-stream.ts";
import { TickHistory } from "../../sandbox/ticks.ts";
import { eventually, range } from "./bench.ts";

test("a replay of 100,000 ticks reaches a client that stops reading for a while, whole, and does not pile up", async () => {
  const ticks = new TickHistory();
  for (let n = 0; n < 100_000; n++) ticks.add(new Date(0));
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [socket] = (await once(server, "connection")) as [WebSocket];
  const stream = new FeedStream(socket, ticks);
  await once(client, "open");
  const seqs: number[] = [];
  const whole = Promise.withResolvers<void>();
  client.on("message", (data: Buffer) => {
    const { seq } = JSON.parse(data.toString()) as { readonly seq?: number };
    if (seq !== undefined) seqs.push(seq);
    if (seqs.length === 100_001) whole.resolve();
  });

  client.pause();
  client.send(JSON.stringify({ action: "subscribe", channels: ["prices"], after: 0 }));
  // The kernel takes some megabytes; when it takes no more, one batch waits in our memory and the rest is not made.
  await eventually(() => socket.bufferedAmount).toBeGreaterThan(0);
  ticks.add(new Date(0));
  stream.pump();
  expect(socket.bufferedAmount).toBeLessThan(100_000);
  client.resume();
  await whole.promise;

  expect(seqs).toEqual(range(1, 100_001));
  client.terminate();
  await new Promise((resolve) => server.close(resolve));
});
