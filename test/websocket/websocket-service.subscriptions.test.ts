import type { WebSocket } from "ws";
import { expect, test } from "vitest";
import { silentLogger } from "../../src/core/logger.ts";
import { json } from "../../src/websocket/codecs/codecs.ts";
import type { ConsumerName } from "../../src/websocket/receive/lane.ts";
import type { WebSocketServiceOptions } from "../../src/websocket/options.ts";
import { WebSocketService } from "../../src/websocket/websocket-service.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { fast, type Peer, startPeer, thrownBy, until } from "./peer.ts";

interface Quote {
  readonly ok?: readonly string[];
  readonly refused?: { readonly key: string; readonly code: number; readonly reason: string };
  readonly key?: string;
  readonly n?: number;
}

/** What the far side was asked for, connection by connection. */
interface Exchange extends Peer {
  readonly asked: string[][];
  readonly publish: (message: Quote) => void;
}

/** Confirms what it is asked for, but what `answer` says otherwise of. */
async function startExchange(
  answer: (key: string, connection: number) => Quote | undefined = confirm,
): Promise<Exchange> {
  const asked: string[][] = [];
  const peer = await startPeer({
    onConnection: (ws: WebSocket, connection) => {
      const heard: string[] = [];
      asked.push(heard);
      ws.on("message", (data: Buffer) => {
        const text = data.toString();
        heard.push(text);
        const { sub = [] } = JSON.parse(text) as { readonly sub?: readonly string[] };
        for (const key of sub) {
          const told = answer(key, connection);
          if (told !== undefined) ws.send(JSON.stringify(told));
        }
      });
    },
  });
  const publish = (message: Quote): void => peer.connections.at(-1)?.send(JSON.stringify(message));
  return Object.assign(peer, { asked, publish });
}

const confirm = (key: string): Quote => ({ ok: [key] });

class Quotes extends WebSocketService<Quote> {
  readonly got: Quote[] = [];
  readonly errors: { readonly error: unknown; readonly from: ConsumerName }[] = [];

  constructor(url: string, options: Partial<WebSocketServiceOptions<Quote>> = {}) {
    super({
      baseUrl: url,
      name: "quotes",
      codec: json() as never,
      logger: silentLogger,
      reconnect: fast,
      ...options,
      subscriptions: {
        subscribe: (sub) => ({ sub }),
        unsubscribe: (unsub) => ({ unsub }),
        confirmedBy: ({ ok }) => ok,
        refusedBy: ({ refused }) => refused,
        keyOf: ({ key }) => key,
        ...options.subscriptions,
      },
    });
  }

  protected override onMessage(message: Quote): void {
    if (message.key !== undefined) this.got.push(message);
  }

  protected override onError(error: unknown, from: ConsumerName): void {
    this.errors.push({ error, from });
  }
}

const numbers = (into: unknown[]) => (message: Quote) => void into.push(message.n);

test("what is subscribed before connect() is asked for on the first connection, before it is ready", async () => {
  await using exchange = await startExchange();
  await using quotes = new Quotes(exchange.url);
  const subscribed = Promise.all([quotes.subscribe("a"), quotes.subscribe("b")]);
  await quotes.connect();
  expect((await subscribed).map(({ key }) => key)).toEqual(["a", "b"]);
  expect(exchange.asked).toEqual([['{"sub":["a","b"]}']]);
});

test("subscribe resolves when it is confirmed, and without a confirmation when it was sent", async () => {
  await using exchange = await startExchange(() => undefined);
  await using quotes = new Quotes(exchange.url);
  await quotes.connect();
  let isConfirmed = false;
  const subscribed = quotes.subscribe("a").then(() => (isConfirmed = true));
  await until(() => exchange.received.length === 1);
  expect(isConfirmed).toBe(false);
  exchange.publish({ ok: ["a"] });
  await subscribed;
  await using plain = new Quotes(exchange.url, {
    subscriptions: { subscribe: (sub) => ({ sub }), confirmedBy: undefined },
  });
  await plain.connect();
  await plain.subscribe("b");
  await until(() => exchange.asked[1]?.length === 1);
});

test("a refused subscription rejects with the service's code, is forgotten with its handler, and may be asked for again", async () => {
  let isOpen = false;
  await using exchange = await startExchange((key) =>
    isOpen ? { ok: [key] } : { refused: { key, code: 403, reason: "no such market" } },
  );
  await using quotes = new Quotes(exchange.url);
  await quotes.connect();
  const error = await thrownBy(quotes.subscribe("a", () => undefined));
  expect(error).toMatchObject({ name: "ServiceRpcError", rpcCode: 403, outcome: "rejected", service: "quotes" });
  expect(String(error)).not.toContain("no such market");
  expect(quotes.stats()).toMatchObject({ subscriptions: 0, lanes: [{ consumer: "onMessage" }] });
  isOpen = true;
  await quotes.subscribe("a");
  expect([quotes.stats().subscriptions, quotes.errors]).toEqual([1, []]);
});

test("a key is subscribed once: a second time is refused, and the first goes on", async () => {
  await using exchange = await startExchange();
  await using quotes = new Quotes(exchange.url);
  await quotes.connect();
  const seen: unknown[] = [];
  await quotes.subscribe("a", numbers(seen));
  expect(await thrownBy(quotes.subscribe("a", () => undefined))).toMatchObject({
    code: "configuration-invalid",
    problems: ["subscribe: this key is subscribed already: add a handler, or unsubscribe it first"],
  });
  exchange.publish({ key: "a", n: 1 });
  await until(() => seen.length === 1);
  expect(exchange.asked).toEqual([['{"sub":["a"]}']]);
});

test("each handler gets its own key, in a lane of its own, and an iterator may follow one key", async () => {
  await using exchange = await startExchange();
  await using quotes = new Quotes(exchange.url);
  await quotes.connect();
  const seen: unknown[] = [];
  await quotes.subscribe("hangs", () => new Promise<void>(() => undefined));
  await quotes.subscribe("throws", () => {
    throw new Error("bad handler");
  });
  await quotes.subscribe("a", numbers(seen));
  const topic = quotes.messages({ topic: "a" });
  for (const key of ["hangs", "throws", "a", "other", "hangs", "throws", "a"]) {
    exchange.publish({ key, n: quotes.got.length });
  }
  await until(() => quotes.got.length === 7);
  expect([seen.length, quotes.errors.map(({ from }) => from)]).toEqual([
    2,
    [
      { consumer: "subscription", topic: "throws" },
      { consumer: "subscription", topic: "throws" },
    ],
  ]);
  expect([(await topic.next()).value?.key, (await topic.next()).value?.key]).toEqual(["a", "a"]);
  await topic.return?.();
});

test("unsubscribed, the service is told, the handler gets nothing more, and twice is once", async () => {
  await using exchange = await startExchange();
  await using quotes = new Quotes(exchange.url);
  await quotes.connect();
  const seen: unknown[] = [];
  const subscription = await quotes.subscribe("a", numbers(seen));
  await Promise.all([subscription.unsubscribe(), subscription[Symbol.asyncDispose]()]);
  await until(() => exchange.received.length === 2);
  exchange.publish({ key: "a", n: 1 });
  await until(() => quotes.got.length === 1);
  expect([seen, exchange.asked]).toEqual([[], [['{"sub":["a"]}', '{"unsub":["a"]}']]]);
});

test("to end a subscription that is over does not end the one that came after it with its key", async () => {
  await using exchange = await startExchange();
  await using quotes = new Quotes(exchange.url);
  await quotes.connect();
  const seen: unknown[] = [];
  const first = await quotes.subscribe("a");
  await first.unsubscribe();
  await quotes.subscribe("a", numbers(seen));
  await first.unsubscribe();
  await first[Symbol.asyncDispose]();
  exchange.publish({ key: "a", n: 1 });
  await until(() => seen.length === 1);
  expect(quotes.stats().subscriptions).toBe(1);
});

test("a subscription that the service took away is over: its end does not end the one that came after it", async () => {
  await using exchange = await startExchange();
  await using quotes = new Quotes(exchange.url);
  await quotes.connect();
  const first = await quotes.subscribe("a", () => undefined);
  exchange.publish({ refused: { key: "a", code: 410, reason: "delisted" } });
  await until(() => quotes.errors.length === 1);
  expect(quotes.stats()).toMatchObject({ subscriptions: 0, lanes: [{ consumer: "onMessage" }] });
  const seen: unknown[] = [];
  await quotes.subscribe("a", numbers(seen));
  await first.unsubscribe();
  exchange.publish({ key: "a", n: 1 });
  await until(() => quotes.got.length === 1);
  expect([seen, quotes.stats().subscriptions]).toEqual([[1], 1]);
});

test("a subscription that is given up takes no handler from the one that follows it at once, be it the same function", async () => {
  await using exchange = await startExchange(() => undefined);
  await using quotes = new Quotes(exchange.url);
  await quotes.connect();
  const seen: unknown[] = [];
  const handler = numbers(seen);
  const stop = new AbortController();
  const reason = new Error("changed my mind");
  const first = thrownBy(quotes.subscribe("a", handler, { signal: stop.signal }));
  await until(() => exchange.received.length === 1);
  stop.abort(reason);
  const second = quotes.subscribe("a", handler);
  expect(await first).toBe(reason);
  exchange.publish({ ok: ["a"] });
  await second;
  exchange.publish({ key: "a", n: 1 });
  await until(() => quotes.got.length === 1);
  expect(seen).toEqual([1]);
});

test("after a reconnect all is asked for again in batches, before what the program sends", async () => {
  await using exchange = await startExchange();
  await using quotes = new Quotes(exchange.url, {
    subscriptions: {
      subscribe: (sub) => ({ sub }),
      unsubscribe: (unsub) => ({ unsub }),
      confirmedBy: ({ ok }) => ok,
      maxKeysPerMessage: 2,
    },
  });
  await quotes.connect();
  const subscriptions = await Promise.all(["a", "b", "c", "d", "e", "f"].map((key) => quotes.subscribe(key)));
  exchange.connections[0]?.terminate();
  await until(() => quotes.state.name === "reconnecting");
  const sent = quotes.send({ order: 1 });
  // What changes meanwhile is not told of a connection that is gone.
  await subscriptions[1]?.unsubscribe();
  await sent;
  await until(() => exchange.asked[1]?.length === 4);
  expect(exchange.asked[1]).toEqual(['{"sub":["a","c"]}', '{"sub":["d","e"]}', '{"sub":["f"]}', '{"order":1}']);
});

test("a message waits for the confirmations of a new connection", async () => {
  await using exchange = await startExchange((key, connection) => (connection === 1 ? confirm(key) : undefined));
  await using quotes = new Quotes(exchange.url);
  await quotes.connect();
  await quotes.subscribe("a");
  exchange.connections[0]?.terminate();
  await until(() => quotes.state.name === "reconnecting");
  let isSent = false;
  const sent = quotes.send({ order: 1 }).then(() => (isSent = true));
  await until(() => exchange.asked[1]?.length === 1);
  expect([isSent, quotes.state.name]).toEqual([false, "reconnecting"]);
  exchange.publish({ ok: ["a"] });
  await sent;
  await until(() => exchange.asked[1]?.length === 2);
  expect(exchange.asked[1]).toEqual(['{"sub":["a"]}', '{"order":1}']);
});

test("a refusal while it is restored goes to onError and ends that subscription, not the stream", async () => {
  await using exchange = await startExchange((key, connection) =>
    connection > 1 && key === "b" ? { refused: { key, code: 410, reason: "delisted" } } : confirm(key),
  );
  await using quotes = new Quotes(exchange.url);
  await quotes.connect();
  const [, second] = await Promise.all([quotes.subscribe("a"), quotes.subscribe("b", () => undefined)]);
  exchange.connections[0]?.terminate();
  await until(() => quotes.errors.some(({ from }) => from.topic === "b"));
  await until(() => quotes.state.name === "open");
  expect(quotes.errors.find(({ from }) => from.topic === "b")).toMatchObject({
    error: { name: "ServiceRpcError", rpcCode: 410 },
    from: { consumer: "subscription", topic: "b" },
  });
  expect(quotes.stats()).toMatchObject({ subscriptions: 1, lanes: [{ consumer: "onMessage" }] });
  await second?.unsubscribe();
  expect(exchange.asked[1]).toEqual(['{"sub":["a","b"]}']);
});

test("a subscription that is never confirmed ends by its limit, outcome unknown, and is taken back", async () => {
  const clock = new VirtualClock();
  await using exchange = await startExchange(() => undefined);
  await using quotes = new Quotes(exchange.url, { clock });
  await quotes.connect();
  const late = thrownBy(quotes.subscribe("a", undefined, { timeoutMs: 50 }));
  await until(() => exchange.received.length === 1);
  await clock.advance(50);
  expect(await late).toMatchObject({ code: "timeout-answer", outcome: "unknown", limitMs: 50 });
  await until(() => exchange.received.length === 2);
  expect(exchange.asked).toEqual([['{"sub":["a"]}', '{"unsub":["a"]}']]);
});

test("a subscription that waits for a connection longer than its limit was not sent", async () => {
  const clock = new VirtualClock();
  const quotes = new Quotes("ws://127.0.0.1:9", { clock, requestTimeoutMs: 70 });
  const late = thrownBy(quotes.subscribe("a"));
  await clock.advance(70);
  expect(await late).toMatchObject({ code: "timeout-answer", outcome: "not-sent", limitMs: 70 });
  expect([quotes.stats().subscriptions, clock.timers]).toEqual([0, 0]);
});

test("a stream that has failed and is connected again asks for what it was subscribed to, with the same handlers", async () => {
  await using exchange = await startExchange();
  await using quotes = new Quotes(exchange.url);
  const seen: unknown[] = [];
  const subscribed = quotes.subscribe("a", numbers(seen));
  await quotes.connect();
  await subscribed;
  exchange.connections[0]?.close(1008, "no");
  await until(() => quotes.state.name === "failed");
  expect(await thrownBy(quotes.subscribe("b"))).toMatchObject({ code: "connection-not-connected" });
  await quotes.connect();
  exchange.publish({ key: "a", n: 5 });
  await until(() => seen.length === 1);
  expect([seen, exchange.asked]).toEqual([[5], [['{"sub":["a"]}'], ['{"sub":["a"]}']]]);
});

test("a subscription that waits when its stream is closed is refused as such", async () => {
  await using exchange = await startExchange(() => undefined);
  const quotes = new Quotes(exchange.url);
  await quotes.connect();
  const waiting = thrownBy(quotes.subscribe("a"));
  await until(() => exchange.received.length === 1);
  await quotes.close();
  expect(await waiting).toMatchObject({ code: "unavailable-draining" });
});

test("a subscribe that throws rejects for whoever subscribes, and costs no connection", async () => {
  await using exchange = await startExchange();
  const flaw = new Error("no message for it");
  await using quotes = new Quotes(exchange.url, {
    subscriptions: {
      subscribe: () => {
        throw flaw;
      },
    },
  });
  await quotes.connect();
  expect(await thrownBy(quotes.subscribe("a"))).toBe(flaw);
  expect([quotes.state.name, quotes.stats().subscriptions]).toEqual(["open", 0]);
});

test("each key goes on after its own position on the next connection, and after none once it was unsubscribed", async () => {
  await using exchange = await startExchange();
  await using quotes = new Quotes(exchange.url, {
    resume: { positionOf: ({ n }) => n },
    subscriptions: {
      subscribe: (sub, { positions }) => ({ sub, after: Object.fromEntries(positions) }),
      unsubscribe: (unsub) => ({ unsub }),
      confirmedBy: ({ ok }) => ok,
      keyOf: ({ key }) => key,
    },
  });
  await quotes.connect();
  const a = await quotes.subscribe("a");
  await quotes.subscribe("b");
  for (const n of [1, 2, 3]) exchange.publish({ key: "a", n });
  exchange.publish({ key: "b", n: 70 });
  await until(() => quotes.positions().get("b") === 70);
  expect(quotes.positions().get("a")).toBe(3);
  exchange.connections[0]?.terminate();
  await until(() => exchange.asked.length === 2 && quotes.state.name === "open");
  expect(exchange.asked[1]).toEqual(['{"sub":["a","b"],"after":{"a":3,"b":70}}']);
  exchange.publish({ key: "a", n: 4 });
  await until(() => quotes.positions().get("a") === 4);
  await a.unsubscribe();
  expect([...quotes.positions()]).toEqual([["b", 70]]);
  await quotes.subscribe("a");
  expect(exchange.asked[1]?.at(-1)).toBe('{"sub":["a"],"after":{}}');
});

/** Speaks `eth_subscribe`: each connection gives its own ids to what it carries. */
async function startNode(): Promise<Peer & { readonly publish: (topic: string, n: number) => void }> {
  const ids = new Map<string, string>();
  const peer = await startPeer({
    onConnection: (ws, connection) => {
      ids.clear();
      ws.on("message", (data: Buffer) => {
        const { id, method, params } = JSON.parse(data.toString()) as {
          readonly id: number;
          readonly method: string;
          readonly params: readonly [string];
        };
        if (method === "eth_subscribe") ids.set(params[0], `0x${connection}${ids.size}`);
        const result = method === "eth_subscribe" ? ids.get(params[0]) : true;
        ws.send(JSON.stringify({ jsonrpc: "2.0", id, result }));
      });
    },
  });
  const publish = (topic: string, n: number): void => {
    const params = { subscription: ids.get(topic), result: n };
    peer.connections.at(-1)?.send(JSON.stringify({ jsonrpc: "2.0", method: "eth_subscription", params }));
  };
  return Object.assign(peer, { publish });
}

interface EthMessage {
  readonly params?: { readonly subscription: string; readonly result: number };
}

class Eth extends WebSocketService<EthMessage> {
  /** Of the connection that flows or is prepared. */
  #topics = new Map<string, string>();

  constructor(url: string) {
    super({
      baseUrl: url,
      codec: json() as never,
      logger: silentLogger,
      reconnect: fast,
      subscriptions: {
        subscribe: async (keys) => {
          for (const key of keys) {
            this.#topics.set(String(await this.request({ method: "eth_subscribe", params: [key] })), key);
          }
        },
        unsubscribe: async (keys) => {
          for (const [id, key] of this.#topics) {
            if (keys.includes(key)) await this.request({ method: "eth_unsubscribe", params: [id] });
          }
        },
        keyOf: ({ params }) => (params === undefined ? undefined : this.#topics.get(params.subscription)),
      },
    });
  }

  protected override onConnect(): void {
    this.#topics = new Map();
  }
}

test("a subscribe that does its own requests serves a protocol whose ids differ from connection to connection", async () => {
  await using node = await startNode();
  await using eth = new Eth(node.url);
  const heads: unknown[] = [];
  const logs: unknown[] = [];
  await eth.connect();
  await eth.subscribe("newHeads", ({ params }) => void heads.push(params?.result));
  const second = await eth.subscribe("logs", ({ params }) => void logs.push(params?.result));
  node.publish("newHeads", 1);
  node.publish("logs", 2);
  await until(() => logs.length === 1);
  node.connections[0]?.terminate();
  await until(() => node.connections.length === 2 && eth.state.name === "open");
  node.publish("newHeads", 3);
  node.publish("logs", 4);
  await until(() => logs.length === 2);
  await second.unsubscribe();
  expect([heads, logs]).toEqual([
    [1, 3],
    [2, 4],
  ]);
  const sent = node.received.map((text) => (JSON.parse(String(text)) as { readonly method: string }).method);
  expect(sent).toEqual([...Array.from({ length: 4 }, () => "eth_subscribe"), "eth_unsubscribe"]);
});
