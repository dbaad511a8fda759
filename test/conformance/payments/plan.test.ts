import { expect, test } from "vitest";
import { parseFault } from "../../../sandbox/fault-kinds.ts";
import { seededRandom } from "../../../sandbox/random.ts";
import { restFaultKinds } from "../../../sandbox/rest-faults.ts";
import { range } from "../../sandbox/bench.ts";
import { makeOrders } from "./order.ts";
import { labelOf, planKills, planWeather } from "./plan.ts";

const seeds = range(1, 200);

test("the same seed plans the same", () => {
  expect(planWeather(300, seededRandom(3))).toEqual(planWeather(300, seededRandom(3)));
  expect(planKills(3, 300, seededRandom(3))).toEqual(planKills(3, 300, seededRandom(3)));
  expect(makeOrders(300, seededRandom(3))).toEqual(makeOrders(300, seededRandom(3)));
});

test("each fault is one that the sandbox knows", () => {
  const faults = planWeather(10_000, seededRandom(1)).flatMap((spell) => spell.faults);

  expect(faults.length).toBeGreaterThan(100);
  expect(faults.filter((fault) => !parseFault(restFaultKinds, fault).ok)).toEqual([]);
});

test("every kind of fault comes in the smallest run, whatever the seed", () => {
  for (const seed of seeds) {
    const faults = planWeather(200, seededRandom(seed)).flatMap((spell) => spell.faults);
    const labels = new Set(faults.map((fault) => labelOf(fault).replace(/^(error-after-read) .*/, "$1")));
    expect([...labels].toSorted()).toEqual([
      "error 500",
      "error 503",
      "error-after-read",
      "latency",
      "rate-limit",
      "refused",
      "reset-after-read",
      "reset-before-read",
      "stalled-body",
    ]);
  }
});

test("the weather ends while a tenth of the payments is still to come", () => {
  for (const seed of seeds) expect(planWeather(300, seededRandom(seed)).at(-1)?.untilConfirmed).toBe(270);
});

test("as many kills come as were asked for, none of them when a fifth of the payments may be all that is left", () => {
  for (const seed of seeds) {
    const kills = planKills(20, 10_000, seededRandom(seed));
    expect(kills).toHaveLength(20);
    expect(kills.every(({ atStep }) => atStep >= 2 && atStep <= 16_010)).toBe(true);
  }
});

test("no two orders have the same reference, and each can be charged", () => {
  const orders = makeOrders(10_000, seededRandom(1));

  expect(new Set(orders.map(({ reference }) => reference)).size).toBe(10_000);
  expect(orders.every(({ amount }) => amount > 0)).toBe(true);
});
