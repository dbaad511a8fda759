import type { Clock } from "../core/clock.ts";
import type { Call, CallLimits, HedgeStarter } from "./call.ts";
import { Hedge, type Hedger } from "./hedge.ts";
import type { Ended } from "./policy-chain.ts";

/** What decides whether a call may be made twice. */
export interface Hedgeable extends CallLimits {
  readonly isRepeatable: boolean;
  readonly isReplayable: boolean;
}

/** The hedges of the calls of one pipeline. One that a call may get, and most never do, is no object of its own. */
export class Hedges<Request extends Hedgeable> implements HedgeStarter<Request> {
  readonly #hedger: Hedger;
  readonly #clock: Clock;
  readonly #attempt: (hedge: Call<Request>, now: number) => Promise<Ended<unknown> | undefined>;
  readonly #underWay = new Map<Call, Hedge>();

  /** @param attempt - makes the second attempt; undefined, and nothing done, where it is not let go. */
  constructor(
    hedger: Hedger,
    clock: Clock,
    attempt: (hedge: Call<Request>, now: number) => Promise<Ended<unknown> | undefined>,
  ) {
    this.#hedger = hedger;
    this.#clock = clock;
    this.#attempt = attempt;
  }

  /** An attempt of the call is about to begin, and gets another beside it should it take long. */
  expect(call: Call<Request>, now: number): void {
    const { isRepeatable, isReplayable } = call.request;
    const delayMs = isRepeatable && isReplayable ? this.#hedger.delayMs(now) : undefined;
    if (delayMs !== undefined) call.hedgeAt(now + delayMs, this);
  }

  begin(call: Call<Request>): void {
    const now = this.#clock.now();
    if (!this.#hedger.take(now)) return;
    const hedge = call.beginHedge();
    this.#underWay.set(call, new Hedge(call, hedge, this.#attempt(hedge, now)));
  }

  /** What is beside the attempt of the call. */
  of(call: Call): Hedge | undefined {
    return this.#underWay.size === 0 ? undefined : this.#underWay.get(call);
  }

  /** Nothing is beside it any more. */
  end(call: Call): void {
    const hedge = this.of(call);
    if (hedge === undefined) return;
    this.#underWay.delete(call);
    hedge.end();
  }
}
