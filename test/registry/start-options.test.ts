import { expect, test } from "vitest";
import { isServiceConfigurationError, isServiceUnavailableError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { service } from "../../src/registry/custom-service.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest } from "../../src/registry/definition.ts";
import { failureOf, reasonOf } from "../support/rest-client.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { journaling, openForever } from "./journal.ts";

const baseUrl = "https://a.example";
const own = new Error("mine");
const quiet = { logger: silentLogger, env: {} };

/** Of four services, one needs another, and one has no URL. */
function shop() {
  const { journal, Journaling } = journaling();
  const payments = rest(Journaling, { baseUrl, healthEndpoint: false });
  const billing = service({ needs: [payments], create: (_context, needed) => ({ of: needed.name }) });
  const users = rest(Journaling, { baseUrl, healthEndpoint: false });
  return { journal, services: defineServices({ billing, payments, users, mail: rest() }, quiet) };
}

/** Of four services, one cannot be connected, one needs that, and one that cannot be connected either is late. */
function broken(open: (signal: AbortSignal) => Promise<void> = async () => Promise.reject(own)) {
  const clock = new VirtualClock();
  const { journal, Journaling } = journaling({ feed: { open } });
  const feed = rest(Journaling, { baseUrl, healthEndpoint: false });
  const reader = service({ needs: [feed], create: () => ({}) });
  const users = rest(Journaling, { baseUrl, healthEndpoint: false });
  const cache = service({ late: true, create: async () => Promise.reject(own) });
  return { journal, clock, services: defineServices({ feed, reader, users, cache }, { ...quiet, clock }) };
}

test("only what is named is started, with what it needs, and the settings of the others are not looked at", async () => {
  const { journal, services } = shop();
  await services.start({ only: ["billing"] });
  expect(journal).toEqual(["make payments", "open payments"]);
  expect(services.get("billing")).toEqual({ of: "payments" });
  expect([...services.entries()].map(([name]) => name)).toEqual(["billing", "payments"]);
  await services.stop();
  expect(journal).toEqual(["make payments", "open payments", "shut payments"]);
});

test("the others are as not started, and what is asked for them says so", async () => {
  const { services } = shop();
  await services.start({ only: ["payments"] });
  expect(services.has("users")).toBe(false);
  const refused = await failureOf(services.ready("users"), isServiceUnavailableError);
  expect(refused.code).toBe("unavailable-not-started");
  expect(refused.message).toContain("the registry was started without users: stop() it, and name users in");
  const health = await services.health();
  expect(health.status).toBe("warn");
  expect(health.services.payments).toMatchObject({ status: "pass" });
  expect(health.services.users).toMatchObject({ status: "warn", state: "not started" });
  await services.stop();
});

test("a start that joins one which leaves out what it wants is refused, and after a stop it is made", async () => {
  const { services } = shop();
  await services.start({ only: ["users"] });
  await services.start({ only: ["users"] });
  const refused = await failureOf(services.start({ only: ["users", "billing"] }), isServiceConfigurationError);
  expect(refused.problems).toEqual([
    expect.stringContaining("started without billing"),
    expect.stringContaining("started without payments"),
  ]);
  await services.stop();
  await services.start({ only: ["billing"] });
  expect(services.has("billing")).toBe(true);
  await services.stop();
});

test("what a start is given wrongly is told all at once, before anything is made", async () => {
  const { journal, services } = shop();
  // @ts-expect-error: no service has this name, and no option that
  const refused = await failureOf(services.start({ only: ["usres"], trail: true }), isServiceConfigurationError);
  expect(refused.problems).toEqual([
    'no service is named "usres"; known are billing, payments, users, mail',
    "unknown option trail; did you mean trial?",
  ]);
  // @ts-expect-error: a list
  const text = await failureOf(services.start({ only: "users" }), isServiceConfigurationError);
  expect(text.problems).toEqual(['only must be an array of names, such as ["payments"]']);
  expect(journal).toEqual([]);
});

test("a trial goes on without what cannot be connected, and health says why", async () => {
  const { journal, clock, services } = broken();
  await services.start({ trial: true });
  const { services: reports } = await services.health();
  expect(reports.users).toMatchObject({ status: "pass" });
  for (const name of ["feed", "reader", "cache"] as const) {
    expect(reports[name]).toMatchObject({ status: "fail", state: "not started" });
    expect(services.has(name)).toBe(false);
  }
  const refused = await failureOf((async () => services.get("feed"))(), isServiceUnavailableError);
  expect(refused.message).toContain("it could not be connected: Error");
  expect(refused.cause).toBe(own);
  // Once: nothing waits for another attempt.
  expect(clock.timers).toBe(0);
  await services.stop();
  expect(journal.filter((line) => line.startsWith("shut"))).toEqual(["shut users"]);
});

test("a trial is given up as any other start", async () => {
  const { services } = broken(openForever);
  const giveUp = new AbortController();
  const started = services.start({ trial: true, signal: giveUp.signal });
  giveUp.abort(own);
  expect(await reasonOf(started)).toBe(own);
  expect(services.has("users")).toBe(true);
  await services.stop();
});
