import { expect, test } from "vitest";
import { z } from "zod";
import { isServiceConfigurationError, isServiceStopError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { type CustomHealth, service } from "../../src/registry/custom-service.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest } from "../../src/registry/definition.ts";
import type { RegistryOptions } from "../../src/registry/service-registry.ts";
import { plainText, secret, wholeNumber } from "../../src/registry/setting-schemas.ts";
import type { RESTServiceOptions } from "../../src/rest/options.ts";
import { RESTService } from "../../src/rest/rest-service.ts";
import { answerJson, httpServer } from "../support/http-server.ts";
import { failureOf, logbook, reasonOf } from "../support/rest-client.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";
import { WebSocketService } from "../../src/websocket/websocket-service.ts";
import { startPeer } from "../websocket/peer.ts";
import { journaling } from "./journal.ts";

const baseUrl = "https://a.example";
const own = new Error("mine");
const quiet: RegistryOptions = { logger: silentLogger, env: {} };

const problemsOf = (make: () => unknown): readonly string[] => {
  try {
    make();
  } catch (error) {
    if (isServiceConfigurationError(error)) return error.problems;
    throw error;
  }
  return [];
};

test("what it needs is up, and given by position", async () => {
  const { journal, Journaling } = journaling();
  const payments = rest(Journaling, { baseUrl });
  const ledger = service({ create: async () => ({ entries: 3 }) });
  const billing = service({
    needs: [payments, ledger],
    create: (_context, pay, book) => ({ pay, book, state: pay.lifecycle }),
    dispose: () => void Array.prototype.push.call(journal, "dispose billing"),
  });
  // The order in which they stand is no matter.
  const services = defineServices({ billing, ledger, payments }, quiet);
  await services.start();
  const made = services.get("billing");
  expect(made.pay).toBe(services.get("payments"));
  expect(made.book).toBe(services.get("ledger"));
  expect(made.state).toBe("ready");
  await services.stop();
  expect(journal).toEqual(["make payments", "open payments", "dispose billing", "shut payments"]);
});

test("a service object that is made of others is connected, checked by itself, and closed", async () => {
  await using server = await httpServer(answerJson({ id: "p1" }));
  class PaymentClient extends RESTService {}
  const vault = service({ create: () => ({ key: async () => "sk_live" }) });
  const payments = service({
    needs: [vault],
    create: async ({ name, logger }, keys) =>
      new PaymentClient({ name, logger, baseUrl: server.url, apiKey: await keys.key() }),
  });
  const services = defineServices({ vault, payments }, quiet);
  await services.start();
  const client = services.get("payments");
  expect(await client.getJson("/payments/p1")).toEqual({ id: "p1" });
  expect(server.requests).toMatchObject([{ headers: { authorization: "Bearer sk_live" } }]);
  const health = await services.health();
  expect(health.services.payments).toMatchObject({ service: "payments", status: "pass", details: expect.anything() });
  expect(server.requests.at(-1)?.url).toBe("/health");
  await services.stop();
  expect(client.lifecycle).toBe("stopped");
});

test("a service object that cannot be connected fails the start, and is closed", async () => {
  const { journal, Journaling } = journaling({ mine: { open: async () => Promise.reject(own) } });
  const mine = service({ create: ({ name }) => new Journaling({ name, baseUrl, logger: silentLogger }) });
  expect(await reasonOf(defineServices({ mine }, quiet).start())).toBe(own);
  expect(journal).toEqual(["make mine", "open mine"]);
});

test("it is ended by its dispose, else by its own, the asynchronous one first; or not at all", async () => {
  const ended: string[] = [];
  const services = defineServices(
    {
      given: service({
        create: () => ({ name: "given", [Symbol.dispose]: () => void ended.push("own") }),
        dispose: async (made) => void ended.push(made.name),
      }),
      asynchronous: service({
        create: () => ({
          [Symbol.asyncDispose]: async () => void ended.push("async"),
          [Symbol.dispose]: () => void ended.push("not this"),
        }),
      }),
      synchronous: service({ create: () => ({ [Symbol.dispose]: () => void ended.push("sync") }) }),
      plain: service({ create: () => 42 }),
      nothing: service({ create: () => undefined }),
    },
    quiet,
  );
  await services.start();
  expect(services.get("plain")).toBe(42);
  await services.stop();
  expect(ended.toSorted()).toEqual(["async", "given", "sync"]);
});

test("what its dispose throws is told by the stop, and what it needs is closed all the same", async () => {
  const { journal, Journaling } = journaling();
  const payments = rest(Journaling, { baseUrl });
  const billing = service({
    needs: [payments],
    create: () => ({}),
    dispose: () => {
      throw own;
    },
  });
  const services = defineServices({ payments, billing }, quiet);
  await services.start();
  const error = await failureOf(services.stop(), isServiceStopError);
  expect(error).toMatchObject({ services: ["billing"], errors: [own] });
  expect(journal.at(-1)).toBe("shut payments");
});

test("it is given its name, its settings through their schemas, the clock, and a logger that names it", async () => {
  const { logger, entries } = logbook();
  const children: unknown[] = [];
  const parent = { ...logger, child: (bindings: unknown) => (children.push(bindings), logger) };
  const clock = new VirtualClock();
  const pool = service({
    settings: { poolSize: z.coerce.number(), region: z.string().default("eu") },
    create: (context) => {
      context.logger.info({}, "made");
      return context;
    },
  });
  const services = defineServices({ pool }, { logger: parent, clock, env: { POOL_POOL_SIZE: "7" } });
  await services.start();
  const { name, settings, clock: given } = services.get("pool");
  expect({ name, settings }).toEqual({ name: "pool", settings: { poolSize: 7, region: "eu" } });
  expect(given).toBe(clock);
  expect(children).toContainEqual({ service: "pool" });
  expect(entries.map(({ message }) => message)).toContain("made");
  await services.stop();
});

test("its settings are looked at with those of all others, before anything is made", async () => {
  let made = 0;
  const pool = service({ settings: { url: z.string(), size: z.coerce.number() }, create: () => ++made });
  const services = defineServices({ payments: rest(), pool }, { logger: silentLogger, env: { POOL_SIZE: "many" } });
  const error = await failureOf(services.start(), isServiceConfigurationError);
  expect(error.problems).toEqual([
    expect.stringMatching(/^payments: PAYMENTS_URL is not set/),
    expect.stringMatching(/^pool: POOL_URL is not set/),
    expect.stringMatching(/^pool: POOL_SIZE /),
  ]);
  expect(made).toBe(0);
});

test("the signal aborts where the start is given up, and what is made all the same is ended before what it needs", async () => {
  const { journal, Journaling } = journaling();
  const slow = Promise.withResolvers<void>();
  const payments = rest(Journaling, { baseUrl });
  const signals: AbortSignal[] = [];
  const billing = service({
    needs: [payments],
    create: async ({ signal }) => {
      signals.push(signal);
      await slow.promise;
      return {};
    },
    dispose: () => void Array.prototype.push.call(journal, "dispose billing"),
  });
  const giveUp = new AbortController();
  const started = reasonOf(defineServices({ payments, billing }, quiet).start({ signal: giveUp.signal }));
  await settled();
  giveUp.abort(own);
  await settled();
  expect(signals.map(({ reason }) => reason as unknown)).toEqual([own]);
  expect(journal).toEqual(["make payments", "open payments"]);
  slow.resolve();
  expect(await started).toBe(own);
  expect(journal.slice(2)).toEqual(["dispose billing", "shut payments"]);
});

test("a create that never ends holds a start that is given up no longer than the stop limit", async () => {
  const clock = new VirtualClock();
  const { logger, entries } = logbook();
  const hanging = service({ create: () => new Promise<object>(() => undefined) });
  const services = defineServices({ hanging }, { logger, env: {}, clock, stopTimeoutMs: 100 });
  const started = reasonOf(services.start());
  await settled();
  const stopped = services.stop();
  await clock.advance(100);
  expect(await started).toMatchObject({ code: "unavailable-draining" });
  expect(entries).toContainEqual(expect.objectContaining({ level: "warn", message: "roll-back of the start" }));
  await stopped;
  expect(clock.timers).toBe(0);
});

test("the signal of a service that is up does not abort when the registry stops", async () => {
  const signals: AbortSignal[] = [];
  const services = defineServices({ one: service({ create: ({ signal }) => void signals.push(signal) }) }, quiet);
  await services.start();
  await services.stop();
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
});

test("a fake that holds when a service is made is what it is made with", async () => {
  class Payments extends RESTService {}
  const payments = rest(Payments, { baseUrl });
  const services = defineServices(
    { payments, billing: service({ needs: [payments], create: (_, pay) => ({ pay }) }) },
    quiet,
  );
  const fake = { getJson: async () => ({}) };
  using _ = services.override({ payments: fake });
  await using started = await services.start();
  expect(started.get("billing").pay).toBe(fake);
});

test("where what it needs was left out, an optional one is left out too, and any other is a problem", async () => {
  const { logger, entries } = logbook();
  const ledger = rest({ optional: true });
  const reports = service({ needs: [ledger], optional: true, create: () => ({}) });
  const again = service({ needs: [reports], optional: true, create: () => ({}) });
  const services = defineServices({ again, reports, ledger }, { logger, env: {} });
  await services.start();
  expect(services.names.filter((name) => services.has(name))).toEqual([]);
  expect(problemsOf(() => services.get("again"))).toEqual([
    'it is optional, and was left out since reports, which it needs, was: ask services.has("again") first',
  ]);
  expect(entries).toContainEqual({
    level: "info",
    fields: { service: "reports", need: "ledger" },
    message: "optional service left out: what it needs was left out",
  });
  expect((await services.health()).services).toEqual({});
  await services.stop();
  const needing = defineServices(
    { ledger, reports, billing: service({ needs: [reports], create: () => ({}) }) },
    quiet,
  );
  expect((await failureOf(needing.start(), isServiceConfigurationError)).problems).toEqual([
    "billing: it needs reports, which is left out since LEDGER_URL is not set: set it, or make this one optional as well",
  ]);
});

test("needs that are not in the registry, are in it twice, or are late are refused when it is defined", () => {
  const payments = rest({ baseUrl });
  const late = rest({ baseUrl, late: true });
  const billing = service({ needs: [payments, late], create: () => ({}) });
  expect(problemsOf(() => defineServices({ billing }))).toEqual([
    "needs[0] of billing is not of this registry: give the definition a name in it as well",
    "needs[1] of billing is not of this registry: give the definition a name in it as well",
  ]);
  expect(problemsOf(() => defineServices({ a: payments, b: payments, late, billing }))).toEqual([
    "needs[0] of billing is called both a and b: define it twice, to say which",
    "billing needs late, which is late, and so must be late itself: the start does not wait for it",
  ]);
});

test("all problems of a definition are told at once", () => {
  const wrong = { needs: [{}], crate: 1, dispose: 1, late: "yes", healthTimeoutMs: 0, settings: { url: 1 } } as never;
  expect(problemsOf(() => service(wrong))).toEqual([
    "late must be true or false",
    "healthTimeoutMs must be a number above 0",
    expect.stringMatching(/^settings.url must be a Standard Schema/),
    "create is required: the function that makes the service",
    "dispose must be a function, not 1",
    "needs must be an array of what rest(), ws() and service() return",
    "unknown option crate; did you mean create?",
  ]);
  expect(problemsOf(() => service(undefined as never))).toContain("service() needs its options as an object");
});

test.each<[said: CustomHealth, report: object]>([
  [undefined, { status: "pass", state: "ready" }],
  ["warn", { status: "warn", state: "ready" }],
  [
    { status: "fail", output: "pool is empty", state: "dry", details: { free: 0 } },
    { status: "fail", output: "pool is empty", state: "dry", details: { free: 0 } },
  ],
  ["good" as never, { status: "fail", output: expect.stringContaining("must return pass, warn or fail") }],
  [{ state: "odd" } as never, { status: "fail", state: "ready", output: expect.stringContaining("must return") }],
])("where its health says %j, that is its report", async (said, report) => {
  const one = service({
    create: () => ({ id: 1 }),
    health: (made, { signal }) => (made.id === 1 && !signal.aborted ? said : "fail"),
  });
  await using services = await defineServices({ one }, quiet).start();
  expect((await services.health()).services.one).toMatchObject({ service: "one", ...report });
});

test("of what its health throws only the kind is told", async () => {
  const one = service({
    create: () => ({}),
    health: () => {
      throw new TypeError("hunter2");
    },
  });
  await using services = await defineServices({ one }, quiet).start();
  expect((await services.health()).services.one).toMatchObject({ status: "fail", output: "TypeError" });
});

test("an optional one is left out where it needs variables, and none of its own is set", async () => {
  const cache = service({
    optional: true,
    settings: { url: plainText(), password: secret(), size: wholeNumber(1).default(4) },
    create: ({ settings }) => settings,
  });
  const start = (env: Readonly<Record<string, string>>) =>
    defineServices({ cache }, { logger: silentLogger, env }).start();
  await using none = await start({});
  expect(none.has("cache")).toBe(false);
  expect(problemsOf(() => none.get("cache"))[0]).toContain("CACHE_URL was not set");
  await using all = await start({ CACHE_URL: "redis://a", CACHE_PASSWORD: "p" });
  expect(all.get("cache")).toMatchObject({ url: "redis://a", size: 4 });
  // Half of it is a mistake.
  expect((await failureOf(start({ CACHE_URL: "redis://a" }), isServiceConfigurationError)).problems).toEqual([
    "cache: CACHE_PASSWORD is not set, and the schema of password has no default",
  ]);
});

test("an optional service of a class is left out without its URL, also where its class asks for more", async () => {
  class Payments extends RESTService {
    declare readonly merchantId: string;
  }
  const payments = rest(Payments as new (options: RESTServiceOptions & { merchantId: string }) => Payments, {
    optional: true,
    settings: { merchantId: plainText() },
  });
  await using services = await defineServices({ payments }, quiet).start();
  expect(services.has("payments")).toBe(false);
});

test("a stream that is made after the start was given up is closed, and not dialled", async () => {
  await using peer = await startPeer();
  const made = Promise.withResolvers<void>();
  class Feed extends WebSocketService {}
  const clients: Feed[] = [];
  const feed = service({
    create: async ({ name, logger }) => {
      await made.promise;
      const client = new Feed({ name, logger, baseUrl: peer.url });
      clients.push(client);
      return client;
    },
  });
  const services = defineServices({ feed }, quiet);
  const giveUp = new AbortController();
  const started = reasonOf(services.start({ signal: giveUp.signal }));
  await settled();
  giveUp.abort(own);
  await settled();
  made.resolve();
  expect(await started).toBe(own);
  expect(clients.map(({ lifecycle }) => lifecycle)).toEqual(["stopped"]);
  expect(peer.requests).toEqual([]);
});

test("a start of many services warns of no leak", async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on("warning", onWarning);
  const names = Array.from({ length: 30 }, (_, index) => `s${index}`);
  const wait = async ({ signal }: { readonly signal: AbortSignal }): Promise<object> => {
    signal.addEventListener("abort", () => undefined);
    await settled();
    return {};
  };
  const services = defineServices(Object.fromEntries(names.map((name) => [name, service({ create: wait })])), quiet);
  await services.start();
  await services.stop();
  await settled();
  process.off("warning", onWarning);
  expect(warnings).toEqual([]);
});

test("a check that stops the registry makes those after it no more critical than they are", async () => {
  const services = defineServices({
    one: service({ create: () => ({}), health: () => void services.stop() }),
    two: service({ create: () => ({}), health: () => "fail" }),
  });
  await services.start();
  const { status } = await services.health();
  await services.stop();
  expect(status).toBe("warn");
});
