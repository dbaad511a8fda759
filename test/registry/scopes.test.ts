import { expect, test } from "vitest";
import { isServiceUnavailableError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { service } from "../../src/registry/custom-service.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest } from "../../src/registry/definition.ts";
import { RESTService } from "../../src/rest/rest-service.ts";
import { httpServer } from "../support/http-server.ts";
import { logbook } from "../support/rest-client.ts";
import { settled } from "../support/virtual-clock.ts";

class Payments extends RESTService {}

const define = () =>
  defineServices(
    {
      payments: rest(Payments, { baseUrl: "https://a.example", healthEndpoint: false }),
      ledger: rest({ optional: true }),
    },
    { logger: silentLogger, env: {} },
  );

const codeOf = (get: () => unknown): unknown => {
  try {
    return get();
  } catch (error) {
    if (isServiceUnavailableError(error)) return error.code;
    throw error;
  }
};

test("two scopes have services of their own, started and stopped each by itself", async () => {
  const services = define();
  const [one, two] = [services.scope(), services.scope()];
  await Promise.all([one.start(), two.start()]);
  expect(one.get("payments")).toBeInstanceOf(Payments);
  expect(one.get("payments")).not.toBe(two.get("payments"));
  expect(codeOf(() => services.get("payments"))).toBe("unavailable-not-started");
  await one.stop();
  expect(two.get("payments").lifecycle).toBe("ready");
  expect(codeOf(() => one.get("payments"))).toBe("unavailable-stopped");
  await two.stop();
});

test("a scope has an environment and defaults of its own, over those of its registry", async () => {
  await using server = await httpServer();
  const services = defineServices(
    { payments: rest(Payments) },
    {
      logger: silentLogger,
      env: { PAYMENTS_URL: "https://not.example" },
      defaults: { rest: { headers: { from: "registry" }, endpointBase: "/v1" } },
    },
  );
  const scope = services.scope({
    env: { PAYMENTS_URL: server.url },
    defaults: { rest: { headers: { from: "scope" } } },
  });
  await using _ = await scope.start();
  await scope.get("payments").get("/x");
  expect(server.requests).toMatchObject([{ url: "/v1/x", headers: { from: "scope" } }]);
});

test("within run, what was made of the registry resolves to the scope, and outside to the registry", async () => {
  const services = define();
  const payments = services.provider("payments");
  await using scope = await services.scope().start();
  const inside = await scope.run(async () => {
    await settled();
    const health = await services.health();
    return {
      provided: payments(),
      got: services.get("payments"),
      ready: await services.ready("payments"),
      has: services.has("ledger"),
      entries: [...services.entries()].map(([name]) => name),
      status: health.status,
    };
  });
  const mine = scope.get("payments");
  expect(inside).toEqual({ provided: mine, got: mine, ready: mine, has: false, entries: ["payments"], status: "pass" });
  expect(codeOf(payments)).toBe("unavailable-not-started");
  expect(services.has("ledger")).toBe(true);
});

test("run returns what the work returns, at once where it can, and its error as it is", async () => {
  const scope = define().scope();
  const own = new Error("mine");
  expect(scope.run(() => 5)).toBe(5);
  expect(() =>
    scope.run(() => {
      throw own;
    }),
  ).toThrow(own);
  const promise = Promise.resolve(5);
  expect(scope.run(() => promise)).toBe(promise);
});

test("a thenable that begins its work when it is waited for is waited for in the scope", async () => {
  const services = define();
  await using scope = await services.scope().start();
  // As fastify's inject() is.
  // oxlint-disable-next-line unicorn/no-thenable
  const lazy = { then: (done: (value: unknown) => void) => done(services.get("payments")) };
  expect(await scope.run(() => lazy)).toBe(scope.get("payments"));
});

test("work that runs side by side in two scopes does not meet", async () => {
  const services = define();
  const [one, two] = await Promise.all([services.scope().start(), services.scope().start()]);
  const seen = (scope: typeof one) =>
    scope.run(async () => {
      await settled();
      return services.get("payments");
    });
  expect(await Promise.all([seen(one), seen(two)])).toEqual([one.get("payments"), two.get("payments")]);
  await Promise.all([one.stop(), two.stop()]);
});

test("scopes nest: the innermost counts, and the run of a scope beside it changes nothing", async () => {
  const services = define();
  await using outer = await services.scope().start();
  await using inner = await outer.scope().start();
  await using beside = await services.scope().start();
  inner.run(() => {
    expect(services.get("payments")).toBe(inner.get("payments"));
    expect(outer.get("payments")).toBe(inner.get("payments"));
    expect(beside.get("payments")).not.toBe(inner.get("payments"));
    outer.run(() => expect(services.get("payments")).toBe(outer.get("payments")));
  });
  beside.run(() => expect(outer.get("payments")).not.toBe(beside.get("payments")));
});

test("fakes of the registry hold in its scopes, those of a scope in itself alone", async () => {
  const services = define();
  await using one = await services.scope().start();
  await using two = await services.scope().start();
  const [fake, other] = [{ name: "fake" }, { name: "other" }];
  {
    using _ = services.override({ payments: fake });
    expect([one.get("payments"), two.get("payments"), services.get("payments")]).toEqual([fake, fake, fake]);
    const restore = one.override({ payments: other });
    expect([one.get("payments"), two.get("payments"), services.get("payments")]).toEqual([other, fake, fake]);
    expect(one.run(() => services.get("payments"))).toBe(other);
    restore();
  }
  expect(one.get("payments")).toBeInstanceOf(Payments);
});

test("fakes hold in a scope that is entered within them, and the innermost wins", async () => {
  const services = define();
  await using scope = await services.scope().start();
  const [fake, inner] = [{ name: "fake" }, { name: "inner" }];
  await services.with({ payments: fake }, async () => {
    expect(scope.run(() => services.get("payments"))).toBe(fake);
    await scope.with({ payments: inner }, () => {
      expect(scope.get("payments")).toBe(inner);
      expect(services.get("payments")).toBe(fake);
    });
  });
});

test("wrong options of a scope are told when it is made", () => {
  expect(() => define().scope({ stopTimeoutMs: -1 })).toThrow(/stopTimeoutMs must be a number of at least 0/);
});

test("a scope logs to the logger that it is given, and else to that of its registry", async () => {
  const [ours, theirs] = [logbook(false), logbook(false)];
  const services = defineServices({ one: service({ create: () => ({}) }) }, { logger: ours.logger, env: {} });
  await (await services.scope({ logger: theirs.logger }).start()).stop();
  expect(theirs.entries.map(({ message }) => message)).toEqual(["services started", "services stopped"]);
  expect(ours.entries).toEqual([]);
  await (await services.scope({ logger: undefined }).start()).stop();
  expect(ours.entries).toHaveLength(2);
});
