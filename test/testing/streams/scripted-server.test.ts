import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { silentLogger } from "../../../src/core/logger.ts";
import { VirtualClock } from "../../../src/core/virtual-clock.ts";
import { json } from "../../../src/websocket/codecs/codecs.ts";
import { script } from "../../../src/testing/streams/script.ts";
import { scriptedServer } from "../../../src/testing/streams/scripted-server.ts";
import { Feed, thrownBy, until } from "../../websocket/peer.ts";

const feedOf = (url: string, options: object = {}): Feed => new Feed(url, { logger: silentLogger, ...options });

test("the first connection follows the first script, the second the second", async () => {
  await using server = await scriptedServer([
    script().expect({ action: "subscribe" }).reply({ ok: true }).push({ n: 1 }).cut(),
    script()
      .expect({ action: "subscribe" })
      .reply((got) => ({ got }))
      .delay(5)
      .push("text")
      .expectClose(1000),
  ]);
  const feed = feedOf(server.url);
  feed.greet = (stream) => stream.sendJson({ action: "subscribe" });
  await feed.connect();
  await until(() => feed.got.length === 4);
  expect(feed.got).toEqual(['{"ok":true}', '{"n":1}', '{"got":{"action":"subscribe"}}', "text"]);
  await feed.close();
  expect(server.history.map(({ connection, direction }) => `${connection} ${direction}`)).toEqual([
    "1 received",
    "1 sent",
    "1 sent",
    "2 received",
    "2 sent",
    "2 sent",
  ]);
});

test("a refusal, a reset in the place of an answer and a Close frame are steps too", async () => {
  await using server = await scriptedServer([
    script().refuse(503, { "retry-after": "0" }),
    script().reset(),
    script({ protocol: "v1" }).close(1012, "restart"),
    script(),
  ]);
  await using feed = feedOf(server.url, {
    protocols: ["v2", "v1"],
    pingIntervalMs: false,
    reconnect: { baseDelayMs: 1, maxDelayMs: 1 },
    random: () => 0,
  });
  await feed.connect();
  await until(() => server.connections.length === 4 && feed.state.name === "open");
  expect(feed.ended.map(({ code }) => code)).toEqual([1012]);
});

test("silence is a step: the stream must find it out by its pings", async () => {
  await using server = await scriptedServer(script().silence().expectClose());
  const clock = new VirtualClock();
  await using feed = feedOf(server.url, { clock, reconnect: false });
  await feed.connect();
  await clock.advance(40_000);
  expect(feed.ended).toMatchObject([{ error: { code: "timeout-pong" } }]);
});

const disposed = async (server: AsyncDisposable): Promise<string> =>
  String(await thrownBy(Promise.resolve(server[Symbol.asyncDispose]())));

test("another message than expected closes with 1008, and is told with what was expected", async () => {
  const server = await scriptedServer(script().expect({ action: "subscribe" }).push("never"));
  await using feed = feedOf(server.url);
  await feed.connect();
  await feed.sendJson({ action: "unsubscribe" });
  await until(() => feed.state.name === "failed");
  expect(feed.ended).toMatchObject([{ code: 1008 }]);
  expect(await disposed(server)).toContain(
    'connection 1: step 1 of 2, expect {"action":"subscribe"}, got {"action":"unsubscribe"}',
  );
});

test("a message when the script is over is told", async () => {
  const server = await scriptedServer(script().push("a"));
  await using feed = feedOf(server.url);
  await feed.connect();
  await feed.send("too much");
  await until(() => feed.state.name === "failed");
  expect(await disposed(server)).toContain('connection 1: the script is over, and "too much" came');
});

test("what is on its way when it is disposed is still heard", async () => {
  const server = await scriptedServer(script().expect("a"));
  await using feed = feedOf(server.url);
  await feed.connect();
  await feed.send("a");
  await feed.send("too much");
  expect(await disposed(server)).toContain('"too much"');
});

test("a connection on which nothing was asked does not hold it up", async () => {
  const server = await scriptedServer();
  const client = connect(server.port, "127.0.0.1");
  await once(client, "connect");
  const closed = once(client.resume(), "close").catch(() => undefined);
  await server[Symbol.asyncDispose]();
  await closed;
  expect(client.destroyed).toBe(true);
});

test("what did not happen is told step by step, and what never began with its script", async () => {
  const server = await scriptedServer([script().expect("a").expect("b").push("c"), script().expect(/x/).cut()]);
  await using feed = feedOf(server.url);
  await feed.connect();
  await feed.send("a");
  expect(await disposed(server)).toBe(
    'Error: the script was not followed:\n  - connection 1: step 2 of 3, expect "b", did not happen: it still waits for it\n  - connection 2 was never asked for (its script: expect /x/, cut)',
  );
});

test("a connection that ended before its script is told", async () => {
  const server = await scriptedServer(script().expect("a"));
  const feed = feedOf(server.url);
  await feed.connect();
  await feed.close();
  await until(() => server.connections[0]?.state === "closed");
  expect(await disposed(server)).toContain('expect "a", did not happen: the connection was over before it');
});

test("a delay is over with its connection", async () => {
  const server = await scriptedServer(script().delay(60_000).push("a"));
  const feed = feedOf(server.url);
  await feed.connect();
  await feed.close();
  expect(await disposed(server)).toContain("delay 60000 ms, did not happen: the connection was over before it");
});

test("a connection for which there is no script is refused for good, and told", async () => {
  const server = await scriptedServer(script().close(1001));
  await using feed = feedOf(server.url);
  await feed.connect();
  await until(() => feed.state.name === "failed");
  expect(await disposed(server)).toContain("connection 2 was asked for, and there is 1 script");
});

test("another code than the one with which the client was to close is told", async () => {
  const server = await scriptedServer(script().expectClose(4000));
  const feed = feedOf(server.url);
  await feed.connect();
  await feed.close();
  expect(await disposed(server)).toContain("step 1 of 1, expectClose 4000, got 1000");
});

test("what an expectation throws is told, and the server goes on to be disposed", async () => {
  const broken = (): boolean => {
    throw new Error("my matcher is broken");
  };
  const server = await scriptedServer(script().expect(broken));
  await using feed = feedOf(server.url);
  await feed.connect();
  await feed.send("a");
  await until(() => feed.state.name === "failed");
  expect(await disposed(server)).toContain("my matcher is broken");
});

test.each([
  ["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  ["a pattern", /^hel+o$/, "hello"],
  ["a function of what was parsed", (got: unknown) => (got as { a: number }).a === 1, '{"a":1}'],
  ["JSON, whatever the order of its fields", { a: 1, b: [2, { c: null }] }, '{"b":[2,{"c":null}],"a":1}'],
])("a message may be expected as %s", async (_what, expected, sent) => {
  await using server = await scriptedServer(script().expect(expected).reply("well"));
  await using feed = feedOf(server.url);
  await feed.connect();
  await feed.send(sent);
  await until(() => feed.got.length === 1);
  expect(feed.got).toEqual(["well"]);
});

test("what is answered may be a promise", async () => {
  const later = async (got: unknown): Promise<object> => ({ got: await Promise.resolve(got) });
  await using server = await scriptedServer(script().expect("a").reply(later));
  await using feed = feedOf(server.url);
  await feed.connect();
  await feed.send("a");
  await until(() => feed.got.length === 1);
  expect(feed.got).toEqual(['{"got":"a"}']);
});

test("a stream that closes before it is answered leaves the step undone", async () => {
  const go = Promise.withResolvers<void>();
  const server = await scriptedServer(
    script()
      .expect("a")
      .reply(() => go.promise.then(() => "too late")),
  );
  const feed = feedOf(server.url);
  await feed.connect();
  await feed.send("a");
  await feed.close();
  go.resolve();
  expect(await disposed(server)).toContain("reply a function, did not happen: the connection was over before it");
});

test("where the timers of the test are false ones, it is disposed all the same", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const server = await scriptedServer(script().expect("a"), { waitMs: 5 });
  await expect(server.next()).rejects.toThrow("no connection of a stream came within 5 ms");
  const feed = feedOf(server.url);
  await feed.connect();
  expect(await disposed(server)).toContain('expect "a", did not happen');
  await feed.close();
});

test("a stream with a codec talks to it as to any service", async () => {
  await using server = await scriptedServer(script().expect({ id: 1 }).reply({ id: 1, result: 2 }));
  await using feed = feedOf(server.url, { codec: json() });
  await feed.connect();
  const answer = await feed.request({ id: 1 }, { match: (message) => (message as unknown as { id: number }).id === 1 });
  expect(answer).toEqual({ id: 1, result: 2 });
});

test("a plain HTTP request is told that a WebSocket is spoken here", async () => {
  await using server = await scriptedServer();
  const answer = await fetch(server.url.replace("ws:", "http:"));
  expect(answer.status).toBe(426);
  await answer.text();
});

test("a client that asks for no WebSocket is refused by what accepts it, and what is said to it is lost", async () => {
  await using server = await scriptedServer();
  const asked = request(server.url.replace("ws:", "http:"), {
    headers: { connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13" },
  });
  const answered = once(asked.end(), "response");
  const socket = (await server.next()).accept().send("a");
  const [answer] = (await answered) as [IncomingMessage];
  expect(answer.resume().statusCode).toBe(400);
  expect(server.history).toEqual([]);
  expect(await socket.ended).toEqual({ code: 1006, reason: "" });
});

test("scripts and options that are wrong are told at once", async () => {
  expect(() => script().reply("x")).toThrow("there is no expect before it: use push");
  expect(() => script().close().push("x")).toThrow("nothing can follow close: the connection is over");
  expect(() => script().push("x").refuse(503)).toThrow("it can only be the first step");
  expect(() => script().refuse(101)).toThrow("from 200 to 599, not 101");
  expect(() => script().refuse(503, { "a b": "x" })).toThrow("not a valid header name");
  expect(() => script().delay(-1)).toThrow("delay needs milliseconds of at least 0, not -1");
  expect(() => script().close(99)).toThrow("99 is no code that may be sent");
  expect(() => script().close(1006)).toThrow("1006 is no code that may be sent");
  expect(() => script().close(1000, "x".repeat(124))).toThrow("not more than 123 bytes");
  expect(() => script({ protocl: "v1" } as never)).toThrow("unknown option protocl; known are protocol, headers");
  expect(() => script({ headers: { "a b": "x" } })).toThrow("not a valid header name");
  expect(() => script().push(5 as never)).toThrow("push needs text, bytes");
  expect(() => script().expect(undefined as never)).toThrow("expect needs a message, or a function");
  expect(() => script(5 as never)).toThrow("must be an object");
  await expect(scriptedServer({} as never)).rejects.toThrow("made with script()");
  await expect(scriptedServer([])).rejects.toThrow("one at least");
  await expect(scriptedServer(undefined, { port: 70_000, waitMS: 1 } as never)).rejects.toThrow(
    /port must be a whole number from 0 to 65535.*unknown option waitMS; did you mean waitMs\?/s,
  );
  await using taken = await scriptedServer();
  await expect(scriptedServer(undefined, { port: taken.port })).rejects.toThrow(/cannot listen on port .*EADDRINUSE/);
});
