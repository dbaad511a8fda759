import { expect, test } from "vitest";
import { Feed, startPeer, thrownBy, until } from "./peer.ts";

const subscriptions = { subscribe: (sub: readonly string[]) => ({ sub }) };

test("to subscribe in onConnect is refused at once, and says where to do it", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url, { subscriptions, reconnect: false });
  feed.greet = async () => void (await feed.subscribe("gold"));
  expect(await thrownBy(feed.connect())).toMatchObject({
    code: "connection-not-connected",
    cause: {
      code: "configuration-invalid",
      problems: ["subscribe: not in onConnect; once beside connect() is enough, for each connection is asked for it"],
    },
  });
});

test("what onConnect leaves behind may subscribe, and so may any other code meanwhile", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url, { subscriptions });
  const opened = Promise.withResolvers<void>();
  const later = Promise.withResolvers<unknown>();
  feed.greet = () => void opened.promise.then(() => later.resolve(feed.subscribe("silver")));
  const [, gold] = await Promise.all([feed.connect(), feed.subscribe("gold")]);
  opened.resolve();
  expect([gold, await later.promise]).toMatchObject([{ key: "gold" }, { key: "silver" }]);
});

test("an iterator over a topic is refused where nothing says what a message belongs to", async () => {
  const feed = new Feed("ws://127.0.0.1:9", { subscriptions });
  expect(() => feed.messages({ topic: "gold" })).toThrow("messages: topic needs subscriptions.keyOf");
  await using keyed = new Feed("ws://127.0.0.1:9", { subscriptions: { ...subscriptions, keyOf: String } });
  expect(() => keyed.messages({ topic: "gold" })).not.toThrow();
});

test("a connection whose confirmations lie behind more than the inbox holds becomes ready all the same", async () => {
  await using peer = await startPeer({
    onConnection: (ws) =>
      ws.on("message", (data: Buffer) => {
        for (let n = 1; n <= 9; n++) ws.send(`${n}`);
        ws.send(`ok ${(JSON.parse(data.toString()) as { readonly sub: readonly string[] }).sub.join()}`);
      }),
  });
  await using feed = new Feed(peer.url, {
    inbox: { maxMessages: 2 },
    subscriptions: { ...subscriptions, confirmedBy: (message) => /^ok (.+)/.exec(String(message))?.[1] },
  });
  const [, gold] = await Promise.all([feed.connect(), feed.subscribe("gold")]);
  await until(() => feed.got.length === 10);
  expect([gold.key, feed.got.join(" ")]).toEqual(["gold", "1 2 3 4 5 6 7 8 9 ok gold"]);
});

test("nor does it wait for confirmations where the inbox was full before they were asked for", async () => {
  await using peer = await startPeer({
    onConnection: (ws) => {
      for (let n = 1; n <= 9; n++) ws.send(`${n}`);
      ws.on("message", () => ws.send("ok"));
    },
  });
  await using feed = new Feed(peer.url, {
    inbox: { maxMessages: 2 },
    subscriptions: { ...subscriptions, confirmedBy: (message) => (message === "ok" ? "gold" : undefined) },
  });
  feed.greet = () => until(() => feed.stats().isReadingPaused);
  const [, gold] = await Promise.all([feed.connect(), feed.subscribe("gold")]);
  await until(() => feed.got.length === 10);
  expect([gold.key, feed.got.at(-1)]).toEqual(["gold", "ok"]);
});

test("a key that was taken back and is wanted again is asked for from no position, whatever its connection was asked for", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url, {
    resume: { positionOf: (message) => Number(message) },
    subscriptions: {
      subscribe: (_keys, { positions }) => `from ${JSON.stringify([...positions])}`,
      unsubscribe: () => "no more",
      keyOf: () => "gold",
    },
  });
  await feed.connect();
  const gold = await feed.subscribe("gold");
  peer.connections[0]?.send("7");
  await until(() => feed.positions().get("gold") === 7);
  peer.connections[0]?.terminate();
  await until(() => feed.connects === 2 && feed.state.name === "open");
  await gold.unsubscribe();
  await feed.subscribe("gold");
  await until(() => peer.received.length === 4);
  expect(peer.received).toEqual(["from []", 'from [["gold",7]]', "no more", "from []"]);
});
