import { inspect } from "node:util";
import { expect, test } from "vitest";
import type { ServiceResponseError } from "../../src/core/errors.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { startProxy } from "./connect-proxy.ts";
import { answer, Feed, startPeer, startRaw, thrownBy, until, upgradeAnswer } from "./peer.ts";

test("a black hole is found by pings, and the stream reconnects", async () => {
  await using peer = await startRaw((socket) => {
    // Upgrades, then never says another word; the client's bytes are read and dropped.
    socket.once("data", (request) => {
      const key = /sec-websocket-key: (.*)\r\n/i.exec(String(request))?.[1] ?? "";
      socket.write(upgradeAnswer(key));
    });
  });
  await using feed = new Feed(peer.url, { pingIntervalMs: 20, pingTimeoutMs: 20, closeTimeoutMs: 20 });
  await feed.connect();
  await until(() => feed.connects >= 2);
  expect(feed.ended[0]).toMatchObject({ error: { code: "timeout-pong" }, willReconnect: true });
});

test("pings keep a healthy connection, and their round-trip time is known", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url, { pingIntervalMs: 5, pingTimeoutMs: 5_000 });
  let pings = 0;
  await feed.connect();
  peer.connections[0]?.on("ping", () => pings++);
  await until(() => pings >= 3);
  const health = await feed.checkHealth();
  expect(health).toMatchObject({ status: "pass", state: "open", details: { generation: 1, reconnects: 0 } });
  expect(health.details?.["rttMs"]).toBeGreaterThan(0);
});

test("a service that accepts and then closes is not stormed", async () => {
  const clock = new VirtualClock();
  await using peer = await startPeer({ onConnection: (ws) => ws.close(1001) });
  await using feed = new Feed(peer.url, { clock, random: () => 0.999, reconnect: {} });
  await feed.connect();
  const delays: number[] = [];
  for (let round = 0; round < 6; round++) {
    await until(() => feed.state.name === "reconnecting" && feed.state.step.at === "waiting");
    const { state } = feed;
    const delayMs = state.name === "reconnecting" && state.step.at === "waiting" ? state.step.until - clock.now() : 0;
    delays.push(Math.round(delayMs));
    const { generation } = feed.state;
    await clock.advance(delayMs);
    await until(() => feed.state.generation > generation);
  }
  expect(delays).toEqual([500, 999, 1_998, 3_996, 7_992, 15_984]);
});

test("401 is fatal: connect rejects with status and body, and the service is idle again", async () => {
  await using peer = await startPeer({
    refuse: (socket) => answer(socket, 401, ["content-type: application/json"], '{"why":"key"}'),
  });
  const clock = new VirtualClock();
  await using feed = new Feed(peer.url, { apiKey: "sk-wrong", clock });
  const error = (await thrownBy(feed.connect())) as ServiceResponseError;
  expect(error).toMatchObject({
    code: "response-status",
    status: 401,
    phase: "open",
    outcome: "rejected",
    retryable: false,
  });
  expect(error.body).toEqual({ why: "key" });
  expect([feed.lifecycle, feed.state.name, clock.timers, peer.requests.length]).toEqual(["idle", "idle", 0, 1]);
  expect(peer.requests[0]?.headers.authorization).toBe("Bearer sk-wrong");
  expect(JSON.stringify(error) + String(error.stack)).not.toContain("sk-wrong");
});

test("503 is retried, not before its Retry-After has passed", async () => {
  const clock = new VirtualClock();
  await using peer = await startPeer({
    refuse: (socket, _request, number) => number === 1 && answer(socket, 503, ["retry-after: 7"]),
  });
  await using feed = new Feed(peer.url, { clock, random: () => 0, reconnect: {} });
  const connected = feed.connect();
  await until(() => feed.errors.length === 1);
  expect(feed.errors[0]).toMatchObject({
    error: { status: 503, retryAfterMs: 7_000 },
    from: { consumer: "connection" },
  });
  await clock.advance(6_999);
  expect(peer.requests.length).toBe(1);
  await clock.advance(1);
  await connected;
  expect(peer.requests.length).toBe(2);
});

test("429 is a rate limit error, and a start that would outlast its limit waiting ends at once", async () => {
  await using peer = await startPeer({ refuse: (socket) => answer(socket, 429, ["retry-after: 60"]) });
  await using feed = new Feed(peer.url, { reconnect: {} });
  expect(await thrownBy(feed.connect())).toMatchObject({ code: "rate-limited", retryAfterMs: 60_000 });
});

test("a refused first dial is repeated until the start limit, then connect throws the last error", async () => {
  await using feed = new Feed("ws://127.0.0.1:9", { startTimeoutMs: 400 });
  expect(await thrownBy(feed.connect())).toMatchObject({
    code: "connection-connect",
    phase: "connect",
    outcome: "not-sent",
  });
  expect(feed.errors.length).toBeGreaterThan(0);
  expect(feed.lifecycle).toBe("idle");
});

test("headers and subprotocols are computed for each attempt", async () => {
  await using peer = await startPeer({ refuse: (socket, _request, number) => number === 1 && answer(socket, 503) });
  const attempts: number[] = [];
  await using feed = new Feed(peer.url, {
    headers: ({ attempt }) => ({ "x-token": `t${attempts.push(attempt)}` }),
    protocols: () => Promise.resolve(["v2", "v1"]),
  });
  await feed.connect();
  expect(peer.requests.map(({ headers }) => headers["x-token"])).toEqual(["t1", "t2"]);
  expect([attempts, peer.connections[0]?.protocol]).toEqual([[1, 2], "v2"]);
});

test("what is done to headers and subprotocols after construction changes nothing", async () => {
  await using peer = await startPeer();
  const headers: Record<string, string> = { "x-desk": "7" };
  const protocols = ["v2"];
  await using feed = new Feed(peer.url, { headers, protocols });
  headers["x-desk"] = "8";
  protocols[0] = "v 1";
  await feed.connect();
  expect([peer.requests[0]?.headers["x-desk"], peer.connections[0]?.protocol]).toEqual(["7", "v2"]);
});

test("a provider that never settles ends in a typed error, and its signal aborts", async () => {
  await using peer = await startPeer();
  let given: AbortSignal | undefined;
  await using feed = new Feed(peer.url, {
    connectTimeoutMs: 20,
    reconnect: false,
    headers: async ({ signal }) => {
      given = signal;
      return new Promise<never>(() => undefined);
    },
  });
  const error = await thrownBy(feed.connect());
  expect(error).toMatchObject({ code: "timeout-connect", phase: "connect", outcome: "not-sent" });
  expect(String(error)).toContain("waiting for the headers provider");
  expect(given?.aborted).toBe(true);
});

test("a provider that settles after its attempt was given up opens no socket beside the next one", async () => {
  await using peer = await startPeer();
  const late: (() => void)[] = [];
  const clock = new VirtualClock();
  await using feed = new Feed(peer.url, {
    clock,
    headers: ({ attempt }) =>
      attempt > 1 ? { "x-attempt": "2" } : new Promise((resolve) => late.push(() => resolve({ "x-attempt": "1" }))),
  });
  const connected = feed.connect();
  await clock.advance(10_000);
  await clock.advance(5);
  await connected;
  late[0]?.();
  for (let turn = 0; turn < 20; turn++) await new Promise<void>((done) => setImmediate(done));
  expect(peer.requests.map(({ headers }) => headers["x-attempt"])).toEqual(["2"]);
  expect(feed.state).toMatchObject({ name: "open", generation: 2 });
});

test("an answer to the upgrade that comes after the connect limit opens nothing", async () => {
  const held: (() => void)[] = [];
  await using peer = await startRaw((socket) => {
    socket.once("data", (request) => {
      const key = /sec-websocket-key: (.*)\r\n/i.exec(String(request))?.[1] ?? "";
      const reply = (): void => void socket.write(upgradeAnswer(key));
      if (held.push(reply) > 1) reply();
    });
  });
  const clock = new VirtualClock();
  const feed = new Feed(peer.url, { clock });
  const connected = feed.connect();
  await until(() => held.length === 1);
  await clock.advance(10_000);
  await clock.advance(5);
  await connected;
  held[0]?.();
  for (let turn = 0; turn < 20; turn++) await new Promise<void>((done) => setImmediate(done));
  expect([feed.state.name, feed.state.generation, feed.connects]).toEqual(["open", 2, 1]);
  expect(feed.errors).toMatchObject([{ error: { code: "timeout-connect", phase: "open" } }]);
  const closed = feed.disconnect();
  await clock.advance(5_000);
  await closed;
});

test("a provider that rejects is a failed attempt, and the next one asks it again", async () => {
  await using peer = await startPeer();
  let asked = 0;
  await using feed = new Feed(peer.url, {
    headers: () => {
      if (++asked === 1) throw new Error("token service down");
      return {};
    },
  });
  await feed.connect();
  expect(feed.errors).toMatchObject([
    { error: { code: "connection-connect", cause: { message: "token service down" } } },
  ]);
});

test("a provider that makes what cannot be sent is a mistake, not a passing reason", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url, { headers: () => ({ "x-token": "a\r\nb" }) });
  expect(await thrownBy(feed.connect())).toMatchObject({ code: "configuration-invalid" });
  expect(peer.requests.length).toBe(0);
});

test("a stream that stood still with the process probes its connection instead of giving it up", async () => {
  const clock = new VirtualClock();
  await using peer = await startPeer();
  await using feed = new Feed(peer.url, { clock });
  let pings = 0;
  await feed.connect();
  peer.connections[0]?.on("ping", () => pings++);
  clock.jump(3_600_000);
  await clock.advance(0);
  await until(() => pings === 1 && feed.state.name === "open");
  await clock.advance(20_000);
  expect([feed.state.name, feed.state.generation]).toEqual(["open", 1]);
});

test("credentials of a provider go with the upgrade request, and the provider is given back at close", async () => {
  await using peer = await startPeer();
  const told: string[] = [];
  const feed = new Feed(peer.url, {
    auth: {
      name: "own",
      open: ({ service }) => {
        told.push(`opened for ${service}`);
        return {
          name: "own",
          apply: ({ attempt }) => ({ headers: { "x-key": `k${attempt}` } }),
          close: async () => void told.push("closed"),
        };
      },
    },
  });
  await feed.connect();
  expect([peer.requests[0]?.headers["x-key"], told]).toEqual(["k1", ["opened for feed"]]);
  await feed.close();
  expect(told).toEqual(["opened for feed", "closed"]);
});

test("a proxy that refuses makes connect reject with its status, and a stream through one works", async () => {
  await using peer = await startPeer({ onConnection: (ws) => ws.send("hello") });
  await using refusing = await startProxy({ refuse: (socket) => answer(socket, 407) });
  await using refused = new Feed(peer.url, { proxy: refusing.url.replace("//", "//user:s3cr3t@") });
  const error = await thrownBy(refused.connect());
  expect(error).toMatchObject({
    code: "connection-connect",
    phase: "connect",
    retryable: false,
    cause: { status: 407 },
  });
  expect(inspect(error)).not.toContain("s3cr3t");

  await using proxy = await startProxy();
  await using feed = new Feed(peer.url, { proxy: proxy.url });
  await feed.connect();
  await until(() => feed.got.length === 1);
  expect([feed.got, proxy.requests.length]).toEqual([["hello"], 1]);
});

test("the subprotocol that the service chose is known from onConnect on, and only while there is a connection", async () => {
  await using peer = await startRaw((socket) => {
    socket.once("data", (request: Buffer) => {
      const key = /sec-websocket-key: (.*)\r\n/i.exec(request.toString())?.[1] ?? "";
      socket.write(upgradeAnswer(key).replace("\r\n\r\n", "\r\nsec-websocket-protocol: v2\r\n\r\n"));
    });
  });
  const seen: unknown[] = [];
  const feed = new Feed(peer.url, { protocols: ["v3", "v2"], closeTimeoutMs: 50 });
  feed.greet = ({ protocol }) => void seen.push(protocol);
  seen.push(feed.protocol);
  await feed.connect();
  seen.push(feed.protocol);
  await feed.disconnect();
  expect([...seen, feed.protocol]).toEqual([undefined, "v2", "v2", undefined]);
});
