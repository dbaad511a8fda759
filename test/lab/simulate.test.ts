import { describe, expect, test } from "vitest";
import type { Scenario } from "../../src/lab/scenario.ts";
import { simulate } from "../../src/lab/simulate.ts";
import { hawser, hawserSubject } from "../../src/lab/subjects/hawser.ts";
import { noRetries } from "../../src/lab/subjects/no-retries.ts";
import { shortScenario } from "./short-scenario.ts";

const calm: Scenario = { ...shortScenario, faults: [] };

test("the same experiment has the same figures, bit for bit", async () => {
  const experiment = { scenario: shortScenario, subject: hawser, seed: 7 };
  const first = await simulate(experiment);
  await simulate({ ...experiment, seed: 8 });
  expect(await simulate(experiment)).toEqual(first);
});

test("another seed has other figures", async () => {
  const one = await simulate({ scenario: shortScenario, subject: noRetries, seed: 1 });
  const two = await simulate({ scenario: shortScenario, subject: noRetries, seed: 2 });
  expect(one.goodput).not.toBe(two.goodput);
});

test("figures do not drift from machine to machine, or by a change of the lab that nobody meant", async () => {
  const { goodput, p99Ms, wastedWork } = await simulate({ scenario: shortScenario, subject: noRetries, seed: 1 });
  expect({ goodput, p99Ms, wastedWork }).toMatchInlineSnapshot(`
    {
      "goodput": 0.7233333333333334,
      "p99Ms": 239.02504432700152,
      "wastedWork": 0.09378910693015004,
    }
  `);
});

test("of a healthy service, every call succeeds with one attempt, and no work is wasted", async () => {
  const figures = await simulate({ scenario: calm, subject: hawser, seed: 1 });
  expect(figures).toMatchObject({ goodput: 1, attemptsPerCall: 1, recoveryMs: 0, wastedWork: 0 });
});

describe("a Hawser service under simulation", () => {
  test("has the options that it is given", async () => {
    const about = { id: "own", name: "own", group: "hawser", about: "" } as const;
    const once = hawserSubject({ retry: false }, about);
    const figures = await simulate({ scenario: shortScenario, subject: once, seed: 1 });
    expect(figures.attemptsPerCall).toBeLessThanOrEqual(1);
  });

  test("is called below its own base URL", async () => {
    const about = { id: "own", name: "own", group: "hawser", about: "" } as const;
    const below = hawserSubject({ baseUrl: "https://pay.example/api", endpointBase: "/v1" }, about);
    const figures = await simulate({ scenario: calm, subject: below, seed: 1 });
    expect(figures.goodput).toBe(1);
  });
});
