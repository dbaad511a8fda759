import { expect, test } from "vitest";
import { Secret } from "../../src/core/secret.ts";
import { settingFields } from "../../src/registry/setting-fields.ts";
import type { RestSuffix, WsSuffix } from "../../src/registry/env-of.ts";
import { readSettings } from "../../src/registry/settings.ts";

function read(kind: "rest" | "ws", env: Readonly<Record<string, string>>) {
  const { values, problems } = readSettings({ fields: settingFields[kind], prefix: "P", env });
  return { values: Object.fromEntries([...values].map(([option, { value }]) => [option, value])), problems };
}

test("a REST service reads its URL, key, limits and paths", () => {
  const { values, problems } = read("rest", {
    P_URL: "https://api.example.com/v1",
    P_API_KEY: "sk_live",
    P_TIMEOUT: "30.0",
    P_ATTEMPT_TIMEOUT: "5s",
    P_CONNECT_TIMEOUT: "500ms",
    P_MAX_RETRIES: "0",
    P_MAX_CONNECTIONS: "8",
    P_ENDPOINT_BASE: "/v2",
    P_HEALTH_ENDPOINT: "/live",
  });
  expect(problems).toEqual([]);
  expect(values).toEqual({
    baseUrl: "https://api.example.com/v1",
    apiKey: expect.any(Secret),
    deadlineMs: 30_000,
    attemptTimeoutMs: 5_000,
    connectTimeoutMs: 500,
    "retry.maxRetries": 0,
    maxConnections: 8,
    endpointBase: "/v2",
    healthEndpoint: "/live",
  });
  expect((values["apiKey"] as Secret).reveal()).toBe("sk_live");
});

test("a WebSocket service reads its URL, key, pings and path", () => {
  const { values, problems } = read("ws", {
    P_URL: "wss://realtime.example.com",
    P_KEY: "k",
    P_PING_INTERVAL: "20.0",
    P_PING_TIMEOUT: "5s",
    P_CONNECT_TIMEOUT: "2s",
    P_ENDPOINT: "/stream",
  });
  expect(problems).toEqual([]);
  expect(values).toEqual({
    baseUrl: "wss://realtime.example.com",
    apiKey: expect.any(Secret),
    pingIntervalMs: 20_000,
    pingTimeoutMs: 5_000,
    connectTimeoutMs: 2_000,
    endpoint: "/stream",
  });
});

test("false switches off what can be switched off", () => {
  expect(read("rest", { P_HEALTH_ENDPOINT: "false" }).values).toEqual({ healthEndpoint: false });
  expect(read("ws", { P_PING_INTERVAL: "false" }).values).toEqual({ pingIntervalMs: false });
});

test("blanks around a value do not count, but in a secret", () => {
  const { values } = read("rest", { P_URL: " https://a.example ", P_MAX_RETRIES: " 1 ", P_API_KEY: " k" });
  expect(values).toMatchObject({ baseUrl: "https://a.example", "retry.maxRetries": 1 });
  expect((values["apiKey"] as Secret).reveal()).toBe(" k");
});

test.each([
  ["P_URL", "ftp://hunter2"],
  ["P_URL", "hunter2"],
  ["P_URL", "https://user:hunter2@a.example"],
  ["P_URL", "https://a.example/?key=hunter2"],
  ["P_API_KEY", "hunter2\nhunter2"],
  ["P_TIMEOUT", "hunter2"],
  ["P_MAX_RETRIES", "-1hunter2"],
  ["P_MAX_RETRIES", "1.5"],
  ["P_MAX_CONNECTIONS", "0"],
  ["P_ENDPOINT_BASE", "https://hunter2.example"],
  ["P_HEALTH_ENDPOINT", "../hunter2"],
])("%s that is wrong is named, with what is expected and never with its value", (variable, value) => {
  const { problems } = read("rest", { [variable]: value });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(new RegExp(`^${variable} must `));
  expect(problems.join()).not.toContain("hunter2");
});

test("a REST service has no ws: URL, and a WebSocket service may have an https: one", () => {
  expect(read("rest", { P_URL: "wss://a.example" }).problems).toEqual([
    "P_URL must be an absolute URL that starts with https:// or http://",
  ]);
  expect(read("ws", { P_URL: "https://a.example" }).problems).toEqual([]);
});

test("the types name just the variables that are read", () => {
  const restSuffixes: Record<RestSuffix, true> = {
    _URL: true,
    _API_KEY: true,
    _KEY: true,
    _TIMEOUT: true,
    _ATTEMPT_TIMEOUT: true,
    _CONNECT_TIMEOUT: true,
    _BODY_IDLE_TIMEOUT: true,
    _CLOSE_TIMEOUT: true,
    _MAX_RETRIES: true,
    _MAX_CONNECTIONS: true,
    _MAX_RESPONSE_BYTES: true,
    _ENDPOINT_BASE: true,
    _HEALTH_ENDPOINT: true,
    _PROXY: true,
  };
  const wsSuffixes: Record<WsSuffix, true> = {
    _URL: true,
    _API_KEY: true,
    _KEY: true,
    _PING_INTERVAL: true,
    _PING_TIMEOUT: true,
    _CONNECT_TIMEOUT: true,
    _START_TIMEOUT: true,
    _CLOSE_TIMEOUT: true,
    _SEND_TIMEOUT: true,
    _REQUEST_TIMEOUT: true,
    _MAX_PAYLOAD_BYTES: true,
    _ENDPOINT: true,
    _PROXY: true,
  };
  const suffixesOf = (kind: "rest" | "ws"): string[] => settingFields[kind].flatMap(({ suffixes }) => suffixes);
  expect(suffixesOf("rest")).toEqual(Object.keys(restSuffixes));
  expect(suffixesOf("ws")).toEqual(Object.keys(wsSuffixes));
});

test("sizes and the other limits are read with their units, and a proxy as it is given in code", () => {
  expect(
    read("rest", {
      P_MAX_RESPONSE_BYTES: "5MiB",
      P_BODY_IDLE_TIMEOUT: "2s",
      P_CLOSE_TIMEOUT: "1s",
      P_PROXY: "http://proxy.example:3128",
    }),
  ).toEqual({
    values: {
      maxResponseBytes: 5_242_880,
      bodyIdleTimeoutMs: 2_000,
      closeTimeoutMs: 1_000,
      proxy: "http://proxy.example:3128",
    },
    problems: [],
  });
  expect(
    read("ws", {
      P_MAX_PAYLOAD_BYTES: "512KB",
      P_SEND_TIMEOUT: "1",
      P_REQUEST_TIMEOUT: "2",
      P_START_TIMEOUT: "3",
      P_PROXY: "false",
    }),
  ).toEqual({
    values: {
      maxPayloadBytes: 512_000,
      sendTimeoutMs: 1_000,
      requestTimeoutMs: 2_000,
      startTimeoutMs: 3_000,
      proxy: false,
    },
    problems: [],
  });
});
