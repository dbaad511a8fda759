import type { WebSocket } from "ws";
import { expect, test } from "vitest";
import { z } from "zod";
import { withDeadline } from "../../src/core/deadline.ts";
import { json, text as textCodec } from "../../src/websocket/codecs/codecs.ts";
import type { WebSocketServiceOptions } from "../../src/websocket/options.ts";
import { WebSocketService } from "../../src/websocket/websocket-service.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";
import { fast, Feed, type Peer, startPeer, thrownBy, until } from "./peer.ts";

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params?: readonly unknown[];
}

/** Answers JSON-RPC calls as it is told to. */
const startRpc = (answer: (call: Call, ws: WebSocket) => object | undefined): Promise<Peer> =>
  startPeer({
    onConnection: (ws) =>
      ws.on("message", (data: Buffer) => {
        const told = answer(JSON.parse(data.toString()) as Call, ws);
        if (told !== undefined) ws.send(JSON.stringify({ jsonrpc: "2.0", ...told }));
      }),
  });

const echo = ({ id, params }: Call): object => ({ id, result: params?.[0] });

class Rpc extends WebSocketService<unknown> {
  readonly got: unknown[] = [];

  constructor(url: string, options: Partial<WebSocketServiceOptions<unknown>> = {}) {
    super({ baseUrl: url, name: "rpc", codec: json(), logger: silentLogger, reconnect: fast, ...options });
  }

  protected override onMessage(message: unknown): void {
    this.got.push(message);
  }
}

test("request resolves to the first message that matches, which nobody else gets; the others go their way", async () => {
  await using peer = await startPeer({
    onConnection: (ws) => ws.on("message", () => ["tick", "re: 1", "re: 2"].forEach((text) => ws.send(text))),
  });
  await using feed = new Feed(peer.url);
  const seen: unknown[] = [];
  const watch = (message: unknown): boolean => {
    seen.push(message);
    return false;
  };
  feed.once(watch).catch(() => undefined);
  await feed.connect();
  const messages = feed.messages();
  expect(await feed.request("q", { match: (message) => String(message).startsWith("re:") })).toBe("re: 1");
  await until(() => feed.got.length === 2);
  expect([feed.got, seen, (await messages.next()).value, (await messages.next()).value]).toEqual([
    ["tick", "re: 2"],
    ["tick", "re: 2"],
    "tick",
    "re: 2",
  ]);
});

test("once resolves to the next message that passes, and takes it from nobody", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url);
  const waiting = [feed.once((message) => message === "b"), feed.once((message) => message === "b")];
  await feed.connect();
  for (const text of ["a", "b"]) peer.connections[0]?.send(text);
  expect(await Promise.all(waiting)).toEqual(["b", "b"]);
  expect(feed.got).toEqual(["a", "b"]);
  const flaw = new Error("bad filter");
  const thrown = thrownBy(
    feed.once(() => {
      throw flaw;
    }),
  );
  peer.connections[0]?.send("c");
  expect(await thrown).toBe(flaw);
});

test("a match that throws is told to onError, and the message counts as no answer", async () => {
  await using peer = await startPeer({
    onConnection: (ws) => ws.on("message", () => (ws.send("odd"), ws.send("fine"))),
  });
  await using feed = new Feed(peer.url);
  const flaw = new Error("bad match");
  await feed.connect();
  const answer = await feed.request("q", {
    match: (message) => {
      if (message === "odd") throw flaw;
      return true;
    },
  });
  expect([answer, feed.got]).toEqual(["fine", ["odd"]]);
  expect(feed.errors).toEqual([{ error: flaw, from: { consumer: "request" } }]);
});

test("without match it is a JSON-RPC call: version and id are put in, and its result comes out", async () => {
  await using peer = await startRpc(echo);
  await using rpc = new Rpc(peer.url);
  await rpc.connect();
  expect(await rpc.request({ method: "echo", params: ["x"] })).toBe("x");
  expect(await rpc.request({ method: "echo", params: ["y"] })).toBe("y");
  expect(peer.received.map((text) => JSON.parse(String(text)) as unknown)).toEqual([
    { jsonrpc: "2.0", id: 1, method: "echo", params: ["x"] },
    { jsonrpc: "2.0", id: 2, method: "echo", params: ["y"] },
  ]);
});

test("a JSON-RPC call works without a codec too, and with one that takes text alone", async () => {
  await using peer = await startRpc(echo);
  await using feed = new Feed(peer.url);
  await using texts = new Feed(peer.url, { codec: textCodec() });
  for (const one of [feed, texts]) {
    await one.connect();
    expect(await one.request({ method: "echo", params: [5] })).toBe(5);
  }
});

test("an error in the answer is a ServiceRpcError, whose message keeps the service's words to itself", async () => {
  await using peer = await startRpc(({ id }) => ({
    id,
    error: { code: -32_000, message: "key sk_1", data: { n: 1 } },
  }));
  await using rpc = new Rpc(peer.url);
  await rpc.connect();
  const error = await thrownBy(rpc.request({ method: "m" }));
  expect(error).toMatchObject({
    name: "ServiceRpcError",
    rpcCode: -32_000,
    rpcMessage: "key sk_1",
    data: { n: 1 },
    outcome: "rejected",
    service: "rpc",
    operation: "request /",
  });
  expect(String(error) + JSON.stringify(error)).not.toContain("sk_1");
});

test("the result must match the schema, and so must an answer that match has found; then it is what the schema makes", async () => {
  await using peer = await startRpc(echo);
  await using rpc = new Rpc(peer.url);
  await rpc.connect();
  const schema = z.object({ at: z.coerce.number() });
  expect(await rpc.request({ method: "echo", params: [{ at: "5" }] }, { schema })).toEqual({ at: 5 });
  const call = { jsonrpc: "2.0", id: "own", method: "echo", params: [{ at: "7" }] };
  const shape = z.object({ result: schema });
  expect(await rpc.request(call, { match: () => true, schema: shape })).toEqual({ result: { at: 7 } });
  const error = await thrownBy(rpc.request({ method: "echo", params: [{ at: "sk_1" }] }, { schema }));
  expect(error).toMatchObject({ code: "decode-schema", outcome: "accepted", issues: [{ path: "at" }] });
  expect(String(error)).not.toContain("sk_1");
  const slow = z.string().refine(async (text) => (await settled(), text === "x"));
  expect(await rpc.request({ method: "echo", params: ["x"] }, { schema: slow })).toBe("x");
});

test("1,000 calls at once each get their own answer, in whatever order the answers come", async () => {
  const held: { readonly call: Call; readonly ws: WebSocket }[] = [];
  await using peer = await startRpc((call, ws) => void held.push({ call, ws }));
  await using rpc = new Rpc(peer.url);
  await rpc.connect();
  const answers = Array.from({ length: 1_000 }, (_, n) => rpc.request({ method: "echo", params: [n] }));
  await until(() => held.length === 1_000);
  expect(rpc.stats().pendingRequests).toBe(1_000);
  for (const { call, ws } of held.toSorted((a, b) => ((a.call.id * 7_919) % 1_000) - ((b.call.id * 7_919) % 1_000))) {
    ws.send(JSON.stringify({ jsonrpc: "2.0", ...echo(call) }));
  }
  expect(await Promise.all(answers)).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
  expect([rpc.got, rpc.stats().pendingRequests]).toEqual([[], 0]);
});

test("an answer that does not come ends by requestTimeoutMs with an unknown outcome; a late one flows to the handlers", async () => {
  const held: Call[] = [];
  const clock = new VirtualClock();
  await using peer = await startRpc((call) => void held.push(call));
  await using rpc = new Rpc(peer.url, { clock, requestTimeoutMs: 80 });
  await rpc.connect();
  const late = thrownBy(rpc.request({ method: "echo", params: ["x"] }));
  await until(() => held.length === 1);
  await clock.advance(80);
  expect(await late).toMatchObject({ code: "timeout-answer", outcome: "unknown", phase: "receive", limitMs: 80 });
  peer.connections[0]?.send(JSON.stringify(echo(held[0] as Call)));
  await until(() => rpc.got.length === 1);
  expect(rpc.got).toEqual([{ id: 1, result: "x" }]);
});

test("a request that waits out an outage goes then, once; one whose limit passes before was not sent, and is not sent later", async () => {
  const clock = new VirtualClock();
  await using peer = await startRpc(echo);
  await using rpc = new Rpc(peer.url, { clock, random: () => 0.9, reconnect: { baseDelayMs: 60_000 } });
  await rpc.connect();
  peer.connections[0]?.terminate();
  await until(() => rpc.state.name === "reconnecting");
  const patient = rpc.request({ method: "echo", params: ["patient"] });
  const hasty = thrownBy(rpc.request({ method: "echo", params: ["hasty"] }, { timeoutMs: 30 }));
  await clock.advance(30);
  expect(await hasty).toMatchObject({ code: "timeout-answer", outcome: "not-sent", phase: "queue", retryable: true });
  rpc.reconnectNow();
  expect(await patient).toBe("patient");
  expect(peer.received).toHaveLength(1);
  expect(rpc.stats()).toMatchObject({ pendingRequests: 0, queuedSends: 0 });
});

test("a lost connection ends what it owed with an unknown outcome, and nothing is sent twice", async () => {
  await using peer = await startRpc(({ params }, ws) => {
    if (params?.[0] === "fatal") ws.terminate();
    return undefined;
  });
  await using rpc = new Rpc(peer.url);
  await rpc.connect();
  const owed = [
    thrownBy(rpc.request({ method: "m", params: ["x"] })),
    thrownBy(rpc.request({ method: "m", params: ["fatal"] })),
  ];
  for (const error of await Promise.all(owed)) {
    expect(error).toMatchObject({ code: "connection-reset", outcome: "unknown", phase: "receive" });
  }
  await until(() => rpc.state.name === "open");
  await settled();
  expect([peer.connections.length, peer.received.length]).toEqual([2, 2]);
});

test("an answer that comes on another connection is none: the id may mean something else there", async () => {
  await using peer = await startPeer({
    onConnection: (ws, number) => {
      if (number === 1) ws.on("message", () => ws.terminate());
      else ws.send('{"jsonrpc":"2.0","id":1,"result":"not yours"}');
    },
  });
  await using rpc = new Rpc(peer.url);
  await rpc.connect();
  expect(await thrownBy(rpc.request({ method: "m" }))).toMatchObject({ code: "connection-reset", outcome: "unknown" });
  await until(() => rpc.got.length === 1);
});

test("a request ends by its signal, unchanged, and by the inherited deadline, whichever comes first", async () => {
  const clock = new VirtualClock();
  await using peer = await startRpc(() => undefined);
  await using rpc = new Rpc(peer.url, { clock });
  await rpc.connect();
  const stop = new AbortController();
  const reason = new Error("changed my mind");
  const results = [
    thrownBy(rpc.request({ method: "m" }, { signal: stop.signal })),
    thrownBy(withDeadline({ signal: stop.signal }, () => rpc.request({ method: "m" }))),
    thrownBy(withDeadline({ deadlineMs: 40, clock }, () => rpc.request({ method: "m" }))),
    thrownBy(withDeadline({ deadlineMs: 40, clock }, () => rpc.once(() => true))),
    thrownBy(withDeadline({ deadlineMs: 40_000, clock }, () => rpc.request({ method: "m" }, { timeoutMs: 20 }))),
  ];
  await until(() => peer.received.length === 4);
  stop.abort(reason);
  await clock.advance(20);
  await clock.advance(20);
  const errors = await Promise.all(results);
  expect(errors.slice(0, 2)).toEqual([reason, reason]);
  expect(errors.slice(2)).toMatchObject([
    { code: "timeout-deadline", outcome: "unknown", limitMs: 40 },
    { code: "timeout-deadline", limitMs: 40 },
    { code: "timeout-answer", outcome: "unknown", limitMs: 20 },
  ]);
  expect(rpc.stats().pendingRequests).toBe(0);
  expect(await thrownBy(rpc.request({ method: "m" }, { signal: stop.signal }))).toBe(reason);
});

test("a handler may ask and wait for its answer while its lane waits", async () => {
  await using peer = await startRpc(echo);
  await using rpc = new Rpc(peer.url);
  const answers: unknown[] = [];
  rpc.addMessageHandler(async (message) => {
    answers.push([message, await rpc.request({ method: "echo", params: [answers.length] })]);
  });
  await rpc.connect();
  for (const n of [1, 2]) peer.connections[0]?.send(`${n}`);
  await until(() => answers.length === 2);
  expect(answers).toEqual([
    [1, 0],
    [2, 1],
  ]);
});

test("a request that finds no room in the outbox is refused as a send is, and nothing is left waiting", async () => {
  const clock = new VirtualClock();
  await using peer = await startRpc(echo);
  const outbox = { maxMessages: 1, whenFull: "reject" } as const;
  await using rpc = new Rpc(peer.url, { clock, random: () => 0.9, outbox, reconnect: {} });
  await rpc.connect();
  peer.connections[0]?.terminate();
  await until(() => rpc.state.name === "reconnecting");
  const first = rpc.request({ method: "echo", params: ["a"] });
  expect(await thrownBy(rpc.request({ method: "echo" }))).toMatchObject({
    code: "unavailable-queue-full",
    outcome: "not-sent",
  });
  expect(rpc.stats().pendingRequests).toBe(1);
  rpc.reconnectNow();
  expect(await first).toBe("a");
});

test("close() ends requests: what was handed over has an unknown outcome, what was queued was not sent", async () => {
  const clock = new VirtualClock();
  await using peer = await startRpc(() => undefined);
  const rpc = new Rpc(peer.url, { clock, random: () => 0.9, reconnect: {} });
  await rpc.connect();
  const owed = thrownBy(rpc.request({ method: "m" }));
  const watched = thrownBy(rpc.once(() => true));
  await until(() => peer.received.length === 1);
  await rpc.close();
  expect(await owed).toMatchObject({ code: "connection-reset", outcome: "unknown" });
  expect(await watched).toMatchObject({ code: "unavailable-draining" });
  const other = new Rpc(peer.url, { clock, random: () => 0.9, reconnect: {} });
  await other.connect();
  peer.connections.at(-1)?.terminate();
  await until(() => other.state.name === "reconnecting");
  const queued = thrownBy(other.request({ method: "m" }));
  const { unsent } = await other.disconnect();
  expect(await queued).toMatchObject({ code: "unavailable-draining", outcome: "not-sent" });
  expect(unsent).toMatchObject([{ message: { jsonrpc: "2.0", method: "m" }, outcome: "not-sent" }]);
  expect(clock.timers).toBe(0);
});
