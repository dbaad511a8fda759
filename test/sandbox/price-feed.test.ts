import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import {
  type Bench,
  bearer,
  dial,
  eventually,
  failureOf,
  isReachable,
  openStream,
  range,
  refusedHandshake,
  startBench,
} from "./bench.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await startBench({ tickIntervalMs: 1 });
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const subscribe = { action: "subscribe", channels: ["prices"] };
const streamUrl = (): string => `${bench.sandbox.feed.url}/stream`;
const reaches = (seq: number) => eventually(async () => (await bench.feed()).seq).toBeGreaterThanOrEqual(seq);

describe("the handshake", () => {
  test("without the right key is refused with 401", async () => {
    expect((await refusedHandshake(streamUrl(), {})).status).toBe(401);
    expect((await refusedHandshake(streamUrl(), bearer("wrong"))).status).toBe(401);
    expect(await bench.feed()).toMatchObject({ handshakes: 2, accepted: 0, connections: 0 });
  });

  test("elsewhere than at /stream is refused with 404", async () => {
    const { feed } = bench.sandbox;

    expect((await refusedHandshake(`${feed.url}/other`, bearer(feed.apiKey))).status).toBe(404);
  });

  test("a query is no part of the path", async () => {
    const { feed } = bench.sandbox;
    const socket = new WebSocket(`${streamUrl()}?v=1`, { headers: bearer(feed.apiKey) });

    await once(socket, "open");

    expect((await bench.feed()).accepted).toBe(1);
    socket.terminate();
  });
});

describe("a stream", () => {
  test("answers ping, echo and what it does not know", async () => {
    using stream = await openStream(bench.sandbox);

    stream.say({ action: "ping", id: 7 });
    stream.say({ action: "echo", data: { a: [1] } });
    stream.say({ action: "dance" });
    stream.say("no JSON");
    stream.say("null");
    stream.say({ action: "subscribe", channels: ["weather"] });
    stream.say({ action: "subscribe", channels: ["prices"], after: -1 });
    await eventually(() => stream.messages.length).toBe(7);

    expect(stream.messages.map(({ type }) => type)).toEqual([
      "pong",
      "echo",
      "error",
      "error",
      "error",
      "error",
      "error",
    ]);
    expect(stream.messages.slice(0, 2)).toEqual([
      { type: "pong", id: 7 },
      { type: "echo", data: { a: [1] } },
    ]);
  });

  test("subscribed without after gets live ticks, each once and in order", async () => {
    using stream = await openStream(bench.sandbox);

    stream.say(subscribe);
    const { after } = await stream.first(({ type }) => type === "subscribed");
    await stream.first(({ seq }) => seq === Number(after) + 50);

    expect(stream.ticks().slice(0, 50)).toEqual(range(Number(after) + 1, Number(after) + 50));
    expect(stream.messages[1]).toEqual({
      type: "tick",
      channel: "prices",
      seq: Number(after) + 1,
      symbol: expect.any(String),
      price: expect.any(Number),
      at: expect.any(String),
    });
  });

  test("ticks are counted while nobody is connected, and after replays them without a gap into the live ones", async () => {
    await reaches(100);
    using stream = await openStream(bench.sandbox);

    stream.say({ ...subscribe, after: 3 });
    await stream.first(({ seq }) => seq === 300);

    expect(stream.messages[0]).toEqual({ type: "subscribed", channels: ["prices"], after: 3 });
    expect(stream.ticks().slice(0, 297)).toEqual(range(4, 300));
  });

  test("resumed by another socket, the two halves make one whole", async () => {
    const first = await openStream(bench.sandbox);
    first.say({ ...subscribe, after: 0 });
    await first.first(({ seq }) => seq === 100);
    first.socket.terminate();
    const last = first.ticks().at(-1) ?? 0;

    using second = await openStream(bench.sandbox);
    second.say({ ...subscribe, after: last });
    await second.first(({ seq }) => seq === last + 100);

    expect([...first.ticks(), ...second.ticks()].slice(0, last + 100)).toEqual(range(1, last + 100));
  });

  test("that asks for more than there is, is told where it stands", async () => {
    using stream = await openStream(bench.sandbox);

    stream.say({ ...subscribe, after: 1_000_000_000 });

    const { after } = await stream.first(({ type }) => type === "subscribed");
    expect(after).toBeLessThan(100_000);
    expect((await stream.first(({ type }) => type === "tick")).seq).toBe(Number(after) + 1);
  });

  test("unsubscribed gets no tick any more", async () => {
    using stream = await openStream(bench.sandbox);
    stream.say(subscribe);
    await stream.first(({ type }) => type === "tick");

    stream.say({ action: "unsubscribe" });
    await stream.first(({ type }) => type === "unsubscribed");
    await reaches((await bench.feed()).seq + 20);
    stream.say({ action: "ping", id: 1 });
    await stream.first(({ type }) => type === "pong");

    expect(stream.messages.slice(-2).map(({ type }) => type)).toEqual(["unsubscribed", "pong"]);
  });
});

describe("faults of the handshake", () => {
  test("refused is answered with its status and Retry-After, as often as it says", async () => {
    await bench.order("feed", { kind: "refused", status: 429, retryAfterS: 3, times: 1 });
    await bench.order("feed", { kind: "refused", times: 1 });
    const { feed } = bench.sandbox;

    expect(await refusedHandshake(streamUrl(), bearer(feed.apiKey))).toMatchObject({
      status: 429,
      headers: { "retry-after": "3" },
    });
    expect((await refusedHandshake(streamUrl(), bearer(feed.apiKey))).status).toBe(503);
    (await openStream(bench.sandbox))[Symbol.dispose]();
  });

  test("latency answers late", async () => {
    await bench.order("feed", { kind: "latency", ms: 60, times: 1 });
    const startedAt = performance.now();

    using stream = await openStream(bench.sandbox);

    expect(performance.now() - startedAt).toBeGreaterThan(55);
    expect(stream.socket.readyState).toBe(WebSocket.OPEN);
  });

  test("slow-handshake sends the 101 in pieces", async () => {
    await bench.order("feed", { kind: "slow-handshake", ms: 100, times: 1 });
    const { feed } = bench.sandbox;
    const startedAt = performance.now();
    const { socket, chunks } = await dial(feed.url);
    const key = "dGhlIHNhbXBsZSBub25jZQ==";
    socket.write(
      `GET /stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${feed.apiKey}\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`,
    );

    await eventually(() => chunks.join("").endsWith("\r\n\r\n")).toBe(true);

    expect(performance.now() - startedAt).toBeGreaterThan(90);
    expect(chunks.length).toBeGreaterThan(10);
    expect(chunks.join("")).toBe(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    );
    socket.destroy();
  });

  test("after a slow-handshake the stream works", async () => {
    await bench.order("feed", { kind: "slow-handshake", ms: 20 });
    using stream = await openStream(bench.sandbox);

    stream.say({ action: "ping", id: 1 });

    expect(await stream.first(() => true)).toEqual({ type: "pong", id: 1 });
  });

  test("a client that resets while it waits for the handshake harms nobody", async () => {
    await bench.order("feed", { kind: "slow-handshake", ms: 30, times: 1 });
    const socket = new WebSocket(streamUrl(), { headers: bearer(bench.sandbox.feed.apiKey) });
    socket.on("error", () => {});
    await eventually(async () => (await bench.feed()).handshakes).toBe(1);

    socket.terminate();

    using stream = await openStream(bench.sandbox);
    expect(stream.socket.readyState).toBe(WebSocket.OPEN);
  });
});

describe("faults of open streams", () => {
  test("drop cuts every stream without a Close frame, and new ones are welcome", async () => {
    const streams = [await openStream(bench.sandbox), await openStream(bench.sandbox)];

    const ordered = await bench.order("feed", { kind: "drop" });

    expect(ordered.body).toMatchObject({ kind: "drop", struck: 2, active: false });
    expect(await Promise.all(streams.map(({ closed }) => closed))).toMatchObject([{ code: 1006 }, { code: 1006 }]);
    expect(await bench.feed()).toMatchObject({ cut: 2, connections: 0 });
    (await openStream(bench.sandbox))[Symbol.dispose]();
  });

  test("close sends its code and reason to every stream", async () => {
    const stream = await openStream(bench.sandbox);

    await bench.order("feed", { kind: "close", code: 4001, reason: "bye" });

    expect(await stream.closed).toEqual({ code: 4001, reason: "bye" });
    expect(await bench.feed()).toMatchObject({ cut: 0 });
  });

  test("unreachable cuts the streams and refuses new ones until it is cleared; the ticks go on", async () => {
    const stream = await openStream(bench.sandbox);

    await bench.order("feed", { kind: "unreachable" });

    expect((await stream.closed).code).toBe(1006);
    expect(await failureOf(openStream(bench.sandbox))).toBe("ECONNREFUSED");
    const { seq, cut } = await bench.feed();
    expect(cut).toBe(1);
    await reaches(seq + 5);
    await bench.clear("feed");
    (await openStream(bench.sandbox))[Symbol.dispose]();
  });

  test("unreachable with forMs ends by itself", async () => {
    await bench.order("feed", { kind: "unreachable", forMs: 500 });
    expect(await failureOf(openStream(bench.sandbox))).toBe("ECONNREFUSED");

    await eventually(async () => (await bench.faults("feed"))[0]?.active).toBe(false);
    await eventually(() => isReachable(bench.sandbox.feed.url)).toBe(true);
  });

  test("in a black hole nothing is read, written or ponged; when it ends nothing was lost", async () => {
    using stream = await openStream(bench.sandbox);
    stream.say({ ...subscribe, after: 0 });
    await stream.first(({ seq }) => seq === 20);
    let pongs = 0;
    stream.socket.on("pong", () => pongs++);

    await bench.order("feed", { kind: "black-hole" });
    const { seq: heldAt } = await bench.feed();
    stream.socket.ping();
    stream.say({ action: "ping", id: 1 });
    await reaches(heldAt + 50);

    expect(stream.socket.readyState).toBe(WebSocket.OPEN);
    expect(pongs).toBe(0);
    expect(stream.messages.some(({ type }) => type === "pong")).toBe(false);
    expect(stream.ticks().at(-1)).toBeLessThanOrEqual(heldAt);
    expect((await bench.feed()).connections).toBe(1);

    await bench.clear("feed");
    await stream.first(({ type }) => type === "pong");
    await stream.first(({ seq }) => seq === heldAt + 50);
    expect(pongs).toBe(1);
    expect(stream.ticks().slice(0, heldAt + 50)).toEqual(range(1, heldAt + 50));
  });

  test("a black hole leaves new streams alone", async () => {
    await bench.order("feed", { kind: "black-hole" });
    using stream = await openStream(bench.sandbox);

    stream.say({ action: "ping", id: 1 });

    expect(await stream.first(() => true)).toEqual({ type: "pong", id: 1 });
  });

  test("a black hole with alsoNew does not answer handshakes before its time is over", async () => {
    const startedAt = performance.now();
    await bench.order("feed", { kind: "black-hole", alsoNew: true, forMs: 200 });

    using stream = await openStream(bench.sandbox);

    expect(performance.now() - startedAt).toBeGreaterThan(195);
    expect(stream.socket.readyState).toBe(WebSocket.OPEN);
  });

  test("two black holes over one stream end with the later", async () => {
    using stream = await openStream(bench.sandbox);
    await bench.order("feed", { kind: "black-hole", forMs: 20 });
    await bench.order("feed", { kind: "black-hole" });
    stream.say({ action: "ping", id: 1 });

    await eventually(async () => (await bench.faults("feed"))[0]?.active).toBe(false);
    await reaches((await bench.feed()).seq + 10);
    expect(stream.messages).toEqual([]);

    await bench.clear("feed");
    expect(await stream.first(() => true)).toEqual({ type: "pong", id: 1 });
  });
});

test("health is asked over HTTP on the port of the feed", async () => {
  expect(await bench.send(`${bench.sandbox.feed.url.replace("ws:", "http:")}/health`)).toMatchObject({
    status: 200,
    body: { status: "pass" },
  });
});
