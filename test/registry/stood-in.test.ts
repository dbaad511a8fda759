import { expect, test } from "vitest";
import { isServiceConfigurationError, isServiceUnavailableError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { service } from "../../src/registry/custom-service.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest } from "../../src/registry/definition.ts";
import { failureOf } from "../support/rest-client.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { journaling } from "./journal.ts";

const quiet = { logger: silentLogger, env: {} };
const fake = { getJson: async () => ({ from: "fake" }) };

function shop() {
  const { journal, Journaling } = journaling();
  const payments = rest(Journaling);
  const billing = service({ needs: [payments], create: (_, pay) => ({ pay }) });
  return { journal, services: defineServices({ payments, billing }, quiet) };
}

test("what a fake stands in for at the start is not made, and its settings are not needed", async () => {
  const { journal, services } = shop();
  using _ = services.override({ payments: fake });
  await using started = await services.start();
  expect(journal).toEqual([]);
  expect(started.get("payments")).toBe(fake);
  expect(started.get("billing").pay).toBe(fake);
  expect(await started.ready("payments")).toBe(fake);
});

test("the same holds within the scope of with, and for a scope of the registry", async () => {
  const { journal, services } = shop();
  const scope = services.scope();
  await services.with({ payments: fake }, async () => {
    await services.start();
    await scope.start();
  });
  expect(journal).toEqual([]);
  expect([services, scope].map((one) => one.get("billing").pay)).toEqual([fake, fake]);
  await services.stop();
  await scope.stop();
});

test("an optional service that is faked counts as there, also for what needs it", async () => {
  const ledger = rest({ optional: true });
  const reports = service({ needs: [ledger], create: (_, needed) => ({ needed }) });
  const services = defineServices({ ledger, reports }, quiet);
  using _ = services.override({ ledger: fake });
  await using started = await services.start();
  expect(started.get("reports").needed).toBe(fake);
});

test("what is not faked is started as ever, with its settings", async () => {
  const { services } = shop();
  using _ = services.override({ billing: {} });
  const { problems } = await failureOf(services.start(), isServiceConfigurationError);
  expect(problems).toEqual([
    "payments: PAYMENTS_URL is not set: set it to the service's URL, or give baseUrl in the code",
  ]);
});

test("once the fake is gone there is nothing behind it, and the error says why", async () => {
  const { services } = shop();
  const restore = services.override({ payments: fake });
  await using started = await services.start();
  restore();
  const error = await failureOf(started.ready("payments"), isServiceUnavailableError);
  expect(error).toMatchObject({ code: "unavailable-not-started", service: "payments" });
  expect(error.message).toContain("a fake stood in for it when the registry was started");
  expect(started.has("payments")).toBe(false);
  expect([...started.entries()].map(([name]) => name)).toEqual(["billing"]);
  const { status, services: reports } = await started.health();
  expect(status).toBe("warn");
  expect(reports.payments).toMatchObject({ status: "fail", output: expect.stringContaining("a fake stood in") });
});

test("of a late one, too, it is said that a fake stood in for it, and not that it is waited for", async () => {
  const services = defineServices({ payments: rest({ late: true }) }, quiet);
  const restore = services.override({ payments: fake });
  await using started = await services.start();
  restore();
  const { message } = await failureOf(started.ready("payments"), isServiceUnavailableError);
  expect(message).toContain("a fake stood in for it");
  expect((await started.health()).services.payments?.output).toContain("a fake stood in for it");
});

test("a start without the fake makes it again", async () => {
  const { journal, services } = shop();
  {
    using _ = services.override({ payments: fake });
    await services.start();
    await services.stop();
  }
  await using started = await services.start({ env: { PAYMENTS_URL: "https://a.example" } });
  expect(journal).toEqual(["make payments", "open payments"]);
  expect(started.get("billing").pay).toBe(started.get("payments"));
});

test("a late service is made with the fake that held at the start, however late that is", async () => {
  const clock = new VirtualClock();
  const payments = rest();
  let attempts = 0;
  const billing = service({
    needs: [payments],
    late: true,
    create: (_, pay) => {
      attempts += 1;
      if (attempts === 1) throw new Error("not yet");
      return { pay };
    },
  });
  const services = defineServices({ payments, billing }, { ...quiet, clock });
  const restore = services.override({ payments: fake });
  await using started = await services.start();
  restore();
  const up = started.ready("billing");
  await clock.advance(60_000);
  expect((await up).pay).toBe(fake);
});

test("a reload passes over it, and describe says that a fake stands in for it", async () => {
  const { services } = shop();
  const restore = services.override({ payments: fake });
  expect(services.describe().toJSON()).toMatchObject({
    problems: [],
    services: [{ name: "payments", state: "not started, a fake stands in for it" }, {}],
  });
  await using started = await services.start();
  expect(started.describe().services[0]?.state).toBe("not made, a fake stood in for it");
  restore();
  expect(await started.reload({ env: { PAYMENTS_URL: "https://b.example" } })).toEqual({ changed: [] });
});
