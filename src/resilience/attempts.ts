import type { Clock } from "../core/clock.ts";
import type { AttemptRecord } from "../core/errors.ts";
import type { Call } from "./call.ts";
import type { CallRequest, RequestedCall } from "./call-request.ts";
import type { Chaos } from "./chaos.ts";
import type { Hedger } from "./hedge.ts";
import { Hedges } from "./hedges.ts";
import type { AttemptEnd } from "./outcome.ts";
import { noPermits, type Permits } from "./policy.ts";
import { type Ended, isPermits, type PolicyChain } from "./policy-chain.ts";
import type { Teller } from "./teller.ts";

/** What makes the attempts of the calls of a pipeline. */
export interface AttemptParts {
  readonly clock: Clock;
  readonly teller: Teller;
  readonly policies: PolicyChain;
  readonly hedger: Hedger | undefined;
  readonly chaos: Chaos | undefined;
}

/** One attempt of a call after the other: through the policies, with a hedge where it takes long, into the records. */
export class Attempts {
  readonly #clock: Clock;
  readonly #teller: Teller;
  readonly #policies: PolicyChain;
  readonly #hedger: Hedger | undefined;
  readonly #hedges: Hedges | undefined;
  readonly #chaos: Chaos | undefined;

  constructor({ clock, teller, policies, hedger, chaos }: AttemptParts) {
    this.#clock = clock;
    this.#teller = teller;
    this.#policies = policies;
    this.#hedger = hedger;
    if (hedger !== undefined) {
      this.#hedges = new Hedges(hedger, clock, (hedge, now) => this.#beginBeside(hedge, hedger, now));
    }
    this.#chaos = chaos;
  }

  /** Makes one; without a turn of its own where it need not wait. How it ended goes to {@link Attempts.end}. */
  begin<T>(call: RequestedCall<T>, now: number, reason?: AttemptRecord["reason"]): Promise<AttemptEnd<T> | Ended<T>> {
    call.applyForAttempt(reason);
    this.#hedges?.expect(call, now);
    const entry = this.#policies.enter(call, now);
    if (isPermits(entry)) return this.#launch(call, entry, now);
    if (!(entry instanceof Promise)) return Promise.resolve(entry);
    return entry.then<AttemptEnd<T> | Ended<T>>((later) =>
      isPermits(later) ? this.#launch(call, later, this.#clock.now()) : later,
    );
  }

  /** An attempt that was let go has ended. */
  end(call: Call, end: AttemptEnd<unknown>): void {
    const now = this.#clock.now();
    // Not so where it was over before it began.
    if (call.isAttempting) {
      const attempt = call.endAttempt(end, now);
      this.#hedger?.observe(end, attempt.durationMs, now);
      this.#teller.attempted(call, attempt);
    }
    const { permits } = call;
    call.permits = noPermits;
    this.#policies.leave(permits, end, now);
  }

  /** Whether another is under way beside the one that has ended. */
  isHedged(call: Call): boolean {
    return this.#hedges?.of(call) !== undefined;
  }

  /** The end that counts, given that of the first of two. */
  async best<T>(call: Call, ended: Ended<T>): Promise<Ended<T>> {
    const hedge = this.#hedges?.of(call);
    const best = hedge === undefined ? ended : await hedge.fasterThan(ended);
    this.#hedges?.end(call);
    return best;
  }

  /** A defect ended the call: what its attempts hold is given back. */
  abandon(call: Call): void {
    this.#hedges?.end(call);
    this.#giveBack(call);
  }

  /** One beside another that takes long; undefined, and nothing done, where it would have to wait. */
  async #beginBeside<T>(hedge: RequestedCall<T>, hedger: Hedger, now: number): Promise<Ended<T> | undefined> {
    hedge.applyForAttempt("hedge");
    const permits = this.#policies.enterAtOnce(hedge, now);
    if (permits === undefined) {
      hedge.withdraw();
      hedger.putBack();
      return undefined;
    }
    try {
      const end = await this.#launch(hedge, permits, now);
      this.end(hedge, end);
      return { end };
    } finally {
      this.#giveBack(hedge);
    }
  }

  #launch<T>(call: RequestedCall<T>, permits: Permits, now: number): Promise<AttemptEnd<T>> {
    const { request } = call;
    call.permits = permits;
    // An inherited deadline may have passed before the call was made, and a wait may have taken the rest of it.
    if (now >= call.deadlineAt) call.expire(call.deadlineAt);
    if (call.interruption !== undefined) return Promise.resolve(this.#policies.interrupted(call));
    call.startAttempt(now);
    return this.#chaos === undefined ? request.attempt(call) : this.#struck(this.#chaos, call, request);
  }

  /** Where a defect ended it; harmless where none did. */
  #giveBack(call: Call): void {
    const { permits } = call;
    call.permits = noPermits;
    if (permits !== noPermits) this.#policies.leave(permits, undefined, this.#clock.now());
  }

  #struck<T>(chaos: Chaos, call: Call, request: CallRequest<T>): Promise<AttemptEnd<T>> {
    const struck = chaos.strike(call);
    if (struck === undefined) return request.attempt(call);
    return struck instanceof Promise ? this.#heldUp(struck, call, request) : Promise.resolve(struck);
  }

  async #heldUp<T>(
    held: Promise<AttemptEnd<never> | undefined>,
    call: Call,
    request: CallRequest<T>,
  ): Promise<AttemptEnd<T>> {
    const struck = await held;
    // What it set to end the attempt early ends nothing any more, and would swallow a limit that passes now.
    call.clearInterrupt();
    return struck ?? request.attempt(call);
  }
}
