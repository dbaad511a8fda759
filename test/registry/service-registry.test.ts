import { afterEach, expect, test, vi } from "vitest";
import { isServiceConfigurationError, isServiceStopError, isServiceUnavailableError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest, ws } from "../../src/registry/definition.ts";
import { service } from "../../src/registry/custom-service.ts";
import type { RegistryOptions, ServiceRegistry } from "../../src/registry/service-registry.ts";
import { RESTService } from "../../src/rest/rest-service.ts";
import { WebSocketService } from "../../src/websocket/websocket-service.ts";
import { answerJson, httpServer } from "../support/http-server.ts";
import { failureOf, logbook, reasonOf } from "../support/rest-client.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";
import { startPeer, until } from "../websocket/peer.ts";
import { type Behaviour, journaling, openForever } from "./journal.ts";

class PaymentGatewayClient extends RESTService {
  // A fake need not have it: it is nobody's business but this class's.
  readonly #currency = "USD";

  createPayment(amount: number): Promise<unknown> {
    return this.postJson("/payments", { json: { amount, currency: this.#currency } });
  }
}

const baseUrl = "https://a.example";
const own = new Error("mine");

function abc(behaviours: Readonly<Record<string, Behaviour>> = {}, options: RegistryOptions = {}) {
  const { journal, Journaling } = journaling(behaviours);
  const definition = rest(Journaling, { baseUrl });
  const services = defineServices(
    { a: definition, b: definition, c: definition },
    { logger: silentLogger, env: {}, ...options },
  );
  return { journal, services };
}

const payments = (options: RegistryOptions = {}) =>
  defineServices(
    {
      paymentGateway: rest(PaymentGatewayClient, { baseUrl, healthEndpoint: false }),
      ledger: rest({ optional: true }),
    },
    { logger: silentLogger, env: {}, ...options },
  );

const problemsOf = (make: () => unknown): readonly string[] => {
  try {
    make();
  } catch (error) {
    if (isServiceConfigurationError(error)) return error.problems;
    throw error;
  }
  return [];
};

const codeOf = (get: () => unknown): unknown => {
  try {
    return get();
  } catch (error) {
    if (isServiceUnavailableError(error)) return error.code;
    throw error;
  }
};

afterEach(() => vi.unstubAllEnvs());

test("services are begun in the order of their definitions and stop in reverse", async () => {
  const { journal, services } = abc();
  expect(journal).toEqual([]);
  await services.start();
  await services.stop();
  expect(journal.slice(0, 6)).toEqual(["make a", "make b", "make c", "open a", "open b", "open c"]);
  expect(journal.slice(6)).toEqual(["shut c", "shut b", "shut a"]);
});

test("the class passed in is the class handed out, the same one each time", async () => {
  await using services = await payments().start();
  expect(services.get("paymentGateway")).toBeInstanceOf(PaymentGatewayClient);
  expect(services.get("paymentGateway")).toBe(services.get("paymentGateway"));
  expect(services.get("paymentGateway").name).toBe("paymentGateway");
});

test("a call goes to the URL that the environment names, with its key", async () => {
  await using server = await httpServer(answerJson({ id: "p1" }));
  vi.stubEnv("PAYMENT_GATEWAY_URL", `${server.url}/v1`);
  vi.stubEnv("PAYMENT_GATEWAY_API_KEY", "sk_live");
  const services = defineServices({ paymentGateway: rest(PaymentGatewayClient) }, { logger: silentLogger });
  await using _ = await services.start();
  expect(await services.get("paymentGateway").createPayment(5)).toEqual({ id: "p1" });
  expect(server.requests).toMatchObject([{ url: "/v1/payments", headers: { authorization: "Bearer sk_live" } }]);
});

test("a stream is opened by the start and closed by the stop, with what the Python design called its settings", async () => {
  await using peer = await startPeer();
  class RealtimeDataService extends WebSocketService {
    protected override async onConnect() {
      await this.sendJson({ action: "subscribe" });
    }
  }
  const env = { REALTIME_WS_URL: peer.url, REALTIME_WS_KEY: "k", REALTIME_WS_PING_INTERVAL: "20.0" };
  const services = defineServices(
    { realtimeWs: ws(RealtimeDataService, { endpoint: "/stream" }) },
    { logger: silentLogger, env },
  );
  await services.start();
  const realtime = services.get("realtimeWs");
  expect(realtime).toBeInstanceOf(RealtimeDataService);
  expect(realtime.state.name).toBe("open");
  expect(peer.requests).toMatchObject([{ url: "/stream", headers: { authorization: "Bearer k" } }]);
  await until(() => peer.received.length > 0);
  expect(peer.received).toEqual(['{"action":"subscribe"}']);
  await services.stop();
  expect(realtime.state.name).toBe("closed");
});

test("the settings of start() count before those of the registry", async () => {
  await using server = await httpServer();
  const services = payments({ env: { PAYMENT_GATEWAY_URL: "https://not.example" } });
  await using _ = await services.start({ env: { PAYMENT_GATEWAY_URL: server.url } });
  await services.get("paymentGateway").createPayment(5);
  expect(server.requests).toHaveLength(1);
});

test("all problems of all services come at once, before anything is connected, and without values", async () => {
  const { journal, Journaling } = journaling();
  const services = defineServices(
    { fine: rest(Journaling, { baseUrl }), payments: rest(), ledger: rest({ baseUrl, deadlineMs: -1 }) },
    { logger: silentLogger, env: { PAYMENTS_TIMEOUT: "hunter2", LEDGER_API_KEY: "hunter2\n2" } },
  );
  const error = await failureOf(services.start(), isServiceConfigurationError);
  expect(error.problems).toEqual([
    expect.stringMatching(/^payments: PAYMENTS_TIMEOUT must be a duration/),
    expect.stringMatching(/^payments: PAYMENTS_URL is not set/),
    expect.stringMatching(/^ledger: LEDGER_API_KEY must be one line/),
  ]);
  expect(error.message).not.toContain("hunter2");
  expect(journal).not.toContain("open fine");
});

test("a start that was refused for its settings may be tried again", async () => {
  const services = payments();
  await expect(services.start({ env: { PAYMENT_GATEWAY_TIMEOUT: "soon" } })).rejects.toSatisfy(
    isServiceConfigurationError,
  );
  await using _ = await services.start();
  expect(services.get("paymentGateway").lifecycle).toBe("ready");
});

test("a start that fails closes all that was begun in reverse and throws what was thrown, and may be tried again", async () => {
  let isDown = true;
  const { journal, services } = abc({ b: { open: async () => (isDown ? Promise.reject(own) : undefined) } });
  expect(await reasonOf(services.start())).toBe(own);
  expect(journal.slice(3)).toEqual(["open a", "open b", "open c", "shut c", "shut a"]);
  expect(codeOf(() => services.get("a"))).toBe("unavailable-not-started");
  isDown = false;
  await using _ = await services.start();
  expect(services.get("a").lifecycle).toBe("ready");
});

test("a start asked for twice is made once", async () => {
  const { journal, services } = abc();
  await Promise.all([services.start(), services.start()]);
  await services.start();
  await services.stop();
  expect(journal.filter((entry) => entry === "open a")).toHaveLength(1);
});

test("a signal gives the start up, and its reason passes through", async () => {
  const { journal, services } = abc({ b: { open: openForever } });
  const giveUp = new AbortController();
  const started = services.start({ signal: giveUp.signal });
  await settled();
  giveUp.abort(own);
  expect(await reasonOf(started)).toBe(own);
  expect(journal.slice(3)).toEqual(["open a", "open b", "open c", "shut b", "shut c", "shut a"]);
  expect(await reasonOf(services.start({ signal: giveUp.signal }))).toBe(own);
});

test("a stop gives up the start that is under way", async () => {
  const { journal, services } = abc({ b: { open: openForever } });
  const started = reasonOf(services.start());
  await settled();
  await services.stop();
  expect(await started).toMatchObject({ code: "unavailable-draining", operation: "services.start" });
  expect(journal.slice(3)).toEqual(["open a", "open b", "open c", "shut b", "shut c", "shut a"]);
  expect(codeOf(() => services.get("a"))).toBe("unavailable-stopped");
});

test("while the registry starts, a service that is up may be used by those that need it", async () => {
  const { Journaling } = journaling();
  const a = rest(Journaling, { baseUrl });
  const codes: unknown[] = [];
  const services: ServiceRegistry = defineServices(
    {
      a,
      b: service({
        needs: [a],
        create: (_context, needed) => {
          codes.push(
            services.get("a") === needed,
            codeOf(() => services.get("b")),
          );
        },
      }),
    },
    { logger: silentLogger, env: {} },
  );
  await using _ = await services.start();
  expect(codes).toEqual([true, "unavailable-not-started"]);
});

test("before the start, while stopping and after it, nothing is handed out, and the error says what to do", async () => {
  const during: unknown[] = [];
  const { services } = abc({
    a: {
      shut: async () => {
        during.push(
          codeOf(() => services.get("a")),
          await reasonOf(services.start()),
        );
      },
    },
  });
  expect(() => services.get("a")).toThrow(/a: services.get\("a"\): the registry is not started: await its start\(\)/);
  await services.start();
  await services.stop();
  expect(during).toEqual(["unavailable-draining", expect.objectContaining({ code: "unavailable-draining" })]);
  expect(() => services.get("a")).toThrow(/await its start\(\) again/);
  expect(codeOf(() => services.get("a"))).toBe("unavailable-stopped");
});

test("a registry that was stopped starts again, with fresh services", async () => {
  const services = payments();
  await services.start();
  const before = services.get("paymentGateway");
  await services.stop();
  await services.start();
  expect(services.get("paymentGateway")).not.toBe(before);
  expect(services.get("paymentGateway").lifecycle).toBe("ready");
  await services.stop();
});

test("a stop is made once however often it is asked for, and before a start it is nothing", async () => {
  const { journal, services } = abc();
  await services.stop();
  expect(codeOf(() => services.get("a"))).toBe("unavailable-not-started");
  await services.start();
  await Promise.all([services.stop(), services.stop()]);
  await services.stop();
  expect(journal.filter((entry) => entry === "shut a")).toHaveLength(1);
});

test("a stop tries all services, and tells of all that failed", async () => {
  const { journal, services } = abc({ c: { shut: async () => Promise.reject(own) } });
  await services.start();
  const error = await failureOf(services.stop(), isServiceStopError);
  expect(error.errors).toEqual([own]);
  expect(journal.slice(-3)).toEqual(["shut c", "shut b", "shut a"]);
  await services.stop();
});

test("a stop lets calls under way end", async () => {
  await using server = await httpServer((_request, response) => {
    setImmediate(() => response.end("{}"));
  });
  const services = payments({ env: { PAYMENT_GATEWAY_URL: server.url } });
  await services.start();
  const call = services.get("paymentGateway").createPayment(5);
  await server.request(1);
  await services.stop();
  expect(await call).toEqual({});
});

test("an unknown name is refused with the known ones", async () => {
  const services = payments();
  const unknown = "paymentsGateway" as "paymentGateway";
  const problems = ['no service is named "paymentsGateway"; known are paymentGateway, ledger'];
  expect(problemsOf(() => services.get(unknown))).toEqual(problems);
  expect(problemsOf(() => services.provider(unknown))).toEqual(problems);
  expect(problemsOf(() => services.override({ [unknown]: {} }))).toEqual(problems);
  const refused = await failureOf(
    services.with({ [unknown]: {} }, () => undefined),
    isServiceConfigurationError,
  );
  expect(refused.problems).toEqual(problems);
  expect(services.has(unknown)).toBe(false);
  expect(services.has("toString")).toBe(false);
});

test("an optional service without its URL is left out with a line in the log, and asked for it says which to set", async () => {
  const { logger, entries } = logbook();
  const services = payments({ logger });
  expect(services.has("ledger")).toBe(true);
  await using _ = await services.start();
  expect(entries).toContainEqual({
    level: "info",
    fields: { service: "ledger", variable: "LEDGER_URL" },
    message: "optional service left out: LEDGER_URL is not set",
  });
  expect(services.has("ledger")).toBe(false);
  expect(services.has("paymentGateway")).toBe(true);
  expect(problemsOf(() => services.get("ledger"))).toEqual([
    'it is optional, and was left out since LEDGER_URL was not set: set it, or ask services.has("ledger") first',
  ]);
  expect(Object.keys((await services.health()).services)).toEqual(["paymentGateway"]);
});

test("the class of a service is known before it is made, where there is one of the application's own", () => {
  const services = defineServices({
    payments: rest(PaymentGatewayClient, { optional: true }),
    plain: rest(),
    raw: ws(),
  });
  expect(services.outlineOf("payments")).toEqual({ Class: PaymentGatewayClient, isOptional: true });
  expect(services.outlineOf("plain")).toEqual({ Class: undefined, isOptional: false });
  expect(services.outlineOf("raw")).toEqual({ Class: undefined, isOptional: false });
  expect(() => services.outlineOf("other" as never)).toThrow(/known are payments, plain, raw/);
});

test("names stand in the order of the definitions; entries are what can be had now", async () => {
  const services = payments();
  expect(services.names).toEqual(["paymentGateway", "ledger"]);
  expect([...services.entries()]).toEqual([]);
  await using _ = await services.start();
  expect([...services.entries()]).toEqual([["paymentGateway", services.get("paymentGateway")]]);
  const ledger = {};
  const restore = services.override({ ledger });
  expect([...services.entries()].map(([name]) => name)).toEqual(["paymentGateway", "ledger"]);
  restore();
});

test("a fake needs no start, no network, and no members but those that the test uses", async () => {
  const services = payments();
  const provided = services.provider("paymentGateway");
  const fake = { createPayment: async (amount: number) => ({ id: "fake", amount }) };
  {
    using _ = services.override({ paymentGateway: fake, ledger: undefined });
    expect(services.get("paymentGateway")).toBe(fake);
    expect(await provided().createPayment(7)).toEqual({ id: "fake", amount: 7 });
  }
  expect(codeOf(provided)).toBe("unavailable-not-started");
});

test("a fake is taken back by calling what override gave", () => {
  const services = payments();
  const fake = { createPayment: async () => null };
  const restore = services.override({ paymentGateway: fake });
  expect(services.get("paymentGateway")).toBe(fake);
  restore();
  expect(codeOf(() => services.get("paymentGateway"))).toBe("unavailable-not-started");
});

test("an overridden optional service is there although it was left out", async () => {
  await using services = await payments().start();
  const fake = { getJson: async () => ({}) };
  using _ = services.override({ ledger: fake });
  expect(services.has("ledger")).toBe(true);
  expect(services.get("ledger")).toBe(fake);
});

test("fakes of tests that run side by side do not meet", async () => {
  const services = payments();
  const provided = services.provider("paymentGateway");
  const paidWith = async (id: string): Promise<unknown> =>
    services.with({ paymentGateway: { createPayment: async () => id } }, async () => {
      await settled();
      return provided().createPayment(1);
    });
  expect(await Promise.all([paidWith("one"), paidWith("two")])).toEqual(["one", "two"]);
  expect(codeOf(provided)).toBe("unavailable-not-started");
});

test("fakes of one registry do not show in another", () => {
  const [one, other] = [payments(), payments()];
  using _ = one.override({ paymentGateway: {} });
  expect(codeOf(() => other.get("paymentGateway"))).toBe("unavailable-not-started");
});

test("health asks each service, reports what is not started as failed, and what is faked by its own answer", async () => {
  await using server = await httpServer();
  const services = defineServices(
    { up: rest({ baseUrl: server.url }), down: rest({ baseUrl, healthEndpoint: false }), faked: rest(), plain: rest() },
    { logger: silentLogger, env: { FAKED_URL: baseUrl, PLAIN_URL: baseUrl } },
  );
  const before = await services.health();
  expect(before.status).toBe("fail");
  expect(before.services.up).toMatchObject({ status: "fail", output: expect.stringContaining("is not started") });
  await using _ = await services.start();
  const warn = { service: "faked", status: "warn", latencyMs: 0, state: "odd", time: "" } as const;
  const restore = services.override({ faked: { checkHealth: async () => warn }, plain: {} });
  const health = await services.health();
  expect(health.status).toBe("warn");
  expect(health.services.up).toMatchObject({ service: "up", status: "pass" });
  expect(health.services.down?.status).toBe("pass");
  expect(health.services.faked).toEqual(warn);
  expect(health.services.plain).toMatchObject({ service: "plain", status: "pass", state: "overridden" });
  restore();
});

test("only a critical service makes the whole fail", async () => {
  const fail = () => "fail" as const;
  const services = defineServices(
    { cache: service({ create: () => ({}), health: fail }), gone: service({ create: () => ({}) }) },
    { logger: silentLogger, env: {} },
  );
  await using _ = await services.start();
  expect((await services.health()).status).toBe("warn");
  const critical = defineServices(
    { cache: service({ create: () => ({}), health: fail, critical: true }) },
    { logger: silentLogger, env: {} },
  );
  await using running = await critical.start();
  expect((await running.health()).status).toBe("fail");
});

test("one check answers all who ask within its time, but a fresh one, one after a stop, and one where fakes hold", async () => {
  const clock = new VirtualClock();
  let checks = 0;
  const one = service({ create: () => ({}), health: () => void checks++ });
  const services = defineServices({ one }, { logger: silentLogger, env: {}, clock, health: { cacheMs: 500 } });
  await services.start();
  await Promise.all([services.health(), services.health()]);
  await clock.advance(499);
  await services.health();
  expect(checks).toBe(1);
  await services.health({ fresh: true });
  expect(checks).toBe(2);
  await clock.advance(500);
  await services.health();
  expect(checks).toBe(3);
  const faked = await services.with({ one: {} }, () => services.health());
  expect(faked.services.one?.state).toBe("overridden");
  expect((await services.health()).services.one?.state).toBe("ready");
  await services.stop();
  expect((await services.health()).status).toBe("fail");
});

test("each check has the limit of its service, else that of the registry", async () => {
  const clock = new VirtualClock();
  const hang = () => new Promise<undefined>(() => undefined);
  const services = defineServices(
    {
      quick: service({ create: () => ({}), health: hang, healthTimeoutMs: 100 }),
      usual: service({ create: () => ({}), health: hang }),
    },
    { logger: silentLogger, env: {}, clock, health: { timeoutMs: 200 } },
  );
  await services.start();
  const health = services.health();
  await clock.advance(200);
  const { quick, usual } = (await health).services;
  expect([quick?.output, usual?.output]).toEqual([
    "the check did not end within 100 ms",
    "the check did not end within 200 ms",
  ]);
  await services.stop();
  expect(clock.timers).toBe(0);
});

test("a stop ends by its limit, which its caller may shorten, and names what was not closed", async () => {
  for (const [options, limitMs] of [
    [{}, 300],
    [{ timeoutMs: 50 }, 50],
  ] as const) {
    const clock = new VirtualClock();
    const hanging = service({ create: () => ({}), dispose: () => new Promise(() => undefined) });
    const fine = service({ create: () => ({}) });
    const all = { logger: silentLogger, env: {}, clock, stopTimeoutMs: 300 };
    const services = defineServices({ hanging, fine }, all);
    await services.start();
    const stopped = failureOf(services.stop(options), isServiceStopError);
    await clock.advance(limitMs);
    const error = await stopped;
    expect(error.services).toEqual(["hanging"]);
    expect(error.errors).toMatchObject([{ code: "timeout-close", limitMs, service: "hanging" }]);
    expect(codeOf(() => services.get("fine"))).toBe("unavailable-stopped");
    expect(clock.timers).toBe(0);
  }
  await expect(payments().stop({ timeoutMs: -1 })).rejects.toThrow(/timeoutMs must be a number of at least 0/);
});

test("two services that would be read from one variable are refused, unless one says so by hand", () => {
  expect(problemsOf(() => defineServices({ paymentGateway: rest(), payment_gateway: rest() }))).toEqual([
    "paymentGateway and payment_gateway would both be read from PAYMENT_GATEWAY_URL: give one of them another prefix with env",
  ]);
  expect(problemsOf(() => defineServices({ stripe: rest(), stripeApi: rest() }))).toEqual([
    "stripe and stripeApi would both be read from STRIPE_API_KEY: give one of them another prefix with env",
  ]);
  expect(problemsOf(() => defineServices({ payments: rest(), refunds: rest({ env: "PAYMENTS" }) }))).toEqual([]);
});

test("what is wrong with a registry is told when it is made, all at once", () => {
  const definitions = { payments: {} as never, "": rest(), "3scale": rest() };
  const options = { logger: {}, random: 4, clock: 1, enviroment: {} } as never;
  const problems = problemsOf(() => defineServices(definitions, options));
  expect(problems).toEqual([
    expect.stringMatching(/^logger must be an object with/),
    expect.stringMatching(/^random must be a function/),
    expect.stringMatching(/^clock must be an object with/),
    "payments must be made by rest(), ws() or service()",
    '"" gives no name for a variable: say with env what its variables start with',
    '"3scale" gives no name for a variable: say with env what its variables start with',
    expect.stringMatching(/^unknown option enviroment/),
  ]);
});

test("the clock and the source of randomness of the registry are those of its services", async () => {
  const clock = new VirtualClock();
  const services = payments({ clock, random: () => 0 });
  await services.start();
  const report = (await services.health()).services.paymentGateway;
  expect(report?.time).toBe("2026-01-01T00:00:00.000Z");
  await services.stop();
  expect(clock.timers).toBe(0);
});

test("start and stop are one line each in the log", async () => {
  const { logger, entries } = logbook(false);
  const { services } = abc({}, { logger });
  await services.start();
  await services.stop();
  const told = entries.filter(({ level }) => level === "info");
  expect(told).toEqual([
    {
      level: "info",
      fields: { services: ["a", "b", "c"], durationMs: expect.any(Number) },
      message: "services started",
    },
    { level: "info", fields: { services: ["a", "b", "c"] }, message: "services stopped" },
  ]);
});

test("what health said before the start does not hold after it, also where nothing is up yet", async () => {
  const services = defineServices(
    { feed: service({ late: true, create: () => new Promise<object>(() => undefined), dispose: () => undefined }) },
    { logger: silentLogger, env: {}, stopTimeoutMs: 0 },
  );
  expect((await services.health()).status).toBe("fail");
  await services.start();
  expect((await services.health()).status).toBe("warn");
  expect(await reasonOf(services.stop())).toSatisfy(isServiceStopError);
});
