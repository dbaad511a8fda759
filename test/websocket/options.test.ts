import { expect, test } from "vitest";
import type { ServiceConfigurationError } from "../../src/core/errors.ts";
import { Secret } from "../../src/core/secret.ts";
import { headerProblems, protocolProblems } from "../../src/websocket/dial/handshake-options.ts";
import { readWebSocketOptions } from "../../src/websocket/options.ts";

const read = (options: object) => readWebSocketOptions({ baseUrl: "wss://a.example", ...options }, "Feed");

function problemsOf(options: object): readonly string[] {
  try {
    read(options);
  } catch (error) {
    return (error as ServiceConfigurationError).problems;
  }
  return [];
}

test("the defaults are those that the documentation names", () => {
  expect(read({})).toMatchObject({
    name: "Feed",
    path: "/",
    connectTimeoutMs: 10_000,
    startTimeoutMs: 30_000,
    closeTimeoutMs: 5_000,
    sendTimeoutMs: 10_000,
    heartbeat: { intervalMs: 20_000, timeoutMs: 20_000 },
    reconnect: { baseDelayMs: 500, maxDelayMs: 30_000, stableAfterMs: 10_000, maxAttempts: Number.POSITIVE_INFINITY },
    inbox: { maxMessages: 1024, maxBytes: 8 * 1024 * 1024 },
    outbox: { maxMessages: 1024, maxBytes: 1024 * 1024, whenFull: "wait" },
    maxPayloadBytes: 16 * 1024 * 1024,
  });
});

test("false switches pings and reconnecting off", () => {
  expect(read({ pingIntervalMs: false, reconnect: false })).toMatchObject({ heartbeat: false, reconnect: false });
});

test("everything that is wrong is reported at once, and no secret is shown", () => {
  const problems = problemsOf({
    baseUrl: "ftp://user:hunter2@a.example",
    endpoint: "//evil.example",
    apiKey: "sk\n1",
    headers: { "bad name": "x", "x-token": "a\r\nb", connection: "close", fine: undefined },
    protocols: ["a b"],
    sendTimeoutMs: 0,
    pingTimeoutMs: -1,
    reconnect: { maxAttempts: 1.5, delay: 1 },
    inbox: { maxMessages: 0 },
    outbox: 5,
    tls: { rejectUnauthorized: "no" },
    pingInterval: 5,
    codec: {},
  });
  expect(problems).toHaveLength(16);
  expect(problems.join("\n")).not.toMatch(/hunter2|sk\n1/);
  expect(problems).toContain("unknown option pingInterval; did you mean pingIntervalMs?");
});

test.each(["http://evil.example", "//evil.example", "../admin", "a\\b", "/a/%2e%2e/b", "#part"])(
  "the endpoint %s is refused, for it leaves the base or would not be sent",
  (endpoint) => expect(problemsOf({ endpoint })).toHaveLength(1),
);

test("an apiKey and an authorization header contradict each other", () => {
  expect(problemsOf({ apiKey: new Secret("k"), headers: { Authorization: "x" } })).toHaveLength(1);
});

test("a base delay above the longest is a contradiction only where the user gave both", () => {
  expect(problemsOf({ reconnect: { baseDelayMs: 60_000, maxDelayMs: 1_000 } })).toHaveLength(1);
  expect(read({ reconnect: { baseDelayMs: 60_000 } }).reconnect).toMatchObject({ maxDelayMs: 60_000 });
});

test("providers are taken as they are", () => {
  const headers = (): Record<string, string> => ({});
  const protocols = (): string[] => [];
  expect(read({ headers, protocols })).toMatchObject({ headers, protocols });
});

test("options that are no object are a mistake, not a crash", () => {
  expect(() => readWebSocketOptions(undefined as never, "Feed")).toThrow(/the options must be an object/);
});

test("headers must be an object, and protocols a list of distinct names", () => {
  expect([headerProblems([]), headerProblems("x")].flat()).toHaveLength(2);
  expect(problemsOf({ headers: 5 })).toHaveLength(1);
  expect(protocolProblems("v1")).toHaveLength(1);
  expect(protocolProblems(["v1", "v1"])).toEqual(["protocols must not name one twice"]);
});

test("an outbox has one of three policies", () => {
  expect(read({ outbox: { whenFull: "dropOldest" } }).outbox).toEqual({
    maxMessages: 1024,
    maxBytes: 1024 * 1024,
    whenFull: "dropOldest",
  });
  expect(problemsOf({ outbox: { whenFull: "block", maxMessage: 1 } })).toEqual([
    expect.stringContaining("outbox.whenFull must be"),
    expect.stringContaining("outbox.maxMessage; did you mean maxMessages?"),
  ]);
});

test("compression is true, false, or its threshold", () => {
  expect([read({ compression: true }).compression, read({ compression: false }).compression]).toEqual([
    { thresholdBytes: 1024 },
    false,
  ]);
  expect(read({ compression: { thresholdBytes: 10 } }).compression).toEqual({ thresholdBytes: 10 });
  expect(problemsOf({ compression: "yes" })).toEqual(["compression must be true, false, or { thresholdBytes }"]);
});

test("a codec that encodes does so with a function", () => {
  const codec = { decode: () => "", encode: 5 };
  expect(problemsOf({ codec })).toEqual(["codec.encode must be a function, or be left out"]);
});

test("a message in the place of pings needs pings, and its answer needs the message", () => {
  const pingMessage = () => "ping";
  expect(problemsOf({ pingMessage, pingIntervalMs: false })).toEqual([
    "pingMessage is never sent where pingIntervalMs is false: leave one of them out",
  ]);
  expect(problemsOf({ isPong: () => true })).toEqual(["isPong is for the answers to pingMessage, which is not given"]);
});
