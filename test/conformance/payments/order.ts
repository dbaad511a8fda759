import type { Random } from "../../../sandbox/random.ts";

/** What a customer wants to pay. */
export interface Order {
  readonly reference: string;
  readonly amount: number;
  readonly currency: string;
}

const currencies = ["EUR", "USD", "GBP", "JPY"] as const;

/** So many orders, each under a reference of its own; the same for the same chance. */
export function makeOrders(count: number, random: Random): readonly Order[] {
  return Array.from({ length: count }, (_, index) => ({
    reference: `order-${String(index + 1).padStart(5, "0")}`,
    amount: (1 + Math.floor(random() * 50_000)) / 100,
    currency: pick(currencies, random),
  }));
}

/** One of several, by chance. */
export function pick<T>(list: readonly [T, ...T[]], random: Random): T {
  return list[Math.floor(random() * list.length)] ?? list[0];
}

/** A whole number from `least` to `most`, by chance. */
export function between(least: number, most: number, random: Random): number {
  return least + Math.floor(random() * (most - least + 1));
}
