import type { Clock } from "../core/clock.ts";
import type { Call, HedgeStarter } from "./call.ts";
import type { CallRequest, RequestedCall } from "./call-request.ts";
import type { Hedger } from "./hedge.ts";
import type { Ended } from "./policy-chain.ts";

/** Makes the second attempt; undefined, and nothing done, where it is not let go. */
type AttemptBeside = (hedge: RequestedCall<unknown>, now: number) => Promise<Ended<unknown> | undefined>;

/** The hedges of the calls of one pipeline. One that a call may get, and most never do, is no object of its own. */
export class Hedges implements HedgeStarter<CallRequest<unknown>> {
  readonly #hedger: Hedger;
  readonly #clock: Clock;
  readonly #attempt: AttemptBeside;
  readonly #underWay = new Map<Call, Hedge>();

  constructor(hedger: Hedger, clock: Clock, attempt: AttemptBeside) {
    this.#hedger = hedger;
    this.#clock = clock;
    this.#attempt = attempt;
  }

  /** An attempt of the call is about to begin, and gets another beside it should it take long. */
  expect(call: RequestedCall<unknown>, now: number): void {
    const { isRepeatable, isReplayable } = call.request;
    const delayMs = isRepeatable && isReplayable ? this.#hedger.delayMs(now) : undefined;
    if (delayMs !== undefined) call.hedgeAt(now + delayMs, this);
  }

  begin(call: RequestedCall<unknown>): void {
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

/**
 * A second attempt beside one that takes long. The first success wins and ends the other, which is waited for; a
 * failure waits for the other to do better, and where both fail it is the first attempt's failure that counts.
 */
export class Hedge {
  readonly #call: Call;
  readonly #end: Promise<Ended<unknown> | undefined>;
  #isAwaited = false;

  /**
   * {@link Hedge.end} is to be called once, whatever happens.
   *
   * @param end - undefined, where it was not let go.
   */
  constructor(main: Call, hedge: Call, end: Promise<Ended<unknown> | undefined>) {
    this.#call = hedge;
    this.#end = end.then(
      (ended) => {
        if (isSuccess(ended)) main.supersede();
        return ended;
      },
      (defect: unknown) => {
        main.supersede();
        throw defect;
      },
    );
    // It is waited for once the main attempt has ended, and may throw before.
    this.#end.catch(() => undefined);
  }

  /** The end that counts, given that of the main attempt: of the same request, and so of the same type. */
  async fasterThan<T>(main: Ended<T>): Promise<Ended<T>> {
    this.#isAwaited = true;
    if (isSuccess(main)) this.#call.interrupt({ kind: "superseded" });
    try {
      const own = await this.#end;
      if (own === undefined || !isSuccess(own)) return main;
      if (!isSuccess(main)) return own as Ended<T>;
      discard(own);
      return main;
    } catch (defect) {
      discard(main);
      throw defect;
    }
  }

  /** It is on its way no longer. */
  end(): void {
    this.#call.interrupt({ kind: "superseded" });
    this.#call.release();
    // Where the main attempt throws, which is a defect, nobody waits for it.
    if (!this.#isAwaited) this.#end.then(discard, () => undefined);
  }
}

const isSuccess = (ended: Ended<unknown> | undefined): boolean => ended?.end.kind === "success";

/** What it still has to come is nobody's. */
function discard(ended: Ended<unknown> | undefined): void {
  if (ended?.end.kind === "success") ended.end.remainder?.discard();
}
