import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../support/virtual-clock.ts";
import { startProxy } from "./connect-proxy.ts";
import { answer, Feed, type Peer, startPeer, startRaw, thrownBy, turns, until, upgradeAnswer } from "./peer.ts";

describe("one limit holds for all of connecting, and the error says where it passed", () => {
  /** Reads the request, and does what the test says with the answer that it should give. */
  const startAnswering = (answerWith: (socket: Socket, answer: string) => void): Promise<Peer> =>
    startRaw((socket) =>
      socket.once("data", (request: Buffer) => {
        const key = /^sec-websocket-key: (.*)$/im.exec(request.toString())?.[1]?.trim() ?? "";
        answerWith(socket.resume(), upgradeAnswer(key));
      }),
    );

  /** Lets the limit pass in steps, so that what trickles does. */
  async function limitOf(feed: Feed, clock: VirtualClock, step: () => void = () => undefined): Promise<unknown> {
    const failed = thrownBy(feed.connect());
    await until(() => feed.state.name === "connecting" && "step" in feed.state && !isAtTurn(feed));
    for (let passed = 0; passed < 10_000; passed += 1_000) {
      expect(feed.state.name).toBe("connecting");
      step();
      await turns(3);
      await clock.advance(1_000);
    }
    const error = await failed;
    expect([feed.state.name, clock.timers]).toEqual(["idle", 0]);
    return error;
  }
  const isAtTurn = ({ state }: Feed): boolean =>
    state.name === "connecting" && state.step.at === "dialing" && state.step.stage === "turn";
  const never = (): Promise<never> => new Promise<never>(() => undefined);

  test.each([
    ["endpoint", { endpoint: never }, "the endpoint provider"],
    ["endpoints", { baseUrl: undefined, endpoints: never }, "the endpoint provider"],
    ["headers", { headers: never }, "the headers provider"],
    ["protocols", { protocols: never }, "the protocols provider"],
    ["auth", { auth: never }, "the credentials"],
  ])("a function of %s that never settles", async (_name, options, awaited) => {
    const clock = new VirtualClock();
    const feed = new Feed("ws://127.0.0.1:9", { clock, reconnect: false, ...options });
    const error = await limitOf(feed, clock);
    expect(error).toMatchObject({ code: "timeout-connect", phase: "connect", outcome: "not-sent", limitMs: 10_000 });
    expect(String(error)).toContain(`waiting for ${awaited}`);
  });

  test("functions that take four seconds each: none of them begins the limit anew", async () => {
    const clock = new VirtualClock();
    const slowly = <T>(value: T): Promise<T> => new Promise((resolve) => clock.setTimer(4_000, () => resolve(value)));
    const feed = new Feed("ws://127.0.0.1:9", {
      clock,
      reconnect: false,
      endpoint: () => slowly("/"),
      headers: () => slowly({}),
      protocols: () => slowly(["v1"]),
    });
    const failed = thrownBy(feed.connect());
    await until(() => feed.state.name === "connecting" && !isAtTurn(feed));
    await clock.advance(9_999);
    expect(feed.state.name).toBe("connecting");
    await clock.advance(1);
    expect(String(await failed)).toContain("passed while waiting for the protocols provider");
  });

  test("a server that never answers the upgrade", async () => {
    const clock = new VirtualClock();
    await using peer = await startRaw((socket) => void socket.resume());
    const error = await limitOf(new Feed(peer.url, { clock, reconnect: false }), clock);
    expect(error).toMatchObject({ code: "timeout-connect", phase: "open" });
    expect(String(error)).toContain("waiting for the answer to the upgrade request");
  });

  test("a 101 that trickles in byte by byte", async () => {
    const clock = new VirtualClock();
    let trickle = (): void => undefined;
    await using peer = await startAnswering((socket, text) => {
      let at = 0;
      trickle = () => void socket.write(text[at++] ?? "");
    });
    const error = await limitOf(new Feed(peer.url, { clock, reconnect: false }), clock, () => trickle());
    expect(error).toMatchObject({ code: "timeout-connect", phase: "open" });
  });

  test("a proxy that never answers, and a server behind one that does not", async () => {
    const clock = new VirtualClock();
    await using silent = await startProxy({ refuse: () => true });
    const feed = new Feed("ws://127.0.0.1:9", { clock, reconnect: false, proxy: silent.url });
    const error = await limitOf(feed, clock);
    expect(error).toMatchObject({ code: "timeout-connect", phase: "connect" });
    expect(String(error)).toContain("waiting for the proxy's answer");

    const later = new VirtualClock();
    await using peer = await startRaw((socket) => void socket.resume());
    await using proxy = await startProxy();
    const behind = new Feed(peer.url, { clock: later, reconnect: false, proxy: proxy.url });
    expect(await limitOf(behind, later)).toMatchObject({ code: "timeout-connect", phase: "open" });
  });

  test("an onConnect that waits for an answer that never comes", async () => {
    const clock = new VirtualClock();
    await using peer = await startPeer();
    const feed = new Feed(peer.url, { clock, reconnect: false });
    feed.greet = async () => void (await feed.once(() => false));
    const error = await limitOf(feed, clock);
    expect(error).toMatchObject({ code: "timeout-connect", phase: "open" });
    expect(String(error)).toContain("waiting for onConnect");
    expect(feed.ended).toMatchObject([{ error: { code: "timeout-connect" }, willReconnect: false }]);
  });

  test("a subscription that is never confirmed", async () => {
    const clock = new VirtualClock();
    await using peer = await startPeer();
    const feed = new Feed(peer.url, {
      clock,
      reconnect: false,
      subscriptions: { subscribe: (keys) => ({ keys }), confirmedBy: () => undefined },
    });
    const subscribed = thrownBy(feed.subscribe("a", undefined, { timeoutMs: 60_000 }));
    const error = await limitOf(feed, clock);
    expect(error).toMatchObject({ code: "timeout-connect", phase: "open" });
    expect(String(error)).toContain("the subscriptions");
    expect(await subscribed).toMatchObject({ code: "connection-not-connected", cause: { code: "timeout-connect" } });
    expect(peer.received).toEqual(['{"keys":["a"]}']);
  });
});

describe("a function that gives what cannot be used is a mistake, and not tried again", () => {
  test.each([
    ["endpoint", { endpoint: () => 7 as never }, "endpoint must be a string"],
    ["endpoint", { endpoint: () => "//elsewhere.example/" }, "endpoint"],
    ["endpoints", { baseUrl: undefined, endpoints: () => [] }, "endpoints must name at least one URL"],
    ["endpoints", { baseUrl: undefined, endpoints: () => ["ftp://a.example"] }, "endpoints[0] must be a URL"],
    ["headers", { headers: () => undefined as never }, "headers must be an object"],
    ["headers", { headers: () => ({ "sec-websocket-key": "x" }) }, "belongs to the WebSocket handshake"],
    ["protocols", { protocols: () => "v1" as never }, "protocols must be an array"],
    ["protocols", { protocols: () => ["v1", "v1"] }, "protocols must not name one twice"],
    ["auth", { auth: () => 7 as never }, "the auth provider"],
  ])("%s", async (_name, options, problem) => {
    const feed = new Feed("ws://127.0.0.1:9", options);
    const error = await thrownBy(feed.connect());
    expect(String(error)).toContain(problem);
    expect([error, feed.state.generation]).toMatchObject([{ retryable: false }, 1]);
  });

  test("what rejects with anything at all is a failed attempt with that as its cause", async () => {
    const feed = new Feed("ws://127.0.0.1:9", { reconnect: false, protocols: () => Promise.reject("no") });
    expect(await thrownBy(feed.connect())).toMatchObject({
      code: "connection-connect",
      outcome: "not-sent",
      cause: "no",
    });
  });
});

test("a refused upgrade has its status, headers and body in the error, through a proxy too", async () => {
  await using peer = await startPeer({
    refuse: (socket) =>
      answer(socket, 426, ["upgrade: v9", "content-type: application/problem+json"], '{"title":"old"}'),
  });
  await using proxy = await startProxy();
  for (const options of [{}, { proxy: proxy.url }]) {
    const error = await thrownBy(new Feed(peer.url, options).connect());
    expect(error).toMatchObject({
      code: "response-status",
      status: 426,
      headers: { upgrade: "v9" },
      body: { title: "old" },
      phase: "open",
      outcome: "rejected",
    });
  }
});

test("the body of a refusal that does not end is waited for a second, and the status is kept", async () => {
  const clock = new VirtualClock();
  await using peer = await startRaw((socket) =>
    socket.once("data", () => socket.write("HTTP/1.1 403 No\r\ncontent-length: 100\r\n\r\nbecause")),
  );
  const feed = new Feed(peer.url, { clock });
  const failed = thrownBy(feed.connect());
  await until(() => clock.timers > 3);
  await clock.advance(1_000);
  expect(await failed).toMatchObject({ status: 403, body: "because" });
});

test("an answer that is no upgrade is a passing fault, with what is wrong with it", async () => {
  const answers = ["HTTP/1.1 101 Switching Protocols\r\n\r\n", "SSH-2.0-OpenSSH\r\n\r\n", upgradeAnswer("wrong")];
  for (const text of answers) {
    await using peer = await startRaw((socket) => socket.once("data", () => socket.write(text)));
    const error = await thrownBy(new Feed(peer.url, { reconnect: false }).connect());
    expect(error).toMatchObject({ code: "connection-protocol", phase: "open", outcome: "not-sent", retryable: true });
  }
});
