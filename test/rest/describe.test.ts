import { expect, test } from "vitest";
import { optionSources } from "../../src/core/options.ts";
import { basic, type RESTServiceOptions, RESTService, silentLogger } from "../../src/index.ts";

class Payments extends RESTService {}
const describe = (more: Partial<RESTServiceOptions> = {}): string =>
  String(new Payments({ baseUrl: "https://pay.example/v1", logger: silentLogger, ...more }).describe());

test("a service with nothing but defaults names no origin, and prints every stage in the order of a call", () => {
  const text = describe();
  expect(text).toMatch(/^Payments {2}https:\/\/pay\.example\/v1\n/);
  expect(text).not.toContain("(");
  const order = ["deadline", "retry", "rate gate", "circuit breaker", "concurrency limit", "auth", "transport"];
  const places = order.map((name) => text.search(new RegExp(`^ ?\\d+ {2}${name} `, "m")));
  expect(places.every((place, index) => place > (places[index - 1] ?? 0))).toBe(true);
});

test("what was given says so, by its full name", () => {
  const text = describe({ retry: { maxRetries: 5, budget: { ratio: 0.5 } }, concurrency: { limit: 7 } });
  expect(text).toContain("retry.maxRetries 5  (definition)\n");
  expect(text).toContain("retry.budget.ratio 0.5  (definition)\n");
  expect(text).toContain("retry.baseDelayMs 50\n");
  expect(text).toContain("concurrency.limit 7  (definition)\n");
});

test("what comes from the environment names its variable", () => {
  const options = { deadlineMs: 9_000, [optionSources]: new Map([["deadlineMs", "environment: PAYMENTS_TIMEOUT"]]) };
  expect(describe(options)).toContain("deadlineMs 9000  (environment: PAYMENTS_TIMEOUT)");
});

test("auth is described by the name of its provider", () => {
  const text = describe({ auth: basic("somebody", "s3cr3t") });
  expect(text).toMatch(/^ ?\d+ {2}auth .*auth basic {2}\(definition\)$/m);
  expect(text).not.toMatch(/somebody|s3cr3t/);
});

test("stages that are switched off say off", () => {
  const text = describe({ retry: false, rateLimit: false, circuitBreaker: false, concurrency: false });
  for (const name of ["retry", "rate gate", "circuit breaker", "concurrency limit", "hedge", "chaos"]) {
    expect(text).toMatch(new RegExp(`^ ?\\d+ {2}${name} +off$`, "m"));
  }
});

test("optional stages print their numbers when they are on, and no key is shown", () => {
  const text = describe({
    hedge: true,
    coalesce: true,
    chaos: { resetRate: 0.1 },
    rateLimit: { limit: 5, perMs: 1_000 },
    apiKey: "hush-hush",
    retry: { budget: false },
  });
  expect(text).toContain("hedge.quantile 0.95");
  expect(text).toMatch(/coalesce +on\n/);
  expect(text).toContain("chaos.resetRate 0.1");
  expect(text).toContain("rateLimit.perMs 1000  (definition)");
  expect(text).toContain("retry.budget false");
  expect(text).not.toContain("hush-hush");
});
