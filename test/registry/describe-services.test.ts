import { expect, test } from "vitest";
import { silentLogger } from "../../src/core/logger.ts";
import { service } from "../../src/registry/custom-service.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest, ws } from "../../src/registry/definition.ts";
import type { DescribedService, RegistryDescription } from "../../src/registry/registry-description.ts";
import { duration, plainText, secret, wholeNumber } from "../../src/registry/setting-schemas.ts";
import { z } from "zod";
import { httpServer } from "../support/http-server.ts";
import { Payments } from "../support/rest-client.ts";
import { startPeer } from "../websocket/peer.ts";

const quiet = { logger: silentLogger };

const settingOf = (described: DescribedService | undefined, name: string): unknown =>
  described?.stages.flatMap(({ settings }) => settings).find((setting) => setting.name === name);

const serviceIn = (description: RegistryDescription, name: string): DescribedService | undefined =>
  description.services.find((described) => described.name === name);

const definitions = {
  payments: rest(Payments, { endpointBase: "/v1", retry: { maxRetries: 1 } }),
  feed: ws({ endpoint: "/stream?token=hunter2" }),
  mail: rest(Payments, { optional: true }),
  pool: service({
    settings: {
      url: secret(),
      size: wholeNumber(1).default(4),
      lingerMs: duration(),
      region: plainText(),
      label: z.string(),
      accessToken: z.coerce.number(),
    },
    create: () => ({}),
  }),
};

const env = {
  PAYMENTS_URL: "https://pay.example",
  PAYMENTS_API_KEY: "hunter2",
  PAYMENTS_TIMEOUT: "12s",
  PAYMENTS_PROXY: "http://u:hunter2@proxy.example",
  FEED_URL: "wss://feed.example",
  FEED_PING_INTERVAL: "7",
  POOL_URL: "postgres://u:hunter2@db.example",
  POOL_LINGER_MS: "1s",
  POOL_REGION: "eu",
  POOL_LABEL: "hunter2",
  POOL_ACCESS_TOKEN: "8675309",
};

test("before the start, it says what a start would do, with the origin of each setting", () => {
  const services = defineServices(definitions, { ...quiet, defaults: { rest: { connectTimeoutMs: 999 } } });
  const description = services.describe({ env });
  expect([description.isStarted, description.problems]).toEqual([false, []]);
  expect(description.services.map(({ name, kind, state, target }) => [name, kind, state, target])).toEqual([
    ["payments", "rest", "not started", "https://pay.example/v1"],
    ["feed", "ws", "not started", "wss://feed.example/stream"],
    ["mail", "rest", "left out, since MAIL_URL is not set", undefined],
    ["pool", "custom", "not started", undefined],
  ]);
  const payments = serviceIn(description, "payments");
  expect(settingOf(payments, "deadlineMs")).toMatchObject({ value: 12_000, origin: "environment: PAYMENTS_TIMEOUT" });
  expect(settingOf(payments, "retry.maxRetries")).toMatchObject({ value: 1, origin: "definition" });
  expect(settingOf(payments, "connectTimeoutMs")).toMatchObject({ value: 999, origin: "registry" });
  expect(settingOf(payments, "bodyIdleTimeoutMs")).toMatchObject({ origin: "default" });
  expect(settingOf(payments, "proxy")).toMatchObject({ value: "given", origin: "environment: PAYMENTS_PROXY" });
  expect(payments?.stages[0]).toEqual({
    name: "address",
    isOn: true,
    settings: [
      { name: "baseUrl", value: "https://pay.example", origin: "environment: PAYMENTS_URL" },
      { name: "endpointBase", value: "/v1", origin: "definition" },
    ],
  });
  const feed = serviceIn(description, "feed");
  expect(settingOf(feed, "endpoint")).toEqual({ name: "endpoint", value: "/stream?…", origin: "definition" });
  expect(settingOf(feed, "pingIntervalMs")).toMatchObject({ value: 7_000, origin: "environment: FEED_PING_INTERVAL" });
  expect(serviceIn(description, "pool")?.stages).toEqual([
    {
      name: "settings",
      isOn: true,
      settings: [
        { name: "url", value: "[secret]", origin: "environment: POOL_URL" },
        { name: "size", value: 4, origin: "default" },
        { name: "lingerMs", value: 1_000, origin: "environment: POOL_LINGER_MS" },
        { name: "region", value: "eu", origin: "environment: POOL_REGION" },
        { name: "label", value: "[hidden]", origin: "environment: POOL_LABEL" },
        { name: "accessToken", value: "[secret]", origin: "environment: POOL_ACCESS_TOKEN" },
      ],
    },
  ]);
});

test("nothing secret is in its text or its data", () => {
  const description = defineServices(definitions, quiet).describe({ env });
  for (const shown of [String(description), JSON.stringify(description)]) {
    expect(shown).not.toMatch(/hunter2|8675309|token=/);
  }
});

test("what a start would fail with is said, and what can be described all the same", () => {
  const description = defineServices(definitions, quiet).describe({
    env: { ...env, PAYMENTS_TIMEOUT: "x", POOL_URL: "" },
  });
  expect(description.problems).toEqual([
    expect.stringMatching(/^payments: PAYMENTS_TIMEOUT must be a duration/),
    "pool: POOL_URL is not set, and the schema of url has no default",
  ]);
  expect(description.services.map(({ state }) => state)).toEqual([
    "wrong settings",
    "not started",
    "left out, since MAIL_URL is not set",
    "wrong settings",
  ]);
  expect(String(description)).toContain("a start would fail:\n  payments: PAYMENTS_TIMEOUT must be");
});

test("of a registry that runs, it says how the services are, late ones among them", async () => {
  await using server = await httpServer();
  await using peer = await startPeer();
  const needy = rest(Payments, { optional: true });
  const other = service({ needs: [needy], optional: true, create: () => ({}) });
  const late = ws({ late: true, reconnect: false, connectTimeoutMs: 50 });
  await using services = defineServices({ payments: rest(Payments), feed: ws(), late, needy, other }, quiet);
  await services.start({
    env: { PAYMENTS_URL: server.url, FEED_URL: peer.url, LATE_URL: "ws://127.0.0.1:1" },
  });
  const description = services.describe();
  expect(description.isStarted).toBe(true);
  expect(description.services.map(({ name, state, target }) => [name, state, target])).toEqual([
    ["payments", "ready", server.url],
    ["feed", "ready", `${peer.url}/`],
    ["late", "late, not up yet", "ws://127.0.0.1:1/"],
    ["needy", "left out, since NEEDY_URL is not set", undefined],
    ["other", "left out, since needy is left out", undefined],
  ]);
  expect(serviceIn(description, "feed")?.stages[1]).toMatchObject({ name: "connect", state: "open" });
  await services.reload({
    env: { PAYMENTS_URL: server.url, FEED_URL: peer.url, LATE_URL: "ws://127.0.0.1:1", FEED_PING_TIMEOUT: "4" },
  });
  expect(settingOf(serviceIn(services.describe(), "feed"), "pingTimeoutMs")).toEqual({
    name: "pingTimeoutMs",
    value: 4_000,
    origin: "environment: FEED_PING_TIMEOUT",
  });
});

test("its text has a column each for stage, setting, value and origin", () => {
  const services = defineServices({ payments: rest(Payments), feed: ws() }, quiet);
  const text = String(services.describe({ env }));
  const lines = text.split("\n");
  expect(lines.slice(0, 3)).toEqual(
    ["services, not started: what a start would do", "", "payments  rest, not started, https://pay.example/"].map(
      (line) => line.replace(/\/$/, ""),
    ),
  );
  const rows = lines.filter((line) => /(deadlineMs|maxRetries|sendTimeoutMs|pingIntervalMs)/.test(line));
  expect(new Set(rows.map((line) => line.search(/(deadlineMs|retry\.|sendTimeoutMs|pingIntervalMs)/))).size).toBe(1);
  const origins = lines.filter((line) => line.includes("environment: ")).map((line) => line.indexOf("environment: "));
  expect(origins).toHaveLength(6);
  expect(new Set(origins).size).toBe(1);
  expect(text).toContain("off: ");
});

test("a URL that is refused for its password or its query is described without them", () => {
  const services = defineServices(
    {
      payments: rest({ baseUrl: "https://shop:hunter2@a.example" }),
      other: rest({ baseUrl: new URL("https://shop:hunter2@a.example"), endpointBase: "https://b:hunter2@b.example" }),
      feed: ws({ baseUrl: "wss://a.example?token=hunter2" }),
    },
    { ...quiet, env: {} },
  );
  const description = services.describe();
  expect(settingOf(serviceIn(description, "payments"), "baseUrl")).toMatchObject({ value: "https://…@a.example" });
  expect(settingOf(serviceIn(description, "feed"), "baseUrl")).toMatchObject({ value: "wss://a.example?…" });
  expect(String(description) + JSON.stringify(description)).not.toContain("hunter2");
});
