import { expect, test } from "vitest";
import type { PlacedOrder } from "../../examples/storefront/tour/customers.ts";
import { type Evidence, prove } from "../../examples/storefront/tour/proof.ts";
import type { Charge } from "../../sandbox/payment-gateway.ts";
import { range } from "../sandbox/bench.ts";

const placed: readonly PlacedOrder[] = range(1, 200).map((number) => ({
  reference: `order-${number}`,
  idempotencyKey: `key-${number}`,
  amount: number,
  currency: "EUR",
  answers: [201],
  paymentId: `pay-${number}`,
  durationMs: 10,
}));

const charged: readonly Charge[] = placed.map(({ paymentId = "", reference, idempotencyKey, amount, currency }) => ({
  id: paymentId,
  amount,
  currency,
  reference,
  idempotencyKey,
  requestId: null,
  at: "",
}));

const keys = placed.map(({ idempotencyKey, paymentId = null }) => ({
  key: idempotencyKey,
  chargeId: paymentId,
  timesSeen: 1,
}));

const sound: Evidence = {
  orders: placed,
  ledger: { charges: charged, keys, requests: 200 },
  notified: 200,
  ticks: range(7, 100),
  lastTick: 100,
  cuts: 10,
  chapters: [
    { title: "Fair weather", orders: 18, struck: [] },
    { title: "A storm", orders: 18, struck: [3, 1] },
  ],
};

const withCharges = (charges: readonly Charge[]): Evidence => ({ ...sound, ledger: { ...sound.ledger, charges } });
const replaced = <T>(list: readonly T[], index: number, change: Partial<T>): T[] =>
  list.map((one, at) => (at === index ? { ...one, ...change } : one));

test("sound evidence proves it", () => {
  expect(prove(sound)).toEqual({
    payments: { placed: 200, confirmed: 200, charges: 200, lost: 0, double: 0, keysSeenAgain: 0, notified: 200 },
    feed: { delivered: 94, gaps: 0, duplicates: 0, outOfOrder: 0, cuts: 10 },
    problems: [],
  });
});

test.each<[string, Evidence, string]>([
  ["a confirmed payment that is not in the ledger", withCharges(charged.slice(1)), "1 payments were lost"],
  [
    "an order that was never confirmed, though it was charged",
    // oxlint-disable-next-line no-unused-vars
    {
      ...sound,
      orders: placed.map(({ paymentId, ...rest }, at) => (at === 5 ? rest : { ...rest, paymentId })) as never,
    },
    "1 payments were lost",
  ],
  ["a charge of another amount", withCharges(replaced(charged, 3, { amount: 1_000 })), "1 payments were lost"],
  [
    "a second charge for an order, under another key",
    withCharges([...charged, { ...(charged[0] as Charge), id: "pay-again", idempotencyKey: "other" }]),
    "1 charges were made twice, or for no order",
  ],
  [
    "a charge that nobody ordered",
    withCharges([...charged, { ...(charged[0] as Charge), id: "pay-x", reference: null }]),
    "1 charges were made twice, or for no order",
  ],
  ["a tick that is missing", { ...sound, ticks: sound.ticks.filter((tick) => tick !== 50) }, "1 ticks are missing"],
  ["ticks that are missing at the end", { ...sound, lastTick: 103 }, "3 ticks are missing"],
  ["a tick that came twice", { ...sound, ticks: [...sound.ticks, 100] }, "1 ticks came twice"],
  ["ticks that changed places", { ...sound, ticks: [7, 9, 8, ...range(10, 100)] }, "1 ticks came out of order"],
  ["no tick at all", { ...sound, ticks: [] }, "no tick was delivered"],
  ["too few cut connections", { ...sound, cuts: 9 }, "only 9 of 10 connections were cut"],
  [
    "a fault that never struck",
    { ...sound, chapters: [{ title: "A storm", orders: 18, struck: [3, 0] }] },
    '"A storm": a fault was switched on and never struck',
  ],
  [
    "too few orders in a chapter with a fault",
    { ...sound, chapters: [{ title: "A storm", orders: 11, struck: [1] }] },
    '"A storm": only 11 of 12 orders were placed',
  ],
])("%s is found", (_what, evidence, problem) => {
  expect(prove(evidence).problems).toEqual([problem]);
});

test("too few orders prove nothing", () => {
  const few = { ...sound, orders: placed.slice(0, 199), ledger: { ...sound.ledger, charges: charged.slice(0, 199) } };
  expect(prove(few).problems).toEqual(["only 199 of 200 orders were placed"]);
});

test("keys that the gateway saw more than once are counted, and are no problem", () => {
  const again = { ...sound, ledger: { ...sound.ledger, keys: replaced(keys, 0, { timesSeen: 4 }) } };
  expect(prove(again)).toMatchObject({ payments: { keysSeenAgain: 1 }, problems: [] });
});
