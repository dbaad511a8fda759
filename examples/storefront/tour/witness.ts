import { type Outcome, subscribe } from "hawser";

/** What Hawser did within a chapter. */
export interface Witnessed {
  /** Of the payment gateway. */
  readonly calls: number;
  readonly attempts: number;
  readonly waitsMs: readonly number[];
  /** Calls that failed after all their attempts, by what is known of their effect. */
  readonly failed: Partial<Record<Outcome, number>>;
  readonly failedNotifications: number;
  /** For each time that the stream was lost and came back: how long it was away. */
  readonly outagesMs: readonly number[];
  readonly dials: number;
}

const nothing = () => ({
  calls: 0,
  attempts: 0,
  waitsMs: [] as number[],
  failed: {} as Partial<Record<Outcome, number>>,
  failedNotifications: 0,
  outagesMs: [] as number[],
  dials: 0,
});

/** Listens to what Hawser publishes. */
export class Witness implements Disposable {
  #seen = nothing();
  #lostAt: number | undefined;
  #generation = 0;
  readonly #subscriptions = [
    subscribe("hawser:attempt", ({ service, operation }) => {
      if (service === "paymentGateway" && operation.startsWith("POST")) this.#seen.attempts += 1;
    }),
    subscribe("hawser:retry", ({ service, delayMs }) => {
      if (service === "paymentGateway") this.#seen.waitsMs.push(delayMs);
    }),
    subscribe("hawser:call:end", ({ service, operation, result, outcome }) => {
      if (!operation.startsWith("POST")) return;
      if (service === "notificationService" && result === "failure") this.#seen.failedNotifications += 1;
      if (service !== "paymentGateway") return;
      this.#seen.calls += 1;
      if (outcome !== undefined) this.#seen.failed[outcome] = (this.#seen.failed[outcome] ?? 0) + 1;
    }),
    subscribe("hawser:stream", ({ state, generation }) => {
      if (state === "reconnecting") this.#lostAt ??= performance.now();
      if (state === "reconnecting" && generation > this.#generation) this.#seen.dials += 1;
      if (state === "open" && this.#lostAt !== undefined) {
        this.#seen.outagesMs.push(performance.now() - this.#lostAt);
        this.#lostAt = undefined;
      }
      this.#generation = generation;
    }),
  ];

  /** What was seen since the last time that this was asked. */
  take(): Witnessed {
    const seen = this.#seen;
    this.#seen = nothing();
    return seen;
  }

  [Symbol.dispose](): void {
    for (const stop of this.#subscriptions) stop();
  }
}
