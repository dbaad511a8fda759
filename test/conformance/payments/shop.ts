import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { isExternalServiceError, type ExternalServiceError } from "hawser";
import { type AttemptNote, booksOf, type CallEnd, type JournalRecord, type TakenOrder } from "./books.ts";
import type { Journal } from "./journal.ts";
import { between, type Order, pick } from "./order.ts";
import type { PaymentGateway } from "./payment-gateway.ts";

/** What a shop tells as it goes. */
export interface ShopEvents {
  /** A call is in the journal and about to leave. */
  calling(): void;
  /** The customer is told; it is in the journal. */
  paid(reference: string, paymentId: string): void;
}

// Many are too short: they end while a call waits for a connection, between two attempts and within one.
const deadlinesMs = [40, 150, 600, 2_000, 4_000] as const;
// Of a call without retries, what the gateway did is what its one attempt did: nothing can hide behind a later one.
const retries = [0, 2] as const;
const longestPauseMs = 40;
const longestHintMs = 2_000;

/**
 * Pays every order, however often it is killed on the way: an order's key is on disk before the first request leaves,
 * and whoever comes next finishes what the journal leaves open, under that key.
 */
export class Shop {
  readonly #gateway: PaymentGateway;
  readonly #journal: Journal;
  readonly #events: ShopEvents;
  readonly #orders: readonly Order[];
  readonly #taken = new Map<string, TakenOrder>();
  readonly #paid: ReadonlyMap<string, string>;
  /** The calls that were ever made for an order. */
  readonly #calls = new Map<string, number>();

  constructor(parts: {
    readonly gateway: PaymentGateway;
    readonly journal: Journal;
    /** What the journal held when it was opened. */
    readonly records: readonly JournalRecord[];
    readonly orders: readonly Order[];
    readonly events: ShopEvents;
  }) {
    this.#gateway = parts.gateway;
    this.#journal = parts.journal;
    this.#events = parts.events;
    this.#orders = parts.orders;
    const books = booksOf(parts.records);
    this.#paid = books.paid;
    for (const order of books.orders) this.#taken.set(order.reference, order);
    for (const { reference } of books.calls) this.#calls.set(reference, (this.#calls.get(reference) ?? 0) + 1);
  }

  /** How many orders the journal says are paid. */
  get confirmed(): number {
    return this.#paid.size;
  }

  /** Resolves when all orders are paid: first those that an earlier process left open. */
  async open(atOnce: number): Promise<void> {
    const unpaid = this.#orders.filter(({ reference }) => !this.#paid.has(reference));
    const [begun, fresh] = [true, false].map((isTaken) =>
      unpaid.filter(({ reference }) => this.#taken.has(reference) === isTaken),
    );
    const queue = [...(begun ?? []), ...(fresh ?? [])].values();
    const worker = async (): Promise<void> => {
      // One iterator for all of them: each order has one worker.
      for (const order of queue) await this.#settle(order);
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  }

  async #settle(order: Order): Promise<void> {
    const begun = this.#taken.get(order.reference);
    // Not derived from the order: a key that was lost could not be found again, and the order would be charged twice.
    const taken = begun ?? { ...order, idempotencyKey: randomUUID() };
    const news: JournalRecord[] = begun === undefined ? [{ is: "order", ...taken }] : [];
    for (let number = (this.#calls.get(order.reference) ?? 0) + 1; ; number++) {
      const id = `${order.reference}/${number}`;
      await this.#journal.append(...news.splice(0), { is: "call", id, reference: order.reference });
      this.#events.calling();
      const { end, error } = await this.#call(taken, id);
      await this.#journal.append({ is: "end", call: id, end });
      if (end.kind === "paid") {
        this.#events.paid(order.reference, end.paymentId);
        return;
      }
      await sleep(pauseAfter(error));
    }
  }

  async #call(
    { idempotencyKey, ...order }: TakenOrder,
    requestId: string,
  ): Promise<{ readonly end: CallEnd; readonly error?: ExternalServiceError }> {
    try {
      const limits = { deadlineMs: pick(deadlinesMs, Math.random), maxRetries: pick(retries, Math.random) };
      const { paymentId, attempts } = await this.#gateway.pay(order, { idempotencyKey, requestId, ...limits });
      return { end: { kind: "paid", paymentId, attempts: attempts.map(noteOf) } };
    } catch (error) {
      if (!isExternalServiceError(error)) throw error;
      const { outcome, code, attempts } = error;
      return { end: { kind: "failed", outcome, code, attempts: attempts.map(noteOf) }, error };
    }
  }
}

const noteOf = ({ outcome, status, code }: AttemptNote): AttemptNote => ({
  outcome,
  ...(status === undefined ? {} : { status }),
  ...(code === undefined ? {} : { code }),
});

/** Until the shop asks again, in milliseconds. */
function pauseAfter(error: ExternalServiceError | undefined): number {
  const hintMs = error?.retryAt === undefined ? 0 : error.retryAt.getTime() - Date.now();
  return Math.max(between(1, longestPauseMs, Math.random), Math.min(hintMs, longestHintMs));
}
