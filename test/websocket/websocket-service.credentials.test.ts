import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { AttemptAuth, AuthRequest, Credentials } from "../../src/core/auth/provider.ts";
import type { AttemptContext } from "../../src/websocket/dial/per-attempt.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { resuming, startNumberedFeed, Ticks } from "./numbered-feed.ts";
import { answer, Feed, type Peer, startPeer, thrownBy, until } from "./peer.ts";

/** One token after the other; `renew` answers what `renewed` does. */
function tokens(renewed: () => boolean | Promise<boolean> = () => true) {
  const calls = { applied: [] as AuthRequest[], refused: [] as Credentials[], signals: [] as AbortSignal[] };
  let token = 1;
  const auth: AttemptAuth = {
    name: "tokens",
    apply: (request) => {
      calls.applied.push(request);
      return { headers: { authorization: `Bearer t${token}` } };
    },
    renew: async (refused, { signal }) => {
      calls.refused.push(refused);
      calls.signals.push(signal);
      token++;
      return renewed();
    },
  };
  return { auth, calls };
}

/** Takes these tokens alone. */
const startGuarded = (...accepted: readonly string[]) =>
  startPeer({
    refuse: (socket, { headers }) =>
      !accepted.includes(headers.authorization?.slice("Bearer ".length) ?? "") &&
      answer(socket, 401, ["www-authenticate: Bearer"], "expired"),
  });

const tokensOf = ({ requests }: Peer): unknown[] => requests.map(({ headers }) => headers.authorization);

test("a refused token is renewed once, and the stream is dialled again at once", async () => {
  const clock = new VirtualClock();
  await using peer = await startGuarded("t2");
  const { auth, calls } = tokens();
  await using feed = new Feed(peer.url, { auth, clock, reconnect: {} });
  await feed.connect();
  expect(tokensOf(peer)).toEqual(["Bearer t1", "Bearer t2"]);
  expect(calls.refused).toEqual([{ headers: { authorization: "Bearer t1" } }]);
  expect(clock.now()).toBe(0);
  expect(feed.errors).toMatchObject([{ error: { status: 401 }, from: { consumer: "connection" } }]);
});

test("a second 401 in a row is fatal, with status, headers and body, and no token in it", async () => {
  await using peer = await startGuarded();
  const { auth, calls } = tokens();
  await using feed = new Feed(peer.url, { auth });
  const error = await thrownBy(feed.connect());
  expect(error).toMatchObject({
    code: "response-status",
    status: 401,
    headers: { "www-authenticate": "Bearer" },
    body: "expired",
    phase: "open",
    retryable: false,
  });
  expect([calls.refused.length, peer.requests.length, feed.state.name]).toEqual([1, 2, "idle"]);
  expect(inspect(error, { depth: 9 })).not.toMatch(/t1|t2/);
});

test.each([
  ["has no others", (): boolean => false],
  ["rejects", (): Promise<never> => Promise.reject(new Error("token service down"))],
] as const)("a provider that %s leaves the refusal as it is", async (_what, renewed) => {
  await using peer = await startGuarded();
  await using feed = new Feed(peer.url, { auth: tokens(renewed).auth });
  expect(await thrownBy(feed.connect())).toMatchObject({ status: 401 });
  expect(peer.requests.length).toBe(1);
});

test("a renewal that never settles ends by the connect limit, with the refusal, and its signal aborts", async () => {
  const clock = new VirtualClock();
  await using peer = await startGuarded();
  const { auth, calls } = tokens(() => new Promise<never>(() => undefined));
  await using feed = new Feed(peer.url, { auth, clock });
  const refused = thrownBy(feed.connect());
  await until(() => calls.refused.length === 1);
  await clock.advance(10_000);
  expect(await refused).toMatchObject({ status: 401 });
  expect([calls.signals[0]?.aborted, clock.timers]).toEqual([true, 0]);
});

test("close() while credentials are renewed ends it", async () => {
  await using peer = await startGuarded();
  const { auth, calls } = tokens(() => new Promise<never>(() => undefined));
  const feed = new Feed(peer.url, { auth });
  const refused = thrownBy(feed.connect());
  await until(() => calls.refused.length === 1);
  await feed.close();
  expect(await refused).toMatchObject({ code: "unavailable-draining" });
  expect([calls.signals[0]?.aborted, feed.state.name]).toEqual([true, "closed"]);
});

test("close code 3000 renews like a 401 does, and again only after a connection that was stable", async () => {
  const clock = new VirtualClock();
  await using peer = await startPeer();
  const { auth, calls } = tokens();
  await using feed = new Feed(peer.url, { auth, clock, reconnect: {}, pingIntervalMs: false });
  await feed.connect();
  await clock.advance(10_000);
  peer.connections[0]?.close(3000);
  await until(() => feed.state.generation === 2 && feed.state.name === "open");
  await clock.advance(10_000);
  peer.connections[1]?.close(3000);
  await until(() => feed.state.generation === 3 && feed.state.name === "open");
  expect([tokensOf(peer), calls.refused.length]).toEqual([["Bearer t1", "Bearer t2", "Bearer t3"], 2]);
  expect(feed.ended).toMatchObject([
    { code: 3000, willReconnect: true },
    { code: 3000, willReconnect: true },
  ]);
  peer.connections[2]?.close(3000);
  await until(() => feed.state.name === "failed");
  expect(feed.state).toMatchObject({ error: { closeCode: 3000 } });
});

test("what a provider throws is a failed attempt, and it is asked again on the next", async () => {
  await using peer = await startPeer();
  let asked = 0;
  await using feed = new Feed(peer.url, {
    auth: () => {
      if (++asked === 1) throw new Error("token service down");
      return { headers: { authorization: "Bearer t" } };
    },
  });
  await feed.connect();
  expect(feed.errors).toMatchObject([{ error: { code: "unavailable-no-credentials", outcome: "not-sent" } }]);
});

describe("without auth, a function that makes the credentials is asked again after a refusal, and is told", () => {
  test("headers", async () => {
    await using peer = await startGuarded("fresh");
    const asked: AttemptContext[] = [];
    await using feed = new Feed(peer.url, {
      headers: (context) => {
        asked.push(context);
        return { authorization: context.isRenewed ? "Bearer fresh" : "Bearer kept" };
      },
    });
    await feed.connect();
    expect(asked).toMatchObject([{ isRenewed: false }, { isRenewed: true }]);
    expect(tokensOf(peer)).toEqual(["Bearer kept", "Bearer fresh"]);
  });

  test("an endpoint, with its query", async () => {
    await using peer = await startPeer({ refuse: (socket, { url }) => url !== "/ws?k=fresh" && answer(socket, 401) });
    await using feed = new Feed(peer.url, { endpoint: ({ isRenewed }) => `/ws?k=${isRenewed ? "fresh" : "kept"}` });
    await feed.connect();
    expect(peer.requests.map(({ url }) => url)).toEqual(["/ws?k=kept", "/ws?k=fresh"]);
  });

  test("once in a row: a second refusal is fatal", async () => {
    await using peer = await startGuarded();
    let asked = 0;
    await using feed = new Feed(peer.url, { headers: () => ({ authorization: `Bearer t${++asked}` }) });
    expect(await thrownBy(feed.connect())).toMatchObject({ status: 401 });
    expect([asked, peer.requests.length]).toEqual([2, 2]);
  });

  test("not where a provider was asked, and has no others", async () => {
    await using peer = await startGuarded();
    const { auth } = tokens(() => false);
    await using feed = new Feed(peer.url, { auth, headers: () => ({ "x-own": "1" }) });
    await thrownBy(feed.connect());
    expect(peer.requests.length).toBe(1);
  });

  test("not where nothing would be another", async () => {
    await using peer = await startGuarded();
    await using feed = new Feed(peer.url, { apiKey: "k", headers: { "x-own": "1" } });
    await thrownBy(feed.connect());
    expect(peer.requests.length).toBe(1);
  });
});

test("a successor that is refused for its credentials renews them, and is dialled again after the wait", async () => {
  await using feed = await startNumberedFeed({
    refuse: (socket, { headers }, number) => number > 1 && headers["x-key"] !== "fresh" && answer(socket, 401),
  });
  await using ticks = new Ticks(feed.url, {
    ...resuming,
    headers: ({ isRenewed }) => ({ "x-key": isRenewed ? "fresh" : "kept" }),
  });
  await ticks.connect();
  ticks.rotateNow();
  await until(() => ticks.state.generation === 3);
  expect(feed.requests.map(({ headers }) => headers["x-key"])).toEqual(["kept", "kept", "fresh"]);
});
