import * as v from "valibot";
import { expect, test } from "vitest";
import { z } from "zod";
import { isServiceConfigurationError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { service } from "../../src/registry/custom-service.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest, ws } from "../../src/registry/definition.ts";
import { oneOf, url } from "../../src/registry/setting-schemas.ts";
import { httpServer } from "../support/http-server.ts";
import { Payments, reasonOf } from "../support/rest-client.ts";
import type { RESTServiceOptions } from "../../src/rest/options.ts";
import { RESTService } from "../../src/rest/rest-service.ts";

class Merchant extends RESTService {
  readonly facts: object;
  constructor({
    merchantId,
    shop,
    ...options
  }: RESTServiceOptions & { readonly merchantId: number; readonly shop: string }) {
    super(options);
    this.facts = { merchantId, shop };
  }
}

const definitions = {
  payments: rest(Merchant, {
    settings: {
      merchantId: v.pipe(v.string(), v.transform(Number), v.integer()),
      shop: z.string().regex(/^shop-/, "it begins with shop-"),
    },
  }),
  feed: ws(),
  pool: service({ settings: { database: url("postgres:"), region: oneOf("eu", "us") }, create: () => ({}) }),
};

const good = {
  PAYMENTS_URL: "https://pay.example",
  PAYMENTS_MERCHANT_ID: "7",
  PAYMENTS_SHOP: "shop-1",
  FEED_URL: "wss://feed.example",
  POOL_DATABASE: "postgres://db.example/main",
  POOL_REGION: "eu",
};

const problemsWith = async (env: Readonly<Record<string, string>>): Promise<readonly string[]> => {
  const refused = await reasonOf(defineServices(definitions, { logger: silentLogger }).start({ env }));
  if (!isServiceConfigurationError(refused)) throw refused;
  return refused.problems;
};

const bad: [variable: string, value: string, problem: string][] = [
  ["PAYMENTS_URL", "", "payments: PAYMENTS_URL is not set: set it to the service's URL, or give baseUrl in the code"],
  ["PAYMENTS_URL", "hunter2", "payments: PAYMENTS_URL must be an absolute URL that starts with https:// or http://"],
  [
    "PAYMENTS_URL",
    "https://hunter2:x@pay.example",
    "payments: PAYMENTS_URL must not contain a user name or password: give them as apiKey, or as a header",
  ],
  ["PAYMENTS_API_KEY", "hunter2\nx", "payments: PAYMENTS_API_KEY must be one line without control characters"],
  [
    "PAYMENTS_TIMEOUT",
    "hunter2",
    "payments: PAYMENTS_TIMEOUT must be a duration of at least 1 ms: seconds as a plain number (30), or with a unit (500ms, 30s, 2m)",
  ],
  ["PAYMENTS_MAX_RETRIES", "-1", "payments: PAYMENTS_MAX_RETRIES must be a whole number of at least 0"],
  [
    "PAYMENTS_MAX_RESPONSE_BYTES",
    "10 mebibytes",
    "payments: PAYMENTS_MAX_RESPONSE_BYTES must be a size of at least 1 byte: bytes as a plain number (65536), or with a unit (512KB, 10MiB)",
  ],
  [
    "PAYMENTS_PROXY",
    "socks://hunter2",
    'payments: PAYMENTS_PROXY must be a URL that starts with http:// or https://, "environment", or false; user and password in it, if any, are percent-encoded',
  ],
  [
    "PAYMENTS_ENDPOINT_BASE",
    "../hunter2",
    'payments: PAYMENTS_ENDPOINT_BASE must not contain "." or ".." segments: it could leave the base',
  ],
  [
    "PAYMENTS_API_KEY_FILE",
    "/nowhere/hunter2",
    "payments: PAYMENTS_API_KEY_FILE must be the path of a file that can be read (ENOENT)",
  ],
  [
    "PAYMENTS_ATTEMPT_TIMEOUT",
    "31s",
    "payments: attemptTimeoutMs (31000) must not be above deadlineMs (30000) [attemptTimeoutMs comes from PAYMENTS_ATTEMPT_TIMEOUT]",
  ],
  ["PAYMENTS_MERCHANT_ID", "hunter2", "payments: PAYMENTS_MERCHANT_ID is not what is asked for: Invalid integer"],
  [
    "PAYMENTS_MERCHANT_ID",
    "",
    "payments: PAYMENTS_MERCHANT_ID is not set, and the schema of merchantId has no default",
  ],
  ["PAYMENTS_SHOP", "hunter2", "payments: PAYMENTS_SHOP is not what is asked for: it begins with shop-"],
  [
    "FEED_URL",
    "redis://hunter2",
    "feed: FEED_URL must be an absolute URL that starts with wss:// or ws:// or https:// or http://",
  ],
  [
    "FEED_PING_INTERVAL",
    "never",
    "feed: FEED_PING_INTERVAL must be a duration of at least 1 ms: seconds as a plain number (30), or with a unit (500ms, 30s, 2m)",
  ],
  ["POOL_DATABASE", "mysql://hunter2", "pool: POOL_DATABASE must be an absolute URL that starts with postgres://"],
  ["POOL_REGION", "hunter2", "pool: POOL_REGION must be one of eu | us"],
];

test.each(bad)(
  "%s=%j: one message, which says what is expected and never what it was",
  async (variable, value, said) => {
    const problems = await problemsWith({ ...good, [variable]: value });
    expect(problems).toEqual([said]);
    expect(problems.join()).not.toContain("hunter2");
  },
);

test("all problems of all services are told at once, in the order of the services", async () => {
  const env = {
    ...good,
    POOL_REGION: "x",
    FEED_URL: "x",
    PAYMENTS_TIMEOUT: "x",
    PAYMENTS_KEY: "a",
    PAYMENTS_API_KEY: "b",
  };
  expect((await problemsWith(env)).map((problem) => problem.split(" ").slice(0, 2).join(" "))).toEqual([
    "payments: PAYMENTS_API_KEY",
    "payments: PAYMENTS_TIMEOUT",
    "feed: FEED_URL",
    "pool: POOL_REGION",
  ]);
});

test("nothing is connected before all settings are right", async () => {
  await using server = await httpServer();
  const services = defineServices({ payments: rest(Payments), feed: ws() }, { logger: silentLogger });
  await reasonOf(services.start({ env: { PAYMENTS_URL: server.url, FEED_URL: server.url, FEED_PING_TIMEOUT: "x" } }));
  expect(server.connections).toBe(0);
});
