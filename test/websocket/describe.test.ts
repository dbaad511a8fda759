import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { basic } from "../../src/index.ts";
import { optionSources } from "../../src/core/options.ts";
import type { WebSocketServiceOptions } from "../../src/websocket/options.ts";
import { Feed, startPeer } from "./peer.ts";

const text = (options: Partial<WebSocketServiceOptions> = {}): string =>
  String(new Feed("wss://feed.example/v1", { reconnect: {}, ...options }).describe());

test("a stream with nothing but defaults names every part of it, and where it is dialled", () => {
  const described = text();
  expect(described).toMatch(/^feed {2}wss:\/\/feed\.example\/v1\/\n/);
  for (const part of ["connect", "reconnect", "heartbeat", "send", "receive", "close"]) {
    expect(described).toMatch(new RegExp(`^ *\\d+  ${part} `, "m"));
  }
  expect(described).toMatch(/rotate +off/);
  expect(described).toContain("reconnect.maxAttempts unlimited");
  expect(described).toContain("now: idle");
});

test("options that were given say so, and what comes from the environment names its variable", () => {
  const sources = new Map([["pingTimeoutMs", "environment: FEED_PING_TIMEOUT"]]);
  const described = text({ sendTimeoutMs: 7, pingTimeoutMs: 9, [optionSources]: sources } as object);
  expect(described).toContain("sendTimeoutMs 7  (definition)");
  expect(described).toContain("pingTimeoutMs 9  (environment: FEED_PING_TIMEOUT)");
});

test("what is switched off is off, and what is given is on", () => {
  const described = text({
    pingIntervalMs: false,
    compression: true,
    resume: { positionOf: () => 1 },
    rotate: { everyMs: 60_000 },
  });
  expect(described).toMatch(/heartbeat +off/);
  expect(described).toContain("compression.thresholdBytes 1024");
  expect(described).toContain("rotate.everyMs 60000  (definition)");
  expect(text({ reconnect: false })).toMatch(/reconnect +off/);
  const transported = text({ transport: { connect: () => new Duplex() } });
  expect(transported).toContain("transport given  (definition)");
  expect(transported).not.toContain("proxy");
});

test("no credential, query or proxy is shown", () => {
  const secrets: Partial<WebSocketServiceOptions>[] = [
    { apiKey: "hunter2" },
    { auth: basic("hunter2", "hunter2"), headers: { "x-token": "hunter2" } },
    { endpoint: "/x?token=hunter2", proxy: "http://hunter2:hunter2@proxy.example" },
    { endpoint: () => "/x?token=hunter2", protocols: ["a"] },
  ];
  for (const options of secrets) expect(text(options)).not.toContain("hunter2");
  const listed = new Feed("", { baseUrl: undefined, endpoints: ["wss://a.example/x?t=hunter2", "wss://b.example/y"] });
  expect(listed.describe().target).toBe("wss://a.example/x, wss://b.example/y");
  const computed = new Feed("", { baseUrl: undefined, endpoints: () => ["wss://a.example"] });
  expect(computed.describe().target).toBe("computed for each attempt");
});

test("of a stream that runs, it says how it is", async () => {
  await using peer = await startPeer();
  await using feed = new Feed(peer.url);
  await feed.connect();
  expect(feed.describe().stages[0]).toMatchObject({ name: "connect", state: "open" });
});
