import type { ExternalServiceError } from "../core/errors.ts";
import type { OptionReader } from "../core/options.ts";
import { fullJitter } from "../resilience/backoff.ts";
import type { Caller } from "./caller.ts";
import { Patience } from "./patience.ts";
import { pause, signalsHere } from "./pause.ts";

/** How a stream is taken up again that ended or broke off. Durations are milliseconds. */
export interface ResumeOptions {
  /** Upper bound of the first random delay, above 0. @defaultValue 1000 */
  readonly baseDelayMs?: number | undefined;
  /** Upper bound of every random delay, at least `baseDelayMs`. @defaultValue 30000 */
  readonly maxDelayMs?: number | undefined;
  /** Connections in a row that may bring nothing, before it is given up. From 0. @defaultValue 10 */
  readonly maxFailures?: number | undefined;
}

export interface ResumeLimits {
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  readonly maxFailures: number;
}

// A service may ask for a longer wait than we would choose, but not for one that never ends.
const longestHintMs = 300_000;

/** Reads an option that is limits, or whether to resume at all. */
export function readResume(reader: OptionReader, name: string, fallback: boolean): ResumeLimits | undefined {
  const given = reader.any(name) ?? fallback;
  if (given === false) return undefined;
  const nested = given === true ? undefined : reader.nested(name);
  const baseDelayMs = nested?.number("baseDelayMs", 1_000, { min: 1 }) ?? 1_000;
  const limits = {
    baseDelayMs,
    maxDelayMs: nested?.number("maxDelayMs", Math.max(30_000, baseDelayMs), { min: baseDelayMs }) ?? 30_000,
    maxFailures: nested?.number("maxFailures", 10, { min: 0, whole: true }) ?? 10,
  };
  nested?.rejectUnknown();
  return limits;
}

/** The waits between the connections of one stream, and when there were enough of them. */
export class Resumption {
  readonly #caller: Caller;
  readonly #limits: ResumeLimits | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #endsAt: number;
  /** For what takes time between two pieces of the stream. */
  readonly patience: Patience;
  #failures = 0;

  /** @param stream - `endsAt`: when all of it is over, on the clock's scale. */
  constructor(
    caller: Caller,
    limits: ResumeLimits | undefined,
    stream: { readonly signal: AbortSignal | undefined; readonly deadlineMs: number | undefined },
  ) {
    this.#caller = caller;
    this.#limits = limits;
    this.#signal = stream.signal;
    const limitMs = stream.deadlineMs ?? Number.POSITIVE_INFINITY;
    this.#endsAt = caller.clock.now() + limitMs;
    const signals = signalsHere(stream.signal, caller.closing);
    this.patience = new Patience({ clock: caller.clock, limitMs, signals });
  }

  /** What is left for the next connection. A deadline that has passed is told by the call, as every other is. */
  get remainingMs(): number {
    return Math.max(this.#endsAt - this.#caller.clock.now(), Number.MIN_VALUE);
  }

  /** Something came: the connections before it are forgiven. */
  succeeded(): void {
    this.#failures = 0;
  }

  /**
   * Waits before the next connection.
   *
   * @param cause - why the last one is over; thrown where there is no next one.
   * @param hintMs - how long the service asked us to wait; the random delay comes on top.
   */
  async wait(cause: ExternalServiceError, hintMs = 0): Promise<void> {
    const limits = this.#limits;
    if (limits === undefined || this.#failures >= limits.maxFailures) throw cause;
    const atLeastMs = Math.min(Math.max(hintMs, cause.retryAfterMs ?? 0), longestHintMs);
    const delayMs = atLeastMs + fullJitter(limits, this.#failures, this.#caller.random);
    if (this.#caller.clock.now() + delayMs >= this.#endsAt) throw cause;
    this.#failures += 1;
    await pause(this.#caller.clock, delayMs, signalsHere(this.#signal, this.#caller.closing));
  }
}
