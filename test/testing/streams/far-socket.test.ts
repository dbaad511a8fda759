import { describe, expect, onTestFinished, test } from "vitest";
import { silentLogger } from "../../../src/core/logger.ts";
import { VirtualClock } from "../../../src/core/virtual-clock.ts";
import { type FakeSockets, fakeSockets } from "../../../src/testing/streams/fake-sockets.ts";
import type { FarSocket } from "../../../src/testing/streams/far-socket.ts";
import { type ScriptedServer, scriptedServer } from "../../../src/testing/streams/scripted-server.ts";
import type { WebSocketServiceOptions } from "../../../src/websocket/options.ts";
import { Feed, thrownBy, turns, until } from "../../websocket/peer.ts";

// One contract for both: what a stream sees of a fake socket is what it sees of one that goes over TCP.
interface Ground extends AsyncDisposable {
  feed(options?: Partial<WebSocketServiceOptions>): Feed;
  next(): Promise<FarSocket>;
  down(): Promise<void>;
}

const common = { logger: silentLogger, name: "feed" };

function overMemory(): Ground {
  const far: FakeSockets = fakeSockets();
  return {
    feed: (options) => new Feed("ws://feed.example", { ...common, transport: far.transport, ...options }),
    next: () => far.next(),
    down: async () => far.down(),
    [Symbol.asyncDispose]: async () => far[Symbol.dispose](),
  };
}

async function overTcp(): Promise<Ground> {
  const server: ScriptedServer = await scriptedServer();
  return {
    feed: (options) => new Feed(server.url, { ...common, ...options }),
    next: () => server.next(),
    down: () => server.stop(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A feed with an open connection, and its far side. */
async function opened(ground: Ground, options?: Partial<WebSocketServiceOptions>): Promise<[Feed, FarSocket]> {
  const feed = ground.feed(options);
  onTestFinished(() => feed.close());
  const connecting = feed.connect();
  const socket = (await ground.next()).accept();
  await connecting;
  return [feed, socket];
}

const once = { reconnect: false } as const;

describe.each([
  ["in memory", overMemory],
  ["over TCP", overTcp],
])("a far socket %s", (_name, groundFor) => {
  test("carries text, bytes and JSON both ways, in order", async () => {
    await using ground = await groundFor();
    const [feed, socket] = await opened(ground);
    await feed.send("text");
    await feed.send(new Uint8Array([1, 2, 3]));
    await feed.sendJson({ a: 1 });
    expect(await socket.nextMessage()).toBe("text");
    expect(await socket.nextMessage()).toEqual(new Uint8Array([1, 2, 3]));
    expect(await socket.nextJson()).toEqual({ a: 1 });
    expect(socket.received).toHaveLength(3);
    socket
      .send("one")
      .send(new Uint8Array([4]))
      .send({ b: 2 });
    await until(() => feed.got.length === 3);
    expect(feed.got).toEqual(["one", Buffer.from([4]), '{"b":2}']);
  });

  test("carries a message of a megabyte whole", async () => {
    await using ground = await groundFor();
    const [feed, socket] = await opened(ground);
    const large = "x".repeat(1_000_000);
    await feed.send(large);
    expect(await socket.nextMessage()).toBe(large);
    socket.send(large);
    await until(() => feed.got.length === 1);
    expect(feed.got[0]).toBe(large);
  });

  test("shows what was asked for, and hides credentials where it is shown", async () => {
    await using ground = await groundFor();
    await using feed = ground.feed({
      apiKey: "sk-hunter2",
      headers: { "x-tenant": "t1" },
      protocols: ["v2", "v1"],
      endpoint: "/live?token=hunter2",
    });
    const connecting = feed.connect();
    const socket = await ground.next();
    expect(socket.request.path).toBe("/live?token=hunter2");
    expect(socket.request.protocols).toEqual(["v2", "v1"]);
    expect(socket.request.headers).toMatchObject({ authorization: "Bearer sk-hunter2", "x-tenant": "t1" });
    const { inspect } = await import("node:util");
    const shown = `${inspect(socket, { depth: 9 })} ${JSON.stringify(socket.request)}`;
    expect(shown).toContain("x-tenant");
    expect(shown).not.toContain("hunter2");
    socket.accept({ protocol: "v1", headers: { "x-server": "s1" } });
    await connecting;
    expect(feed.protocol).toBe("v1");
  });

  test.each([
    [503, { "retry-after": "7" }, { code: "response-status", status: 503, retryable: true, retryAfterMs: 7_000 }],
    [429, {}, { code: "rate-limited", status: 429, retryable: true }],
    [401, {}, { code: "response-status", status: 401, retryable: false }],
    [404, {}, { code: "response-status", status: 404, retryable: false }],
  ])("refuses with %i", async (status, headers, expected) => {
    await using ground = await groundFor();
    await using feed = ground.feed(once);
    const connecting = thrownBy(feed.connect());
    (await ground.next()).refuse(status, headers, { detail: "no" });
    const error = await connecting;
    expect(error).toMatchObject({ ...expected, phase: "open", outcome: "rejected" });
    expect(error).toHaveProperty("body", { detail: "no" });
  });

  test("that is cut before it answers is a connection that broke before the upgrade was answered", async () => {
    await using ground = await groundFor();
    await using feed = ground.feed(once);
    const connecting = thrownBy(feed.connect());
    (await ground.next()).cut();
    expect(await connecting).toMatchObject({ code: "connection-reset", phase: "connect", outcome: "not-sent" });
  });

  test("that is reset before it answers is the same", async () => {
    await using ground = await groundFor();
    await using feed = ground.feed(once);
    const connecting = thrownBy(feed.connect());
    (await ground.next()).reset();
    expect(await connecting).toMatchObject({ code: "connection-reset", phase: "connect", outcome: "not-sent" });
  });

  test.each([1000, 1001, 1008, 1011, 1012, 4001])("closes with %i", async (code) => {
    await using ground = await groundFor();
    const [feed, socket] = await opened(ground, once);
    socket.close(code, "why");
    await until(() => feed.ended.length === 1);
    expect(feed.ended[0]).toMatchObject({ code, reason: "why" });
    expect(feed.ended[0]?.error).toMatchObject({ code: "connection-closed", closeCode: code, closeReason: "why" });
    // The stream answers a Close frame with the same (RFC 6455, section 5.5.1).
    expect(await socket.ended).toEqual({ code, reason: "why" });
  });

  test.each(["cut", "reset"] as const)("that is %s while it is open ends without a Close frame", async (how) => {
    await using ground = await groundFor();
    const [feed, socket] = await opened(ground, once);
    socket[how]();
    await until(() => feed.ended.length === 1);
    expect(feed.ended[0]).toMatchObject({ code: 1006 });
    expect(feed.ended[0]?.error).toMatchObject({ code: "connection-reset", closeCode: 1006, outcome: "unknown" });
    expect(await socket.ended).toEqual({ code: 1006, reason: "" });
    expect(socket.state).toBe("closed");
  });

  test.each(["cut", "reset"] as const)("that is %s has said what it said before", async (how) => {
    await using ground = await groundFor();
    const [feed, socket] = await opened(ground, once);
    socket.send("one").send("two").send("x".repeat(1_000));
    // A reset overtakes what is on its way, on any network.
    if (how === "reset") await until(() => feed.got.length === 3);
    socket[how]();
    await until(() => feed.ended.length === 1);
    expect(feed.got).toEqual(["one", "two", "x".repeat(1_000)]);
  });

  test("sees with which code the stream closes", async () => {
    await using ground = await groundFor();
    const [feed, socket] = await opened(ground);
    await feed.close();
    expect(await socket.ended).toEqual({ code: 1000, reason: "" });
    await expect(socket.nextMessage()).rejects.toThrow("connection 1 is closed (1000)");
  });

  test("answers pings until it is silent, and then counts as dead", async () => {
    await using ground = await groundFor();
    const clock = new VirtualClock();
    const [feed, socket] = await opened(ground, { ...once, clock });
    await clock.advance(20_000);
    await until(() => feed.stats().rtt !== undefined);
    expect(feed.state.name).toBe("open");
    socket.silence();
    await clock.advance(39_999);
    expect(feed.state.name).toBe("open");
    await clock.advance(1);
    expect(feed.ended).toMatchObject([{ error: { code: "timeout-pong" } }]);
  });

  test("that does not read makes a send wait, and lets it go on when it reads", async () => {
    await using ground = await groundFor();
    const [feed, socket] = await opened(ground, { pingIntervalMs: false, sendTimeoutMs: 30_000 });
    socket.pause();
    let sent = 0;
    const chunk = "x".repeat(512 * 1024);
    const sends: Promise<void>[] = [];
    // More than the kernel takes on loopback.
    for (let i = 0; i < 40; i++) sends.push(feed.send(chunk).then(() => void sent++));
    await until(() => feed.stats().queuedSends > 0);
    await turns(300);
    expect(sent).toBeLessThan(40);
    socket.resume();
    await Promise.all(sends);
    expect(sent).toBe(40);
    await until(() => socket.received.length === 40);
  });

  test("that is paused before it is accepted reads nothing until it resumes", async () => {
    await using ground = await groundFor();
    await using feed = ground.feed();
    const connecting = feed.connect();
    const socket = (await ground.next()).pause().accept();
    await connecting;
    await feed.send("a");
    await turns(20);
    expect(socket.received).toEqual([]);
    expect(await socket.resume().nextMessage()).toBe("a");
  });

  test("that is not there is a connection that is refused", async () => {
    await using ground = await groundFor();
    await ground.down();
    await using feed = ground.feed(once);
    const error = await thrownBy(feed.connect());
    expect(error).toMatchObject({ code: "connection-connect", phase: "connect", outcome: "not-sent", retryable: true });
    expect(String(error)).toContain("ECONNREFUSED");
  });

  test("is given up by a stream that is closed before it is answered", async () => {
    await using ground = await groundFor();
    const feed = ground.feed();
    const connecting = thrownBy(feed.connect());
    const socket = await ground.next();
    await feed.close();
    await connecting;
    expect(await socket.ended).toEqual({ code: 1006, reason: "" });
  });

  test("says what is wrong with what it is told", async () => {
    await using ground = await groundFor();
    await using feed = ground.feed({ protocols: ["v1"] });
    const connecting = feed.connect();
    const socket = await ground.next();
    expect(() => socket.send("early")).toThrow("cannot send connection 1: accept it first");
    expect(() => socket.accept({ protocol: "v9" })).toThrow('does not offer "v9"; it offers v1');
    expect(() => socket.accept({ header: {} } as never)).toThrow("unknown option header; known are protocol, headers");
    expect(() => socket.refuse(101)).toThrow("the status must be a whole number from 200 to 599, not 101");
    expect(() => socket.refuse(503, { "bad name": "x" })).toThrow("not a valid header name");
    socket.accept();
    expect(() => socket.accept()).toThrow("cannot accept connection 1: it is");
    await connecting;
    expect(() => socket.close(1006)).toThrow("1006 is no code that may be sent");
    expect(() => socket.close(1000, "x".repeat(124))).toThrow("not more than 123 bytes");
    expect(() => socket.send(undefined)).toThrow("send needs text, bytes");
    expect(() => socket.send(JSON.parse)).toThrow("send needs text, bytes");
    expect(() => socket.send(Promise.resolve("x"))).toThrow(
      "send needs the message itself, not a promise: await it first",
    );
    await expect(socket.nextMessage({ timeout: 5 } as never)).rejects.toThrow(
      "unknown option timeout; did you mean timeoutMs?",
    );
    await expect(socket.nextMessage({ timeoutMs: 0 })).rejects.toThrow("timeoutMs must be a number from 1");
    await expect(socket.nextMessage({ timeoutMs: 5 })).rejects.toThrow(
      "no message of the client on connection 1 came within 5 ms",
    );
    await expect(socket.nextMessage({ signal: AbortSignal.abort("enough") })).rejects.toBe("enough");
  });

  test("answers its upgrade once, and says nothing after its Close frame", async () => {
    await using ground = await groundFor();
    await using refused = ground.feed(once);
    const connecting = thrownBy(refused.connect());
    const first = await ground.next();
    first.refuse(503);
    expect(first.state).toBe("refused");
    expect(() => first.accept()).toThrow("cannot accept connection 1: it is refused");
    expect(() => first.refuse(500)).toThrow("cannot refuse connection 1: it is refused");
    expect(() => first.send("x")).toThrow("cannot send connection 1: it is refused");
    expect(await connecting).toMatchObject({ status: 503 });
    const [, second] = await opened(ground, once);
    second.close(1001);
    expect(second.state).toBe("closing");
    expect(() => second.send("late")).toThrow("cannot send connection 2: it is closing");
    expect(() => second.close(1001)).toThrow("cannot close connection 2: it is closing");
    expect(await second.ended).toMatchObject({ code: 1001 });
    expect(second.state).toBe("closed");
  });
});
