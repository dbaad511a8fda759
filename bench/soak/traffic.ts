import { isExternalServiceError } from "hawser";
import type { Random } from "../../src/core/clock.ts";
import { type Deed, type DeedContext, deedFor } from "./deeds.ts";
import { type Ending, Ledger } from "./ledger.ts";

/** What an impatient caller ends its call with. */
class GaveUp extends Error {
  override readonly name = "GaveUp";
}

const perSecond = 30;
/** Some begin several at the same moment, as pages do. */
const largestBurst = 4;
/** Of the callers, in the first moments of a call. */
const impatient = 0.1;
const patienceMs = 400;
const keptErrors = 20;

/** Begins deeds by chance, at a steady rate, and writes down how each ends. */
export class Traffic {
  readonly ledger = new Ledger();
  /** What no caller could have expected. */
  readonly unexpected: string[] = [];
  readonly #context: Omit<DeedContext, "number" | "signal">;
  /** Given to those who do not give up, as a server gives that of its own life. */
  readonly #signal: AbortSignal;
  readonly #random: Random;
  #timer: NodeJS.Timeout | undefined;
  #number = 0;

  constructor(context: Omit<DeedContext, "number" | "signal">, signal: AbortSignal, random: Random) {
    this.#context = context;
    this.#signal = signal;
    this.#random = random;
  }

  get isIdle(): boolean {
    return this.ledger.openCount === 0;
  }

  /** How many were begun. */
  get begun(): number {
    return this.#number;
  }

  start(): void {
    const burst = 1 + Math.floor(this.#random() * largestBurst);
    const deed = deedFor(this.#random());
    for (let one = 0; one < burst; one++) void this.#run(deed);
    const meanMs = (1_000 / perSecond) * ((1 + largestBurst) / 2);
    this.#timer = setTimeout(() => this.start(), this.#random() * 2 * meanMs);
  }

  /** Begins no more; what is under way goes on. */
  pause(): void {
    clearTimeout(this.#timer);
  }

  async #run(deed: Deed): Promise<void> {
    const entry = this.ledger.start(deed.kind, deed.limitMs, performance.now());
    const giveUp = this.#random() < impatient ? new AbortController() : undefined;
    const reason = new GaveUp("the caller gave up");
    const timer = giveUp && setTimeout(() => giveUp.abort(reason), this.#random() * patienceMs);
    this.#number += 1;
    let ending: Ending = "succeeded";
    try {
      await deed.run({ ...this.#context, number: this.#number, signal: giveUp?.signal ?? this.#signal });
    } catch (error) {
      ending = this.#judge(deed, error, reason);
    }
    clearTimeout(timer);
    this.ledger.end(entry, ending, performance.now());
  }

  #judge({ kind }: Deed, error: unknown, reason: GaveUp): Ending {
    if (error === reason) return "aborted";
    // The deeds' own limit, where the library has none.
    const isOwnLimit = error instanceof DOMException && error.name === "TimeoutError";
    if (isExternalServiceError(error) || isOwnLimit) return "failed";
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (this.unexpected.length < keptErrors) this.unexpected.push(`${kind}: ${text}`);
    return "unexpected";
  }
}
