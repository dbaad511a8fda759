import type { AttemptRecord, Outcome } from "hawser";
import type { Order } from "./order.ts";

/** What is kept of one attempt. */
export type AttemptNote = Pick<AttemptRecord, "outcome" | "status" | "code">;

/** How a call ended, for the shop that made it. */
export type CallEnd =
  | { readonly kind: "paid"; readonly paymentId: string; readonly attempts: readonly AttemptNote[] }
  | {
      readonly kind: "failed";
      readonly outcome: Outcome;
      readonly code: string;
      readonly attempts: readonly AttemptNote[];
    };

/** One line of the shop's journal. */
export type JournalRecord =
  /** A process of the shop has begun. */
  | { readonly is: "run" }
  /** An order was taken, and the key under which it is paid was chosen, once and for all. */
  | ({ readonly is: "order"; readonly idempotencyKey: string } & Order)
  /** A call is about to leave. */
  | { readonly is: "call"; readonly id: string; readonly reference: string }
  | { readonly is: "end"; readonly call: string; readonly end: CallEnd };

/** An order that was taken. */
export interface TakenOrder extends Order {
  readonly idempotencyKey: string;
}

/** A call that was about to leave. */
export interface JournaledCall {
  readonly id: string;
  readonly reference: string;
  /** Which process of the shop made it, from 1. */
  readonly run: number;
  /** Undefined where the process was killed before it knew: of such a call, it may have taken effect is all there is to say. */
  readonly end: CallEnd | undefined;
}

/** A journal, put in order. */
export interface Books {
  readonly runs: number;
  /** In the order in which they were taken. */
  readonly orders: readonly TakenOrder[];
  readonly calls: readonly JournaledCall[];
  /** The payment that confirmed an order, by its reference. */
  readonly paid: ReadonlyMap<string, string>;
}

/** Puts the records of a journal in order. Pure; it judges nothing. */
export function booksOf(records: readonly JournalRecord[]): Books {
  const orders: TakenOrder[] = [];
  const calls = new Map<string, JournaledCall>();
  const paid = new Map<string, string>();
  let runs = 0;
  for (const record of records) {
    if (record.is === "run") {
      runs += 1;
    } else if (record.is === "order") {
      const { reference, amount, currency, idempotencyKey } = record;
      orders.push({ reference, amount, currency, idempotencyKey });
    } else if (record.is === "call") {
      const { id, reference } = record;
      if (calls.has(id)) throw new Error(`the journal has two calls ${id}`);
      calls.set(id, { id, reference, run: runs, end: undefined });
    } else {
      const call = calls.get(record.call);
      if (call === undefined) throw new Error(`the journal has the end of a call ${record.call} that it does not have`);
      calls.set(call.id, { ...call, end: record.end });
      if (record.end.kind === "paid") paid.set(call.reference, record.end.paymentId);
    }
  }
  return { runs, orders, calls: [...calls.values()], paid };
}
