import { expect, test } from "vitest";
import { isServiceConfigurationError, isServiceUnavailableError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { service } from "../../src/registry/custom-service.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest } from "../../src/registry/definition.ts";
import { duration, plainText, secret, wholeNumber } from "../../src/registry/setting-schemas.ts";
import type { RESTServiceOptions } from "../../src/rest/options.ts";
import { RESTService } from "../../src/rest/rest-service.ts";
import { answerNothing, httpServer, type SeenRequest } from "../support/http-server.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { until } from "../websocket/peer.ts";
import { anyFailureOf, failureOf, logbook, Payments, reasonOf } from "../support/rest-client.ts";

const quiet = { logger: silentLogger };
const keyOf = (request: SeenRequest | undefined): string | undefined => request?.headers.authorization;

test("a call under way ends with the key that it began with, and the next one goes with the new key", async () => {
  const answers: (() => void)[] = [];
  await using server = await httpServer((_request, response, number) => {
    if (number === 1) answers.push(() => response.end("{}"));
    else response.end("{}");
  });
  await using services = defineServices({ payments: rest(Payments) }, quiet);
  await services.start({ env: { PAYMENTS_URL: server.url, PAYMENTS_API_KEY: "old" } });
  const payments = services.get("payments");
  const underWay = payments.get("/slow");
  await server.request(1);
  const { changed } = await services.reload({ env: { PAYMENTS_URL: server.url, PAYMENTS_API_KEY: "new" } });
  expect(changed).toEqual([{ service: "payments", option: "apiKey", from: "[secret]", to: "[secret]", effect: "now" }]);
  await payments.get("/next");
  answers[0]?.();
  expect((await underWay).status).toBe(200);
  expect(server.requests.map(keyOf)).toEqual(["Bearer old", "Bearer new"]);
  expect(services.get("payments")).toBe(payments);
});

test("a retry of a call that began before goes with the former key, to the former service", async () => {
  let answer = (): void => undefined;
  await using old = await httpServer((_request, response, number) => {
    if (number === 1) {
      answer = () => {
        response.statusCode = 503;
        response.end();
      };
    } else response.end("{}");
  });
  await using other = await httpServer();
  await using services = defineServices({ payments: rest(Payments) }, { ...quiet, random: () => 0 });
  await services.start({ env: { PAYMENTS_URL: old.url, PAYMENTS_KEY: "old" } });
  const underWay = services.get("payments").get("/x");
  await old.request(1);
  await services.reload({ env: { PAYMENTS_URL: other.url, PAYMENTS_KEY: "new" } });
  answer();
  expect((await underWay).attempts).toHaveLength(2);
  await services.get("payments").get("/y");
  expect(old.requests.map(keyOf)).toEqual(["Bearer old", "Bearer old"]);
  expect(other.requests.map(keyOf)).toEqual(["Bearer new"]);
});

test("limits that are changed hold for the next call, and the connections are kept", async () => {
  await using server = await httpServer((request, response, number) => {
    if (request.url !== "/never") response.end("{}".padEnd(number, " "));
  });
  const clock = new VirtualClock();
  const definitions = { payments: rest(Payments, { retry: false, random: () => 0 }) };
  await using services = defineServices(definitions, { ...quiet, clock });
  const env = { PAYMENTS_URL: server.url };
  await services.start({ env });
  await services.get("payments").get("/x");
  const { changed } = await services.reload({
    env: { ...env, PAYMENTS_ATTEMPT_TIMEOUT: "50ms", PAYMENTS_MAX_RETRIES: "1", PAYMENTS_MAX_RESPONSE_BYTES: "1KiB" },
  });
  expect(changed).toEqual([
    { service: "payments", option: "attemptTimeoutMs", to: 50, effect: "now" },
    { service: "payments", option: "retry.maxRetries", to: 1, effect: "now" },
    { service: "payments", option: "maxResponseBytes", to: 1024, effect: "now" },
  ]);
  await services.get("payments").get("/x");
  expect(server.connections).toBe(1);
  const failing = anyFailureOf(services.get("payments").get("/never"));
  for (const attempt of [3, 4]) {
    await server.request(attempt);
    await clock.advance(50);
  }
  const failed = await failing;
  expect(failed).toMatchObject({ code: "timeout-attempt", limitMs: 50 });
  expect(server.requests.filter(({ url }) => url === "/never")).toHaveLength(2);
  const text = String(services.describe());
  expect(text).toMatch(/attemptTimeoutMs +50 +environment: PAYMENTS_ATTEMPT_TIMEOUT/);
});

test("a limit goes back to what it was where its variable is gone", async () => {
  await using server = await httpServer();
  await using services = defineServices({ payments: rest(Payments, { deadlineMs: 9_000 }) }, quiet);
  await services.start({ env: { PAYMENTS_URL: server.url, PAYMENTS_TIMEOUT: "3" } });
  expect((await services.reload({ env: { PAYMENTS_URL: server.url } })).changed).toEqual([
    { service: "payments", option: "deadlineMs", from: 3_000, to: 9_000, effect: "now" },
  ]);
});

test("the circuit stays as it is where its own options are, and is another for another service", async () => {
  await using broken = await httpServer((_request, response) => {
    response.statusCode = 500;
    response.end();
  });
  await using sound = await httpServer();
  const circuitBreaker = { minAttempts: 2, openMs: 60_000, maxOpenMs: 60_000, maxWaitMs: 0 };
  await using services = defineServices({ payments: rest(Payments, { retry: false, circuitBreaker }) }, quiet);
  await services.start({ env: { PAYMENTS_URL: broken.url } });
  const payments = services.get("payments");
  for (let call = 0; call < 2; call++) await reasonOf(payments.get("/x"));
  const circuit = async (): Promise<unknown> => (await payments.checkHealth()).details?.["circuit"];
  expect(await circuit()).toBe("open");
  await services.reload({ env: { PAYMENTS_URL: broken.url, PAYMENTS_TIMEOUT: "5s", PAYMENTS_KEY: "k" } });
  expect(await circuit()).toBe("open");
  expect(await failureOf(payments.get("/x"), isServiceUnavailableError)).toMatchObject({
    code: "unavailable-circuit-open",
  });
  await services.reload({ env: { PAYMENTS_URL: sound.url } });
  expect(await circuit()).toBe("closed");
  expect((await payments.get("/x")).status).toBe(200);
});

test("no call is lost while settings are reloaded fifty times under load, and no former connection is left", async () => {
  await using first = await httpServer((_request, response) => void setImmediate(() => response.end("{}")));
  await using second = await httpServer((_request, response) => void setImmediate(() => response.end("{}")));
  await using services = defineServices({ payments: rest(Payments, { retry: false }) }, quiet);
  await services.start({ env: { PAYMENTS_URL: first.url } });
  const payments = services.get("payments");
  const load = { calls: 0, isOver: false };
  const callers = Array.from({ length: 20 }, async () => {
    while (!load.isOver) {
      await payments.getJson("/x");
      load.calls++;
    }
  });
  for (let reload = 1; reload <= 50; reload++) {
    const url = reload % 2 === 0 ? first.url : second.url;
    // Every third time only a key: then the connections are kept.
    await services.reload({ env: { PAYMENTS_URL: reload % 3 === 0 ? first.url : url, PAYMENTS_KEY: `key-${reload}` } });
    const enough = load.calls + 40;
    await until(() => load.calls >= enough);
  }
  load.isOver = true;
  await Promise.all(callers);
  expect(first.requests.length + second.requests.length).toBe(load.calls);
  await services.reload({ env: { PAYMENTS_URL: second.url } });
  const leftAt = performance.now();
  await first.allClosed();
  // Left alone, the far side itself would end them after 5 s.
  expect(performance.now() - leftAt).toBeLessThan(2_500);
  expect(second.openConnections).toBeLessThanOrEqual(20);
  await services.stop();
  await second.allClosed();
});

test("wrong settings change nothing, and all of them are told at once", async () => {
  await using server = await httpServer();
  await using services = defineServices({ payments: rest(Payments), mail: rest(Payments) }, quiet);
  const env = { PAYMENTS_URL: server.url, MAIL_URL: server.url, PAYMENTS_KEY: "old" };
  await services.start({ env });
  const refused = await reasonOf(
    services.reload({ env: { ...env, PAYMENTS_KEY: "new", PAYMENTS_TIMEOUT: "hunter2", MAIL_URL: "" } }),
  );
  expect(isServiceConfigurationError(refused) && refused.problems).toEqual([
    expect.stringMatching(/^payments: PAYMENTS_TIMEOUT must be a duration/),
    expect.stringMatching(/^mail: MAIL_URL is not set/),
  ]);
  const contradiction = await reasonOf(
    services.reload({ env: { ...env, PAYMENTS_KEY: "new", MAIL_TIMEOUT: "1", MAIL_ATTEMPT_TIMEOUT: "2" } }),
  );
  expect(String(contradiction)).toContain("attemptTimeoutMs (2000) must not be above deadlineMs (1000)");
  await services.get("payments").get("/x");
  expect(server.requests.map(keyOf)).toEqual(["Bearer old"]);
});

class Merchant extends RESTService {
  merchantId: string;
  constructor({ merchantId, ...options }: RESTServiceOptions & { readonly merchantId: string }) {
    super({ ...options, headers: { "x-merchant": merchantId } });
    this.merchantId = merchantId;
  }
}

class Willing extends Merchant {
  protected override onReload(fresh: this): void {
    this.merchantId = fresh.merchantId;
  }
}

test("a class's own settings need a restart, unless it takes them over", async () => {
  await using server = await httpServer();
  const settings = { merchantId: plainText() };
  const definitions = { merchant: rest(Merchant, { settings }), willing: rest(Willing, { settings }) };
  await using services = defineServices(definitions, quiet);
  const env = { MERCHANT_URL: server.url, WILLING_URL: server.url };
  await services.start({ env: { ...env, MERCHANT_MERCHANT_ID: "m-1", WILLING_MERCHANT_ID: "w-1" } });
  const other = { ...env, MERCHANT_MERCHANT_ID: "m-2", WILLING_MERCHANT_ID: "w-2", MERCHANT_KEY: "k" };
  const { changed } = await services.reload({ env: other });
  const own = { option: "merchantId" };
  expect(changed).toEqual([
    { service: "merchant", option: "apiKey", to: "[secret]", effect: "now" },
    { service: "merchant", ...own, from: "m-1", to: "m-2", effect: "restart" },
    { service: "willing", ...own, from: "w-1", to: "w-2", effect: "now" },
  ]);
  await services.get("merchant").get("/x");
  await services.get("willing").get("/x");
  // Whole: what the constructor made of the setting stays with the setting.
  expect(server.requests.map(({ headers }) => headers["x-merchant"])).toEqual(["m-1", "w-2"]);
  expect(keyOf(server.requests[0])).toBe("Bearer k");
  expect([services.get("merchant").merchantId, services.get("willing").merchantId]).toEqual(["m-1", "w-2"]);
  // It is still to be done, and is said again.
  expect((await services.reload({ env: other })).changed).toEqual([changed[1]]);
});

test("a service of one's own takes its settings by its reload function, or needs a restart", async () => {
  const { logger, entries } = logbook();
  const settings = { limit: wholeNumber(1), token: secret().optional() };
  const taken: unknown[] = [];
  const pool = service({
    settings,
    create: (context) => ({ limit: context.settings.limit }),
    reload: (made, { limit, token }) => {
      taken.push([limit, token?.reveal()]);
      made.limit = limit;
    },
  });
  const fixed = service({ settings: { lingerMs: duration() }, create: () => ({}) });
  const failing = service({
    settings: { size: wholeNumber() },
    create: () => ({}),
    reload: () => {
      throw new Error("no");
    },
  });
  await using services = defineServices({ pool, fixed, failing }, { logger });
  await services.start({ env: { POOL_LIMIT: "1", FIXED_LINGER_MS: "1", FAILING_SIZE: "1" } });
  const { changed } = await services.reload({
    env: { POOL_LIMIT: "2", POOL_TOKEN: "t", FIXED_LINGER_MS: "2", FAILING_SIZE: "2" },
  });
  expect(changed).toEqual([
    { service: "pool", option: "limit", from: 1, to: 2, effect: "now" },
    { service: "pool", option: "token", to: "[secret]", effect: "now" },
    { service: "fixed", option: "lingerMs", from: 1_000, to: 2_000, effect: "restart" },
    { service: "failing", option: "size", from: 1, to: 2, effect: "restart" },
  ]);
  expect(taken).toEqual([[2, "t"]]);
  expect(services.get("pool").limit).toBe(2);
  expect(entries.filter(({ level }) => level === "warn").map(({ fields }) => fields["service"])).toEqual(["failing"]);
});

test("an optional service that comes or goes needs a restart", async () => {
  await using server = await httpServer();
  const mail = rest(Payments, { optional: true });
  const digest = service({ needs: [mail], optional: true, create: () => ({}) });
  await using services = defineServices({ mail, digest }, quiet);
  await services.start({ env: {} });
  const coming = await services.reload({ env: { MAIL_URL: server.url } });
  expect(coming.changed).toEqual([{ service: "mail", option: "baseUrl", to: server.url, effect: "restart" }]);
  expect(services.has("mail")).toBe(false);
  await services.stop();
  await services.start({ env: { MAIL_URL: server.url } });
  expect((await services.reload({ env: {} })).changed).toEqual([
    { service: "mail", option: "baseUrl", from: server.url, effect: "restart" },
  ]);
  expect(services.has("mail")).toBe(true);
});

test("only a registry that is started is reloaded, and what is asked for at the same time is done in order", async () => {
  await using server = await httpServer();
  const services = defineServices({ payments: rest(Payments) }, quiet);
  expect(await reasonOf(services.reload())).toMatchObject({ code: "unavailable-not-started" });
  const env = (key: string) => ({ PAYMENTS_URL: server.url, PAYMENTS_KEY: key });
  await services.start({ env: env("1") });
  const [second, third] = await Promise.all([services.reload({ env: env("2") }), services.reload({ env: env("3") })]);
  expect([second.changed.length, third.changed.length]).toEqual([1, 1]);
  await services.get("payments").get("/x");
  expect(keyOf(server.requests[0])).toBe("Bearer 3");
  const late = services.reload({ env: env("4") });
  const stopped = services.stop();
  expect(await reasonOf(late)).toMatchObject({ code: "unavailable-draining" });
  await stopped;
  expect(await reasonOf(services.reload())).toMatchObject({ code: "unavailable-stopped" });
});

test("what the start read from is read again, where nothing else is said", async () => {
  await using server = await httpServer();
  let key = "1";
  const env = () => ({ PAYMENTS_URL: server.url, PAYMENTS_KEY: key });
  await using services = defineServices({ payments: rest(Payments) }, { ...quiet, env });
  await services.start();
  expect((await services.reload()).changed).toEqual([]);
  key = "2";
  expect((await services.reload()).changed).toHaveLength(1);
  await services.get("payments").get("/x");
  expect(keyOf(server.requests[0])).toBe("Bearer 2");
});

test("a stop waits for the calls of former settings within the close limit, and ends them then", async () => {
  await using server = await httpServer(answerNothing);
  const services = defineServices({ payments: rest(Payments, { closeTimeoutMs: 20 }) }, quiet);
  await services.start({ env: { PAYMENTS_URL: server.url } });
  const underWay = reasonOf(services.get("payments").get("/never"));
  await server.request(1);
  await services.reload({ env: { PAYMENTS_URL: server.url, PAYMENTS_MAX_CONNECTIONS: "3" } });
  await services.stop();
  expect(await underWay).toMatchObject({ code: "unavailable-draining", outcome: "unknown" });
  await server.allClosed();
});

test("a setting that needs a restart is described with its former value, and where that came from", async () => {
  const settings = { merchantId: plainText() };
  const shop = rest(Merchant, { baseUrl: "https://a.example", merchantId: "m-1", settings });
  await using services = defineServices({ shop }, quiet);
  await services.start({ env: {} });
  await services.reload({ env: { SHOP_MERCHANT_ID: "m-2", SHOP_TIMEOUT: "5" } });
  const shown = services.describe().services[0]?.stages.flatMap((stage) => stage.settings);
  expect(shown).toContainEqual({ name: "merchantId", value: "m-1", origin: "definition" });
  expect(shown).toContainEqual({ name: "deadlineMs", value: 5_000, origin: "environment: SHOP_TIMEOUT" });
});

test("a class that cannot take its settings over keeps all of the former ones, as the reload says", async () => {
  class Unwilling extends Payments {
    protected override onReload(): void {
      throw new Error("no");
    }
  }
  await using server = await httpServer();
  await using services = defineServices({ payments: rest(Unwilling) }, quiet);
  const env = { PAYMENTS_URL: server.url, PAYMENTS_KEY: "old" };
  await services.start({ env });
  const { changed } = await services.reload({ env: { ...env, PAYMENTS_KEY: "new" } });
  expect(changed).toMatchObject([{ option: "apiKey", effect: "restart" }]);
  await services.get("payments").get("/x");
  expect(server.requests.map(keyOf)).toEqual(["Bearer old"]);
});

test("a reload function that does not end is given up after 15 s, and holds up no other reload", async () => {
  const clock = new VirtualClock();
  const { logger, entries } = logbook();
  const signals: AbortSignal[] = [];
  const pool = service({
    settings: { size: wholeNumber() },
    create: () => ({}),
    reload: async (_made, _settings, { signal }) => {
      signals.push(signal);
      await new Promise(() => undefined);
    },
  });
  await using services = defineServices({ pool }, { clock, logger });
  await services.start({ env: { POOL_SIZE: "1" } });
  const hanging = services.reload({ env: { POOL_SIZE: "2" } });
  const next = services.reload({ env: { POOL_SIZE: "1" } });
  await until(() => signals.length === 1);
  await clock.advance(15_000);
  expect((await hanging).changed).toMatchObject([{ option: "size", effect: "restart" }]);
  expect(signals[0]?.aborted).toBe(true);
  expect((await next).changed).toEqual([]);
  expect(entries.filter(({ level }) => level === "warn")).toMatchObject([{ fields: { service: "pool" } }]);
});

test("an optional service of one's own that comes needs a restart, for each of its settings", async () => {
  const cache = service({ optional: true, settings: { url: plainText() }, create: () => ({}) });
  await using services = defineServices({ cache }, quiet);
  await services.start({ env: {} });
  expect((await services.reload({ env: { CACHE_URL: "redis://a" } })).changed).toEqual([
    { service: "cache", option: "url", to: "redis://a", effect: "restart" },
  ]);
});

test("a stop that comes while the new settings are looked at wins, and nothing has changed", async () => {
  let onMade = (): void => undefined;
  class Noticed extends Payments {
    taken = false;
    constructor(options: RESTServiceOptions) {
      super(options);
      onMade();
    }
    protected override onReload(): void {
      this.taken = true;
    }
  }
  const services = defineServices({ payments: rest(Noticed) }, quiet);
  const env = { PAYMENTS_URL: "https://a.example" };
  await services.start({ env });
  const payments = services.get("payments");
  let stopped: Promise<void> | undefined;
  onMade = () => void (stopped = services.stop());
  const reloaded = reasonOf(services.reload({ env: { ...env, PAYMENTS_KEY: "new" } }));
  expect(await reloaded).toMatchObject({ code: "unavailable-draining" });
  await stopped;
  expect(payments.taken).toBe(false);
});
