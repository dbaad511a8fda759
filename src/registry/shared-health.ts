import type { Clock } from "../core/clock.ts";
import { untilAborted } from "./until-aborted.ts";

/** A check that is under way. */
interface Running<Health> {
  readonly result: Promise<Health>;
  readonly stop: AbortController;
  askers: number;
}

/** Answers of one check for many that ask: a balancer that asks every second must not be a load of its own. */
export class SharedHealth<Health> {
  readonly #check: (signal: AbortSignal) => Promise<Health>;
  readonly #clock: Clock;
  readonly #cacheMs: number;
  #running: Running<Health> | undefined;
  #last: { readonly health: Health; readonly at: number } | undefined;

  constructor(
    check: (signal: AbortSignal) => Promise<Health>,
    parts: { readonly clock: Clock; readonly cacheMs: number },
  ) {
    this.#check = check;
    this.#clock = parts.clock;
    this.#cacheMs = parts.cacheMs;
  }

  /**
   * The last answer while it is young enough, else that of the check under way, else of a new one. A signal ends the
   * wait of one that asks; a check that nobody waits for any more is ended.
   *
   * @param fresh - a new check in any case.
   * @throws The signal's reason.
   */
  async ask(fresh: boolean, signal: AbortSignal | undefined): Promise<Health> {
    signal?.throwIfAborted();
    const isYoung = this.#last !== undefined && this.#clock.now() - this.#last.at < this.#cacheMs;
    if (!fresh && this.#last !== undefined && isYoung) return this.#last.health;
    const running = (fresh ? undefined : this.#running) ?? this.#begin();
    running.askers++;
    try {
      return await untilAborted(running.result, signal);
    } finally {
      running.askers--;
      if (running.askers === 0) this.#leave(running, signal?.reason);
    }
  }

  /** What was found no longer holds. */
  forget(): void {
    this.#running = undefined;
    this.#last = undefined;
  }

  #begin(): Running<Health> {
    const stop = new AbortController();
    const running = { result: this.#check(stop.signal), stop, askers: 0 };
    this.#running = running;
    void this.#keep(running);
    return running;
  }

  async #keep(running: Running<Health>): Promise<void> {
    try {
      const health = await running.result;
      // Another one, begun or forgotten since, knows better.
      if (this.#running === running) this.#last = { health, at: this.#clock.now() };
    } catch {
      // Those that asked are told.
    }
    if (this.#running === running) this.#running = undefined;
  }

  #leave(running: Running<Health>, reason: unknown): void {
    if (this.#running === running) this.#running = undefined;
    running.stop.abort(reason);
  }
}
