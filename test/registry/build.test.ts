import { expect, test } from "vitest";
import { optionSources } from "../../src/core/options.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { type Built, buildService } from "../../src/registry/build.ts";
import { rest, type ServiceDefinition, ws } from "../../src/registry/definition.ts";
import type { RESTServiceOptions } from "../../src/rest/options.ts";
import { z } from "zod";
import { duration } from "../../src/registry/setting-schemas.ts";
import { RESTService } from "../../src/rest/rest-service.ts";

/** Keeps what its constructor got. */
class Payments extends RESTService {
  readonly got: RESTServiceOptions;
  constructor(options: RESTServiceOptions) {
    super(options);
    this.got = options;
  }
}

const shared = { logger: silentLogger };

function build<T extends RESTService>(
  definition: ServiceDefinition<T>,
  env: Readonly<Record<string, string>>,
  precedence: "environment" | "code" = "environment",
): Built<T> {
  return buildService("paymentGateway", definition, { env, precedence, shared });
}

function gotBy(definition: ServiceDefinition<Payments>, env = {}, precedence?: "code"): RESTServiceOptions {
  const built = build(definition, env, precedence);
  if (built.kind !== "service") throw new Error(JSON.stringify(built));
  return built.service.got;
}

const url = { PAYMENT_GATEWAY_URL: "https://env.example" };

test("the name of a service is its name in the registry, and its settings come from variables of that name", () => {
  expect(gotBy(rest(Payments), { ...url, PAYMENT_GATEWAY_TIMEOUT: "12" })).toMatchObject({
    name: "paymentGateway",
    baseUrl: "https://env.example",
    deadlineMs: 12_000,
    logger: silentLogger,
  });
});

test("the environment wins over the definition, so that a deployment can redirect", () => {
  const definition = rest(Payments, { baseUrl: "https://code.example", deadlineMs: 1 });
  expect(gotBy(definition, url)).toMatchObject({ baseUrl: "https://env.example", deadlineMs: 1 });
});

test("where the code has precedence, the environment fills only what is left out", () => {
  const definition = rest(Payments, { baseUrl: "https://code.example", retry: { maxRetries: 1 } });
  const env = { PAYMENT_GATEWAY_URL: "nonsense that nobody reads", PAYMENT_GATEWAY_MAX_RETRIES: "9" };
  const got = gotBy(definition, { ...env, PAYMENT_GATEWAY_TIMEOUT: "12" }, "code");
  expect(got).toMatchObject({ baseUrl: "https://code.example", deadlineMs: 12_000, retry: { maxRetries: 1 } });
  expect(gotBy(rest(Payments, { retry: false }), { ...url, ...env, ...url }, "code").retry).toBe(false);
});

test("a stream that has whole URLs needs no base URL, and in code none is looked for", () => {
  const definition = ws({ endpoints: ["wss://a.example/x", "wss://b.example/x"] });
  const built = (env: Readonly<Record<string, string>>, precedence: "environment" | "code") =>
    buildService("feed", definition, { env, precedence, shared });
  expect(built({}, "environment").kind).toBe("service");
  expect(built({ FEED_URL: "wss://other.example" }, "code").kind).toBe("service");
  expect(built({ FEED_URL: "wss://other.example" }, "environment")).toMatchObject({
    kind: "wrong",
    problems: [expect.stringContaining("endpoints and baseUrl are both given")],
  });
});

test("the number of retries from the environment leaves the other limits of retries as they are", () => {
  const env = { ...url, PAYMENT_GATEWAY_MAX_RETRIES: "5" };
  expect(gotBy(rest(Payments, { retry: { baseDelayMs: 7 } }), env).retry).toEqual({ baseDelayMs: 7, maxRetries: 5 });
  expect(gotBy(rest(Payments, { retry: false }), env).retry).toEqual({ maxRetries: 5 });
});

test("an option given as undefined counts as not given", () => {
  const definition = rest(Payments, { baseUrl: undefined, deadlineMs: undefined, logger: undefined });
  expect(Object.entries(gotBy(definition, url)).toSorted(([a], [b]) => a.localeCompare(b))).toEqual([
    ["baseUrl", "https://env.example"],
    ["logger", silentLogger],
    ["name", "paymentGateway"],
  ]);
});

test("a deadline from the environment below the default of the attempt's limit just works", () => {
  expect(build(rest(), { ...url, PAYMENT_GATEWAY_TIMEOUT: "2" }).kind).toBe("service");
});

test("a limit from the environment that contradicts one of the code is told with its variable", () => {
  const built = build(rest({ attemptTimeoutMs: 8_000 }), { ...url, PAYMENT_GATEWAY_TIMEOUT: "5" });
  expect(built).toEqual({
    kind: "wrong",
    problems: [
      "attemptTimeoutMs (8000) must not be above deadlineMs (5000) [deadlineMs comes from PAYMENT_GATEWAY_TIMEOUT]",
    ],
  });
});

test("a service without its URL is wrong, and the variable to set is named", () => {
  expect(build(rest(), {})).toEqual({
    kind: "wrong",
    problems: ["PAYMENT_GATEWAY_URL is not set: set it to the service's URL, or give baseUrl in the code"],
  });
});

test("an optional service without its URL is skipped, unless something else about it is wrong", () => {
  const definition = rest({ optional: true });
  expect(build(definition, {})).toEqual({ kind: "skipped", variable: "PAYMENT_GATEWAY_URL" });
  expect(build(definition, { PAYMENT_GATEWAY_TIMEOUT: "soon" })).toMatchObject({
    kind: "wrong",
    problems: [expect.stringMatching(/^PAYMENT_GATEWAY_TIMEOUT must be /), expect.stringMatching(/is not set/)],
  });
});

test("a URL that is wrong is not also missing", () => {
  const built = build(rest(), { PAYMENT_GATEWAY_URL: "nowhere" });
  expect(built).toMatchObject({ kind: "wrong", problems: [expect.stringMatching(/^PAYMENT_GATEWAY_URL must be /)] });
});

test("a prefix given by hand stands in front of every variable", () => {
  expect(gotBy(rest(Payments, { env: "PAY" }), { PAY_URL: "https://pay.example" }).baseUrl).toBe("https://pay.example");
});

test("a constructor that keeps its options to itself is told to hand them on", () => {
  class Stubborn extends RESTService {
    constructor() {
      super({ baseUrl: "https://own.example" });
    }
  }
  expect(build(rest(Stubborn), url)).toEqual({
    kind: "wrong",
    problems: ["the constructor of Stubborn must hand all options that it gets to super()"],
  });
});

test("what a constructor of the user's throws is not made into something else", () => {
  const own = new TypeError("mine");
  class Throwing extends RESTService {
    constructor(options: RESTServiceOptions) {
      super(options);
      throw own;
    }
  }
  expect(() => build(rest(Throwing), url)).toThrow(own);
});

test("the names of the Python design work for a stream", () => {
  const env = {
    REALTIME_WS_URL: "ws://realtime.example.com",
    REALTIME_WS_KEY: "k",
    REALTIME_WS_PING_INTERVAL: "20.0",
  };
  for (const name of ["realtime_ws", "realtimeWs"]) {
    const context = { env, precedence: "environment", shared } as const;
    expect(buildService(name, ws({ endpoint: "/stream" }), context).kind).toBe("service");
  }
});

test("a service can tell which of its options came from which variable", () => {
  const options = gotBy(rest(Payments, { retry: { maxRetries: 5 } }), { ...url, PAYMENT_GATEWAY_TIMEOUT: "2" });
  expect((options as { [optionSources]?: unknown })[optionSources]).toEqual(
    new Map([
      ["logger", "registry"],
      ["baseUrl", "environment: PAYMENT_GATEWAY_URL"],
      ["deadlineMs", "environment: PAYMENT_GATEWAY_TIMEOUT"],
    ]),
  );
});

class Merchant extends RESTService {
  readonly merchantId: string;
  readonly lingerMs: number | undefined;
  constructor({ merchantId, lingerMs, ...options }: RESTServiceOptions & { merchantId: string; lingerMs?: number }) {
    super(options);
    this.merchantId = merchantId;
    this.lingerMs = lingerMs;
  }
}

test("further options of a class come from the environment through their schemas, and win over the code", () => {
  const settings = { merchantId: z.string().min(3), lingerMs: duration().optional() };
  const definition = rest(Merchant, { settings, merchantId: "of the code" });
  const made = (env: Readonly<Record<string, string>>) => {
    const built = build(definition, { ...url, ...env });
    return built.kind === "service" ? { id: built.service.merchantId, lingerMs: built.service.lingerMs } : built;
  };
  expect(made({ PAYMENT_GATEWAY_MERCHANT_ID: "m-1", PAYMENT_GATEWAY_LINGER_MS: "3" })).toEqual({
    id: "m-1",
    lingerMs: 3_000,
  });
  expect(made({})).toEqual({ id: "of the code", lingerMs: undefined });
  expect(made({ PAYMENT_GATEWAY_MERCHANT_ID: "x" })).toMatchObject({
    kind: "wrong",
    problems: [expect.stringMatching(/^PAYMENT_GATEWAY_MERCHANT_ID is not what is asked for: .*>=3/)],
  });
});

test("the defaults of the registry hold where neither the definition nor the environment says anything", () => {
  const defaults = { rest: { deadlineMs: 5_000, retry: { maxRetries: 9 }, logger: undefined }, ws: { baseUrl: "x" } };
  const got = (options: object, env: object = {}): RESTServiceOptions => {
    const built = buildService("paymentGateway", rest(Payments, options), {
      env: { ...url, ...env },
      precedence: "environment",
      shared,
      defaults,
    });
    return built.kind === "service" ? built.service.got : (built as never);
  };
  expect(got({})).toMatchObject({ deadlineMs: 5_000, retry: { maxRetries: 9 }, logger: silentLogger });
  expect(got({ deadlineMs: 1, retry: false })).toMatchObject({ deadlineMs: 1, retry: false });
  expect(got({}, { PAYMENT_GATEWAY_TIMEOUT: "2" })).toMatchObject({ deadlineMs: 2_000 });
  expect(String(new Payments(got({})).describe())).toContain("deadlineMs 5000  (registry)");
  expect(String(new Payments(got({})).describe())).toContain("retry.maxRetries 9  (registry)");
  expect(String(new Payments(got({})).describe())).toContain("retry.baseDelayMs 50\n");
});
