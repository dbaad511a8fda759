import { expect, test } from "vitest";
import { isServiceConfigurationError, type ServiceConfigurationError } from "../../src/core/errors.ts";
import { Feed, startPeer, thrownBy } from "./peer.ts";

const one = (): number => 1;
const nowhere = "ws://127.0.0.1:9";
const codeOf = (error: unknown): string => (error as ServiceConfigurationError).code;

/** What is wrong with the options of a service; none where it was made. */
function problemsOf(options: object): readonly string[] {
  const make = (): Feed => new Feed(nowhere, options);
  try {
    make();
    return [];
  } catch (error) {
    if (isServiceConfigurationError(error)) return error.problems;
    throw error;
  }
}

/** What is wrong with a call. */
async function problemsOfCall(call: () => unknown): Promise<readonly string[]> {
  const error = await thrownBy((async () => call())());
  expect(error).toSatisfy(isServiceConfigurationError);
  return (error as ServiceConfigurationError).problems;
}

test.each([
  ["ftp://a.example", "baseUrl"],
  ["a.example", "baseUrl"],
  ["wss://user:hunter2@a.example", "apiKey"],
])("the base %s is refused when the service is made, with what to do", (baseUrl, advice) => {
  const problems = problemsOf({ baseUrl });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(advice);
  expect(problems[0]).not.toContain("hunter2");
});

test("a base of http is dialled as ws", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url.replace("ws:", "http:"));
  await feed.connect();
  expect([feed.state.name, peer.requests.length]).toEqual(["open", 1]);
});

test("a base of https means wss, and speaks TLS to the service", async () => {
  await using peer = await startPeer();
  const feed = new Feed(peer.url.replace("ws:", "https:"), { reconnect: false });
  expect(await thrownBy(feed.connect())).toMatchObject({ code: expect.stringMatching(/^connection-/) });
  expect(peer.requests).toEqual([]);
});

test.each([
  [{ requestTimeout: 5 }, "did you mean requestTimeoutMs?"],
  [{ inbox: { maxMessage: 5 } }, "inbox.maxMessage; did you mean maxMessages?"],
  [{ outbox: { size: 5 } }, "unknown option outbox.size; known are maxBytes, maxMessages, whenFull"],
  [{ concurrency: { maxConcurrent: 1, keyOf: () => 1, max: 1 } }, "concurrency.max is not known"],
  [{ subscriptions: { subscribe: () => 1, confirmBy: () => 1 } }, "unknown option subscriptions.confirmBy"],
  [{ resume: { positionOf: one, fil: () => [] } }, "resume.fil; did you mean fill?"],
  [{ dedupe: { idOf: () => 1, maxId: 1 } }, "dedupe.maxId; did you mean maxIds?"],
  [{ resume: { positionOf: one }, rotate: { every: 1 } }, "rotate.every"],
  [{ compression: { threshold: 1 } }, "compression.threshold"],
  [{ reconnect: { maxAttempt: 1 } }, "reconnect.maxAttempt; did you mean maxAttempts?"],
])("the unknown option in %j is refused", (options, told) => {
  expect(problemsOf(options).join("\n")).toContain(told);
});

test.each([
  [{ handlerTimeoutMs: -1 }, "handlerTimeoutMs must be a number"],
  [{ requestTimeoutMs: Number.NaN }, "requestTimeoutMs must be a number"],
  [{ sendTimeoutMs: 0 }, "sendTimeoutMs must be a number"],
  [{ closeTimeoutMs: "5" }, "closeTimeoutMs must be a number"],
  [{ inbox: { maxMessages: -1 } }, "inbox.maxMessages must be a whole number of at least 1"],
  [{ inbox: { maxBytes: 0 } }, "inbox.maxBytes must be a number of at least 1"],
  [{ outbox: { maxMessages: 0.5 } }, "outbox.maxMessages must be a whole number of at least 1"],
  [{ outbox: { maxBytes: -1 } }, "outbox.maxBytes must be"],
  [{ maxPayloadBytes: -1 }, "maxPayloadBytes must be"],
  [{ concurrency: { maxConcurrent: 0, keyOf: () => 1 } }, "concurrency.maxConcurrent must be"],
  [{ dedupe: { idOf: () => 1, maxIds: -1 } }, "dedupe.maxIds must be"],
  [{ compression: { thresholdBytes: -1 } }, "compression.thresholdBytes must be"],
  [{ resume: { positionOf: one }, rotate: { everyMs: -1 } }, "rotate.everyMs must be"],
  [{ subscriptions: { subscribe: () => 1, maxKeysPerMessage: 0 } }, "subscriptions.maxKeysPerMessage must be"],
])("the limit %j is refused", (options, told) => {
  expect(problemsOf(options).join("\n")).toContain(told);
});

test.each([
  [{ resume: {} }, "resume.positionOf is missing: a function"],
  [{ resume: 5 }, "resume must be an object, not 5"],
  [{ resume: { positionOf: 5 } }, "resume.positionOf must be a function"],
  [{ resume: { positionOf: one, from: Number.NaN } }, "resume.from is not a position"],
  [{ resume: { positionOf: one, fill: [] } }, "resume.fill must be a function"],
  [{ dedupe: {} }, "dedupe.idOf is missing: a function"],
  [{ dedupe: [] }, "dedupe must be an object, not an array"],
  [{ rotate: { everyMs: 5 } }, "rotate needs reconnect, and resume or dedupe"],
  [{ dedupe: { idOf: () => 1 }, rotate: {} }, "rotate needs everyMs, or when, or both"],
  [{ subscriptions: {} }, "subscriptions.subscribe is required"],
  [{ subscriptions: { subscribe: "sub" } }, "subscriptions.subscribe must be a function, not a string"],
  [{ inbox: { whenFull: "coalesceByKey" } }, "inbox.keyOf is needed for coalesceByKey"],
  [{ inbox: { keyOf: () => 1 } }, "inbox.keyOf is only for"],
  [{ outbox: { whenFull: "block" } }, "outbox.whenFull must be one of wait | reject | dropOldest"],
  [{ concurrency: { maxConcurrent: 2 } }, "concurrency.keyOf must be a function"],
  [{ codec: {} }, "codec must be an object with decode()"],
  [{ codec: { decode: () => "", encode: 5 } }, "codec.encode must be a function, or be left out"],
  [{ pingMessage: "ping" }, "pingMessage must be a function"],
])("the shape of %j is refused, with what it must be", (options, told) => {
  expect(problemsOf(options).join("\n")).toContain(told);
});

test("a handler that is not a function is refused at once, wherever it is given", async () => {
  const feed = new Feed(nowhere, { subscriptions: { subscribe: () => undefined, keyOf: () => "a" } });
  expect(await problemsOfCall(() => feed.addMessageHandler({} as never))).toEqual([
    "addMessageHandler needs a function",
  ]);
  expect(await problemsOfCall(() => feed.subscribe("a", "no" as never))).toEqual([
    "subscribe: the handler must be a function",
  ]);
  expect(feed.stats().lanes).toHaveLength(1);
});

test("what is wrong with the options of a call is told at once, and nothing has happened", async () => {
  const feed = new Feed(nowhere, { subscriptions: { subscribe: () => undefined } });
  const bad = { timeout: 5, signal: "hunter2", timeoutMs: Number.NaN } as never;
  const calls = {
    send: () => feed.send("x", bad),
    sendJson: () => feed.sendJson("x", bad),
    request: () => feed.request({ method: "m" }, bad),
    once: () => feed.once(() => true, bad),
    subscribe: () => feed.subscribe("a", undefined, bad),
  };
  for (const [name, call] of Object.entries(calls)) {
    expect(await problemsOfCall(call)).toEqual([
      expect.stringContaining(`${name}: unknown option timeout; known are `),
      `${name}: signal must be an AbortSignal`,
      `${name}: timeoutMs must be a number above 0, not NaN`,
    ]);
  }
  expect(await problemsOfCall(() => feed.messages({ signal: 5, topic: 5 } as never))).toHaveLength(2);
  expect(await problemsOfCall(() => feed.addMessageHandler(() => undefined, { max: 1 } as never))).toHaveLength(1);
  expect(await problemsOfCall(() => feed.addMessageHandler(() => undefined, { concurrency: 5 } as never))).toHaveLength(
    1,
  );
  expect(feed.stats()).toMatchObject({ pendingRequests: 0, subscriptions: 0, queuedSends: 0 });
});

test.each([[undefined], [null], [{}], [{ timeoutMs: 0 }], [{ timeoutMs: Number.NaN }], [{ timeoutMs: -1 }], [5]])(
  "drain(%j) has no limit: it is refused, and the stream goes on",
  async (options) => {
    await using peer = await startPeer();
    await using feed = new Feed(peer.url);
    await feed.connect();
    const problems = await problemsOfCall(() => feed.drain(options as never));
    expect(problems.join()).toContain("timeoutMs");
    expect([feed.state.name, feed.lifecycle]).toEqual(["open", "ready"]);
  },
);

test("a request without match that is no JSON-RPC call is refused, with both ways out", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url);
  await feed.connect();
  for (const message of ["login", ["a"], { params: [] }, { method: "" }, { method: "m", id: 1 }, new Uint8Array(1)]) {
    const [problem] = await problemsOfCall(() => feed.request(message as never));
    expect(problem).toMatch(/^request: .*match/);
  }
  expect(await problemsOfCall(() => feed.request("x", { match: "y" as never, schema: {} as never }))).toEqual([
    "request: match must be a function",
    "request: schema must be a Standard Schema (zod, valibot, …)",
  ]);
  expect(await problemsOfCall(() => feed.once("x" as never))).toEqual(["once: filter must be a function"]);
  expect([feed.stats().pendingRequests, peer.received]).toEqual([0, []]);
});

test("a request that cannot be encoded, or is too large, is refused and leaves nothing waiting", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url, { maxPayloadBytes: 60 });
  await feed.connect();
  const large = { method: "m", params: ["x".repeat(60)] };
  expect(await problemsOfCall(() => feed.request(large))).toEqual([expect.stringContaining("maxPayloadBytes is 60")]);
  expect(await problemsOfCall(() => feed.request({ method: "m", params: [1n] }))).toEqual([
    expect.stringContaining("BigInt"),
  ]);
  expect(await problemsOfCall(() => feed.request("x".repeat(61), { match: () => true }))).toHaveLength(1);
  expect(feed.stats()).toMatchObject({ pendingRequests: 0, queuedSends: 0 });
});

test("subscribe without the option, with a handler and no keyOf, or with a key that is none is refused", async () => {
  const subscribe = (): undefined => undefined;
  expect(await problemsOfCall(() => new Feed(nowhere).subscribe("a"))).toEqual([
    "subscribe needs the option subscriptions, which says how the service subscribes",
  ]);
  const feed = new Feed(nowhere, { subscriptions: { subscribe } });
  expect(await problemsOfCall(() => feed.subscribe("a", () => undefined))).toEqual([
    expect.stringContaining("needs subscriptions.keyOf"),
  ]);
  for (const key of ["", 5, undefined]) {
    expect(await problemsOfCall(() => feed.subscribe(key as never))).toEqual([
      "subscribe: key must be a string that is not empty",
    ]);
  }
});

test("after close nothing is taken any more, and each refusal is typed and says so", async () => {
  await using peer = await startPeer();
  const feed = new Feed(peer.url, { subscriptions: { subscribe: () => undefined } });
  await feed.connect();
  await feed.close();
  for (const call of [
    () => feed.subscribe("a"),
    () => feed.send("x"),
    () => feed.sendJson("x"),
    () => feed.request({ method: "m" }),
    () => feed.once(() => true),
    () => feed.connect(),
  ]) {
    expect(await thrownBy(call())).toMatchObject({ code: "unavailable-stopped", outcome: "not-sent" });
  }
});

test("rotateNow without resume or dedupe, or without reconnect, is refused at once", async () => {
  expect(await problemsOfCall(() => new Feed(nowhere).rotateNow())).toEqual([
    "rotateNow needs reconnect, and resume or dedupe: without them messages would come twice",
  ]);
  const alone = new Feed(nowhere, { reconnect: false, dedupe: { idOf: String } });
  expect(await problemsOfCall(() => alone.rotateNow())).toHaveLength(1);
  expect(codeOf(await thrownBy((async () => alone.rotateNow())()))).toBe("configuration-invalid");
  new Feed(nowhere, { dedupe: { idOf: String } }).rotateNow();
});
