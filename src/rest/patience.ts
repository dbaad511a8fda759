import type { Clock } from "../core/clock.ts";
import type { ExternalServiceError } from "../core/errors.ts";
import { pause } from "./pause.ts";

// What Node's timers take; whoever waits for 24 days has another problem.
const longestMs = 2 ** 31 - 1;

/** How long a call may go on after its answer, or a piece of it, has come: as long as the call itself. */
export class Patience {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #endsAt: number;
  readonly #signals: readonly AbortSignal[];

  constructor(parts: {
    readonly clock: Clock;
    /** Milliseconds from now; Infinity where the signals alone end it. */
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
    const over = new AbortController();
    const leftMs = Math.min(longestMs, Math.max(0, this.#endsAt - this.#clock.now()));
    const limit = pause(this.#clock, leftMs, [...this.#signals, over.signal]).then(() => {
      throw tooLate(this.#limitMs);
    });
    try {
      return await Promise.race([work, limit]);
    } finally {
      over.abort();
    }
  }
}
