import type { GatewayLedger } from "../../../sandbox/payment-gateway.ts";
import type { PlacedOrder } from "./customers.ts";

/** What has to be there for the proof to mean something. */
export const minimum = { orders: 200, ordersPerFault: 12, cuts: 10 } as const;

/** Everything that the verdict is made of. */
export interface Evidence {
  readonly orders: readonly PlacedOrder[];
  readonly ledger: GatewayLedger;
  /** Notifications that were sent; they prove nothing, for background work in memory may give up. */
  readonly notified: number;
  /** The numbers of the ticks, as they were delivered. */
  readonly ticks: readonly number[];
  /** The number of the last tick that the feed had sent when we stopped listening. */
  readonly lastTick: number;
  /** Connections of the feed that were cut. */
  readonly cuts: number;
  readonly chapters: readonly {
    readonly title: string;
    readonly orders: number;
    /** How often each of its faults struck. */
    readonly struck: readonly number[];
  }[];
}

/** The verdict: it holds where there is no problem. */
export interface Proof {
  readonly payments: {
    readonly placed: number;
    readonly confirmed: number;
    readonly charges: number;
    /** Placed, and not both confirmed and charged as ordered. */
    readonly lost: number;
    /** Charges beyond the one for each order, and those that nobody ordered. */
    readonly double: number;
    readonly keysSeenAgain: number;
    readonly notified: number;
  };
  readonly feed: {
    readonly delivered: number;
    readonly gaps: number;
    readonly duplicates: number;
    readonly outOfOrder: number;
    readonly cuts: number;
  };
  readonly problems: readonly string[];
}

/** Compares what customers were told with the gateway's books, and the ticks with the numbers that they carry. */
export function prove(evidence: Evidence): Proof {
  const payments = provePayments(evidence);
  const feed = { ...proveTicks(evidence.ticks, evidence.lastTick), cuts: evidence.cuts };
  const problems = [
    must(payments.lost === 0, `${payments.lost} payments were lost`),
    must(payments.double === 0, `${payments.double} charges were made twice, or for no order`),
    must(payments.placed >= minimum.orders, `only ${payments.placed} of ${minimum.orders} orders were placed`),
    must(feed.delivered > 0, "no tick was delivered"),
    must(feed.gaps === 0, `${feed.gaps} ticks are missing`),
    must(feed.duplicates === 0, `${feed.duplicates} ticks came twice`),
    must(feed.outOfOrder === 0, `${feed.outOfOrder} ticks came out of order`),
    must(feed.cuts >= minimum.cuts, `only ${feed.cuts} of ${minimum.cuts} connections were cut`),
    ...evidence.chapters.flatMap(({ title, orders, struck }) => [
      must(
        struck.every((times) => times > 0),
        `"${title}": a fault was switched on and never struck`,
      ),
      must(
        struck.length === 0 || orders >= minimum.ordersPerFault,
        `"${title}": only ${orders} of ${minimum.ordersPerFault} orders were placed`,
      ),
    ]),
  ];
  return { payments, feed, problems: problems.filter((problem) => problem !== undefined) };
}

function provePayments({ orders, ledger, notified }: Evidence): Proof["payments"] {
  const { charges, keys } = ledger;
  const charged = new Map(charges.map((charge) => [charge.id, charge]));
  const isKept = ({ paymentId, reference, amount, currency }: PlacedOrder): boolean => {
    const charge = charged.get(paymentId ?? "");
    return charge?.reference === reference && charge.amount === amount && charge.currency === currency;
  };
  const placed = new Set(orders.map(({ reference }) => reference));
  // By reference and not by key: a second charge under another key is one as well.
  const firstCharges = new Set(charges.map(({ reference }) => reference ?? "").filter((one) => placed.has(one)));
  return {
    placed: orders.length,
    confirmed: orders.filter(({ paymentId }) => paymentId !== undefined).length,
    charges: charges.length,
    lost: orders.filter((order) => !isKept(order)).length,
    double: charges.length - firstCharges.size,
    keysSeenAgain: keys.filter(({ timesSeen }) => timesSeen > 1).length,
    notified,
  };
}

function proveTicks(ticks: readonly number[], lastTick: number): Omit<Proof["feed"], "cuts"> {
  const seen = new Set<number>();
  let highest = 0;
  let duplicates = 0;
  let outOfOrder = 0;
  for (const tick of ticks) {
    if (seen.has(tick)) duplicates += 1;
    else if (tick < highest) outOfOrder += 1;
    seen.add(tick);
    highest = Math.max(highest, tick);
  }
  const expected = ticks.length === 0 ? 0 : Math.max(highest, lastTick) - Math.min(...seen) + 1;
  return { delivered: ticks.length, gaps: expected - seen.size, duplicates, outOfOrder };
}

const must = (holds: boolean, otherwise: string): string | undefined => (holds ? undefined : otherwise);
