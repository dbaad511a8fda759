import { setTimeout as sleep } from "node:timers/promises";

/** An order, and what became of it for the customer who placed it. */
export interface PlacedOrder {
  readonly reference: string;
  /** The same however often the customer asks. */
  readonly idempotencyKey: string;
  readonly amount: number;
  readonly currency: string;
  /** The status of each answer, in order; 0 where there was none. */
  readonly answers: readonly number[];
  /** Set by the answer that confirmed it. */
  readonly paymentId?: string;
  readonly durationMs: number;
}

/** How long a customer keeps asking. */
const patienceMs = 30_000;
const longestAnswerMs = 15_000;
const pauseMs = 300;

/** Customers who pay, each once, and who ask again under the same key until they know. */
export class Customers {
  readonly #url: string;
  readonly #signal: AbortSignal;
  #lastNumber = 0;

  constructor(url: string, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  /** Lets so many customers come, evenly over this time; resolves when the last one has come and `settled` will tell. */
  async come(count: number, overMs: number): Promise<{ readonly settled: Promise<PlacedOrder[]> }> {
    const orders: Promise<PlacedOrder>[] = [];
    for (let number = 0; number < count; number++) {
      orders.push(this.#pay());
      await sleep(overMs / count, undefined, { signal: this.#signal });
    }
    return { settled: Promise.all(orders) };
  }

  async #pay(): Promise<PlacedOrder> {
    const number = ++this.#lastNumber;
    const reference = `tour-${String(number).padStart(4, "0")}`;
    const order = { reference, amount: number + 0.5, currency: "EUR" };
    const idempotencyKey = `customer-${reference}`;
    const answers: number[] = [];
    const startedAt = performance.now();
    for (;;) {
      const answer = await this.#ask(order, idempotencyKey);
      answers.push(answer.status);
      const durationMs = performance.now() - startedAt;
      const placed = { ...order, idempotencyKey, answers, durationMs };
      if (answer.paymentId !== undefined) return { ...placed, paymentId: answer.paymentId };
      // 4xx: asking again would not help. Either way the order counts as lost, and the tour as failed.
      if ((answer.status >= 400 && answer.status < 500) || durationMs > patienceMs) return placed;
      await sleep(answer.retryAfterMs ?? pauseMs, undefined, { signal: this.#signal });
    }
  }

  async #ask(
    order: object,
    idempotencyKey: string,
  ): Promise<{ readonly status: number; readonly paymentId?: string; readonly retryAfterMs?: number }> {
    try {
      const response = await fetch(`${this.#url}/payments`, {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": idempotencyKey },
        body: JSON.stringify(order),
        signal: AbortSignal.any([this.#signal, AbortSignal.timeout(longestAnswerMs)]),
      });
      const { status, headers } = response;
      const body = (await response.json()) as { readonly id?: string };
      if (status === 201 && body.id !== undefined) return { status, paymentId: body.id };
      const retryAfter = headers.get("retry-after");
      return retryAfter === null ? { status } : { status, retryAfterMs: Number(retryAfter) * 1000 };
    } catch {
      this.#signal.throwIfAborted();
      return { status: 0 };
    }
  }
}
