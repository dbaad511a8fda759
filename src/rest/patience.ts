import type { Clock } from "../core/clock.ts";
import type { ExternalServiceError } from "../core/errors.ts";

/** How long a call may go on after its answer has come: as long as the call itself. */
export class Patience {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #endsAt: number;
  readonly #signals: readonly AbortSignal[];

  constructor(parts: {
    readonly clock: Clock;
    /** Milliseconds from now. */
    readonly limitMs: number;
    readonly signals: readonly AbortSignal[];
  }) {
    this.#clock = parts.clock;
    this.#limitMs = parts.limitMs;
    this.#endsAt = parts.clock.now() + parts.limitMs;
    this.#signals = parts.signals;
  }

  /** Waits for what may never end: rejects with `tooLate` at the deadline, with its reason when a signal aborts. */
  async outlast<T>(work: PromiseLike<T>, tooLate: (limitMs: number) => ExternalServiceError): Promise<T> {
    const ended = Promise.withResolvers<never>();
    const onAbort = (event: Event): void => ended.reject((event.target as AbortSignal).reason);
    const leftMs = Math.max(0, this.#endsAt - this.#clock.now());
    const timer = this.#clock.setTimer(leftMs, () => ended.reject(tooLate(this.#limitMs)));
    for (const signal of this.#signals) {
      if (signal.aborted) ended.reject(signal.reason);
      else signal.addEventListener("abort", onAbort);
    }
    try {
      return await Promise.race([work, ended.promise]);
    } finally {
      timer.cancel();
      for (const signal of this.#signals) signal.removeEventListener("abort", onAbort);
    }
  }
}
