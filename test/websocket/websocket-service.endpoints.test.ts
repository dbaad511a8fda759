import { describe, expect, test } from "vitest";
import { subscribe } from "../../src/core/events.ts";
import type { WebSocketServiceOptions } from "../../src/websocket/options.ts";
import type { AttemptContext } from "../../src/websocket/dial/per-attempt.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { deduping, startNumberedFeed, Ticks } from "./numbered-feed.ts";
import { answer, Feed, type Peer, startPeer, thrownBy, turns, until, upgradeAnswer } from "./peer.ts";

/** Refuses while `status` says so. */
async function startGate(status: number | undefined): Promise<Peer & { status: number | undefined }> {
  const peer = await startPeer({
    refuse: (socket) => gate.status !== undefined && answer(socket, gate.status),
  });
  const gate = Object.assign(peer, { status });
  return gate;
}

const listed = (...peers: readonly Peer[]) => ({ baseUrl: undefined, endpoints: peers.map(({ url }) => `${url}/x`) });

/** How long the stream waits for its next dial. */
function waitOf(feed: Feed, clock: VirtualClock): number | undefined {
  const { state } = feed;
  if (state.name !== "connecting" && state.name !== "reconnecting") return undefined;
  return state.step.at === "waiting" ? Math.round(state.step.until - clock.now()) : undefined;
}

test("endpoints are tried in their order, and the backoff grows only when all have been tried", async () => {
  const clock = new VirtualClock();
  await using first = await startGate(503);
  await using second = await startGate(503);
  await using feed = new Feed("", { ...listed(first, second), clock, random: () => 0.5, reconnect: {} });
  const failed = thrownBy(feed.connect());
  const waits: (number | undefined)[] = [];
  for (let attempt = 1; attempt <= 6; attempt++) {
    await until(() => feed.errors.length === attempt);
    waits.push(waitOf(feed, clock));
    await clock.advance(waits.at(-1) ?? 0);
  }
  expect(waits).toEqual([250, 250, 500, 500, 1_000, 1_000]);
  await until(() => first.requests.length + second.requests.length === 7);
  expect([first.requests.length, second.requests.length]).toEqual([4, 3]);
  await feed.close();
  await failed;
});

test("a refusal for good at one endpoint leads to the next one", async () => {
  await using wrong = await startGate(404);
  await using right = await startGate(undefined);
  await using feed = new Feed("", listed(wrong, right));
  await feed.connect();
  expect([wrong.requests.length, right.connections.length]).toEqual([1, 1]);
  expect(feed.errors).toMatchObject([{ error: { status: 404 } }]);
});

test("the stream fails when every endpoint in a row has refused for good, with the last refusal", async () => {
  await using one = await startGate(404);
  await using two = await startGate(410);
  await using feed = new Feed("", listed(one, two));
  expect(await thrownBy(feed.connect())).toMatchObject({ status: 410 });
  expect([one.requests.length, two.requests.length, feed.state.name]).toEqual([1, 1, "idle"]);
});

test("an endpoint that may come back keeps the stream from failing", async () => {
  await using wrong = await startGate(404);
  await using down = await startGate(503);
  await using feed = new Feed("", listed(wrong, down));
  const connected = feed.connect();
  await until(() => wrong.requests.length >= 3);
  down.status = undefined;
  await connected;
  expect(down.connections.length).toBe(1);
});

test("a connection that does not last sends the stream to the next endpoint, one that was stable to the first", async () => {
  const clock = new VirtualClock();
  await using first = await startGate(undefined);
  await using second = await startGate(undefined);
  await using feed = new Feed("", { ...listed(first, second), clock, pingIntervalMs: false });
  const reopened = async (generation: number): Promise<void> => {
    await until(() => feed.state.name === "reconnecting");
    await clock.advance(5);
    await until(() => feed.state.name === "open" && feed.state.generation === generation);
  };
  await feed.connect();
  first.connections[0]?.terminate();
  await reopened(2);
  expect(second.connections.length).toBe(1);
  await clock.advance(10_000);
  second.connections[0]?.terminate();
  await reopened(3);
  expect([first.connections.length, second.connections.length]).toEqual([2, 1]);
});

describe("back to the first endpoint", () => {
  test("goes a stream that can rotate, after returnAfterMs, make before break", async () => {
    const clock = new VirtualClock();
    await using first = await startNumberedFeed({
      refuse: (socket, _request, number) => number === 1 && answer(socket, 503),
    });
    await using second = await startNumberedFeed();
    await using ticks = new Ticks("", {
      ...deduping,
      clock,
      pingIntervalMs: false,
      reconnect: { baseDelayMs: 1, maxDelayMs: 1, returnAfterMs: 60_000 },
      endpoints: [first.url, second.url],
    });
    const connected = ticks.connect();
    await until(() => ticks.errors.length === 1);
    await clock.advance(1);
    await connected;
    second.publish(2);
    await until(() => ticks.got.length === 2);
    await clock.advance(59_999);
    expect(first.requests.length).toBe(1);
    await clock.advance(1);
    await until(() => ticks.state.generation === 3 && second.open.size === 0);
    first.sent.push(1, 2);
    first.publish();
    await until(() => ticks.got.length === 3);
    expect([ticks.got, ticks.ended]).toEqual([[1, 2, 3], [{ willReconnect: true }]]);
    // There it stays.
    await clock.advance(600_000);
    expect(ticks.state.generation).toBe(3);
  });

  test("goes no stream that cannot rotate", async () => {
    const clock = new VirtualClock();
    await using first = await startGate(503);
    await using second = await startGate(undefined);
    await using feed = new Feed("", { ...listed(first, second), clock, pingIntervalMs: false });
    const connected = feed.connect();
    await until(() => feed.errors.length === 1);
    await clock.advance(5);
    await connected;
    first.status = undefined;
    await clock.advance(600_000);
    expect([first.requests.length, feed.state.generation]).toEqual([1, 2]);
  });
});

test("a function of endpoints is asked on each attempt, and may give other ones", async () => {
  await using first = await startGate(503);
  await using second = await startGate(undefined);
  const asked: Omit<AttemptContext, "signal">[] = [];
  await using feed = new Feed("", {
    baseUrl: undefined,
    endpoints: async ({ signal: _signal, ...context }) => {
      asked.push(context);
      return context.attempt === 1 ? [first.url] : [second.url];
    },
  });
  await feed.connect();
  expect(asked).toEqual([
    { attempt: 1, endpoint: 0, isRenewed: false },
    { attempt: 2, endpoint: 1, isRenewed: false },
  ]);
  expect(second.connections.length).toBe(1);
});

test("the signal of an attempt aborts when the attempt is over, whichever way", async () => {
  const clock = new VirtualClock();
  await using peer = await startPeer({
    refuse: (socket, _request, number) => {
      if (number === 2) socket.destroy();
      return number === 2 || (number === 1 && answer(socket, 503));
    },
  });
  const signals: AbortSignal[] = [];
  const seen: boolean[][] = [];
  const look = (): void => void seen.push(signals.map(({ aborted }) => aborted));
  await using feed = new Feed(peer.url, {
    clock,
    headers: async ({ signal }) => {
      signals.push(signal);
      look();
      return signals.length === 3 ? new Promise<never>(() => undefined) : {};
    },
  });
  const connected = feed.connect();
  while (feed.state.name !== "open") {
    await clock.advance(feed.errors.length === 2 ? 10_000 : 5);
    await turns(5);
  }
  await connected;
  look();
  expect(seen).toEqual([
    [false],
    [true, false],
    [true, true, false],
    [true, true, true, false],
    [true, true, true, true],
  ]);
  expect([peer.connections.length, feed.errors.map(({ error }) => (error as { code: string }).code)]).toEqual([
    1,
    ["response-status", "connection-reset", "timeout-connect"],
  ]);
});

test("each attempt is told of once, with its endpoint and without the query", async () => {
  const told: unknown[] = [];
  const stop = subscribe("hawser:stream:attempt", ({ service, endpoint, code }) => {
    if (service === "feed") told.push([endpoint, code]);
  });
  await using first = await startGate(503);
  await using second = await startGate(undefined);
  await using feed = new Feed("", { baseUrl: undefined, endpoints: [`${first.url}/a?k=s3cr3t`, `${second.url}/b`] });
  await feed.connect();
  stop();
  expect(told).toEqual([
    [`${first.url}/a`, "response-status"],
    [`${second.url}/b`, undefined],
  ]);
});

/** Holds every upgrade request until the test answers it. */
async function startSlow(): Promise<Peer & { readonly held: (() => void)[] }> {
  const held: (() => void)[] = [];
  const peer = await startPeer({
    refuse: (socket, { headers }) => {
      socket.resume().on("end", () => socket.destroy());
      held.push(() => void socket.write(upgradeAnswer(headers["sec-websocket-key"] ?? "")));
      return true;
    },
  });
  return Object.assign(peer, { held });
}

const stageOf = ({ state }: Feed): unknown =>
  state.name === "connecting" && state.step.at === "dialing" ? state.step.stage : undefined;

describe("the turn", () => {
  /** Ten who dial, and one who waits for one of them. */
  async function queued(url: string, options: Partial<WebSocketServiceOptions> = {}) {
    const clock = new VirtualClock();
    const ten = Array.from({ length: 10 }, () => new Feed(url, { closeTimeoutMs: 1 }));
    const connecting = Promise.all(ten.map(async (feed) => feed.connect().catch(() => undefined)));
    const waiting = new Feed(url, { clock, ...options });
    const close = async (): Promise<void> => {
      await Promise.all(ten.map(async (feed) => feed.close()));
      await connecting;
    };
    return { clock, waiting, ten, close };
  }

  test("is waited for without the connect limit, which begins with the attempt", async () => {
    await using peer = await startSlow();
    const { clock, waiting, close } = await queued(peer.url, { startTimeoutMs: 100_000, reconnect: false });
    const failed = thrownBy(waiting.connect());
    await clock.advance(50_000);
    expect(stageOf(waiting)).toBe("turn");
    await until(() => peer.held.length === 10);
    peer.held[0]?.();
    await until(() => peer.held.length === 11);
    await clock.advance(9_999);
    expect(waiting.state.name).toBe("connecting");
    await clock.advance(1);
    expect(await failed).toMatchObject({ code: "timeout-connect", phase: "open" });
    await close();
  });

  test("is not waited for beyond the start limit", async () => {
    await using peer = await startSlow();
    const { clock, waiting, close } = await queued(peer.url);
    const failed = thrownBy(waiting.connect());
    await clock.advance(30_000);
    expect(await failed).toMatchObject({ code: "timeout-start", phase: "start", outcome: "not-sent" });
    expect([waiting.state.name, clock.timers]).toEqual(["idle", 0]);
    await close();
  });

  test("is given up by close(), and goes to nobody who has left", async () => {
    await using peer = await startSlow();
    const { waiting, clock, close } = await queued(peer.url);
    const failed = thrownBy(waiting.connect());
    await until(() => stageOf(waiting) === "turn" && peer.held.length === 10);
    await waiting.close();
    expect(await failed).toMatchObject({ code: "unavailable-draining" });
    expect([waiting.state.name, clock.timers]).toEqual(["closed", 0]);
    for (const open of peer.held.splice(0)) open();
    await turns(20);
    expect(peer.requests.length).toBe(10);
    await close();
  });

  test("is given back by an attempt that is given up", async () => {
    await using peer = await startSlow();
    const { waiting, ten, close } = await queued(peer.url);
    const failed = thrownBy(waiting.connect());
    await until(() => peer.held.length === 10);
    await ten[3]?.close();
    await until(() => peer.held.length === 11);
    expect(peer.requests.length).toBe(11);
    await waiting.close();
    await failed;
    await close();
  });

  test("is given back when the socket is open: an onConnect that takes its time holds up nobody", async () => {
    await using peer = await startPeer();
    const feeds = Array.from({ length: 11 }, () => new Feed(peer.url));
    for (const feed of feeds.slice(0, 10)) feed.greet = () => new Promise<void>(() => undefined);
    const connecting = feeds.map(async (feed) => feed.connect().catch(() => undefined));
    await connecting[10];
    expect(feeds[10]?.state.name).toBe("open");
    await Promise.all(feeds.map(async (feed) => feed.close()));
    await Promise.all(connecting);
  });

  test("is the host's: a stream to another one does not wait", async () => {
    await using peer = await startSlow();
    await using other = await startPeer();
    const { close } = await queued(peer.url);
    await using feed = new Feed(other.url);
    await feed.connect();
    expect(feed.state.name).toBe("open");
    await close();
  });

  test("a hundred streams that are dropped at once come back ten at a time", async () => {
    let [under, most, isHeld] = [0, 0, false];
    const held: (() => void)[] = [];
    await using peer = await startPeer({
      refuse: (socket, request) => {
        if (!isHeld) return false;
        most = Math.max(most, ++under);
        held.push(() => {
          under--;
          const key = request.headers["sec-websocket-key"] ?? "";
          socket.resume().on("end", () => socket.destroy());
          socket.write(upgradeAnswer(key));
        });
        return true;
      },
    });
    const feeds = Array.from({ length: 100 }, (_, i) => new Feed(peer.url, { name: `feed ${i}`, closeTimeoutMs: 1 }));
    await Promise.all(feeds.map(async (feed) => feed.connect()));
    isHeld = true;
    for (const ws of peer.connections) ws.terminate();
    let answered = 0;
    while (answered < 100) {
      await until(() => under === Math.min(10, 100 - answered));
      await turns(5);
      const next = held.splice(0);
      answered += next.length;
      for (const open of next) open();
    }
    await until(() => feeds.every((feed) => feed.state.name === "open" && feed.state.generation > 1));
    expect(most).toBe(10);
    await Promise.all(feeds.map(async (feed) => feed.close()));
  });
});
