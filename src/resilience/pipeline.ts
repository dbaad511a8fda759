import type { Clock, Random } from "../core/clock.ts";
import { DeadlineList } from "../core/deadline-list.ts";
import { type AttemptRecord, isExternalServiceError } from "../core/errors.ts";
import { type Attempt, Call, type CallLimits } from "./call.ts";
import type { Chaos } from "./chaos.ts";
import { type Hedger, PossibleHedge } from "./hedge.ts";
import { type AttemptEnd, type FreeReplay, type Hold, verdictOf } from "./outcome.ts";
import { noPermits, type Permits, type Policy } from "./policy.ts";
import { type Ended, type Entry, isPermits, PolicyChain } from "./policy-chain.ts";
import { decideRetry, type RetryLimits } from "./retry.ts";
import type { RetryBudget } from "./retry-budget.ts";
import { Teller } from "./teller.ts";

/** One logical operation, as the executor sees it. */
export interface CallRequest<T> extends CallLimits {
  readonly retry: RetryLimits;
  /** Within this call: the method is idempotent, or one key goes with every attempt. */
  readonly isRepeatable: boolean;
  /** Also by a later call: the method is idempotent, or the caller chose the key. */
  readonly isRepeatableLater: boolean;
  /** The body can be produced again. */
  readonly isReplayable: boolean;
  /** Makes one attempt. It does not reject, and it ends promptly once it is interrupted. */
  attempt(attempt: Attempt): Promise<AttemptEnd<T>>;
}

/** A call that succeeded. */
export interface Completed<T> {
  readonly value: T;
  readonly attempts: readonly AttemptRecord[];
  readonly elapsedMs: number;
}

/** What a pipeline is made of; whatever is left out is switched off. */
export interface PipelineParts {
  readonly service: string;
  readonly clock: Clock;
  readonly random: Random;
  /** In the order in which they are asked. */
  readonly policies: readonly Policy[];
  readonly budget?: RetryBudget | undefined;
  readonly hedger?: Hedger | undefined;
  readonly chaos?: Chaos | undefined;
}

/**
 * The executor: one loop over the attempts of a call, which asks the policies in their order and settles them in
 * reverse, whatever happens. What stands where in that order is drawn in ARCHITECTURE.md.
 */
export class Pipeline {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #teller: Teller;
  readonly #calls: DeadlineList<Call>;
  readonly #hedgesDue: DeadlineList;
  readonly #callPolicies: PolicyChain;
  readonly #attemptPolicies: PolicyChain;
  readonly #budget: RetryBudget | undefined;
  readonly #hedger: Hedger | undefined;
  readonly #chaos: Chaos | undefined;
  #inFlight = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(parts: PipelineParts) {
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#teller = new Teller(parts.service, parts.clock);
    this.#calls = new DeadlineList(parts.clock);
    this.#hedgesDue = new DeadlineList(parts.clock);
    const chainOf = (scope: Policy["scope"]): PolicyChain =>
      new PolicyChain(
        parts.service,
        parts.clock,
        parts.policies.filter((policy) => policy.scope === scope),
      );
    this.#callPolicies = chainOf("call");
    this.#attemptPolicies = chainOf("attempt");
    this.#budget = parts.budget;
    this.#hedger = parts.hedger;
    this.#chaos = parts.chaos;
  }

  /** How many calls are under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Makes the call, with as many attempts as it may take.
   *
   * @throws The ExternalServiceError of the last failure; the caller's own abort reason, unchanged.
   */
  async execute<T>(request: CallRequest<T>): Promise<Completed<T>> {
    const call = new Call(this.#clock, this.#calls, request);
    this.#teller.begun(call);
    call.hold();
    this.#inFlight += 1;
    let permits: Permits = noPermits;
    let hedge: PossibleHedge<T> | undefined;
    let ended: Ended<T> | undefined;
    try {
      const asked = this.#callPolicies.enter(call, call.startedAt);
      const entered = asked instanceof Promise ? await asked : asked;
      if (isPermits(entered)) {
        permits = entered;
        const now = asked === entered ? call.startedAt : this.#clock.now();
        // Counted here and not before: whoever gets the answer of another call is no traffic of the service.
        this.#budget?.countCall(now);
        call.applyForAttempt();
        hedge = this.#possibleHedge(call, request, now);
        const under = this.#begin(call, request, now);
        const got = under instanceof Promise ? await under : under;
        let first: Ended<T> = "kind" in got ? this.#finish(call, got) : got;
        if (hedge?.isUnderWay === true) first = await hedge.fasterThan(first);
        hedge?.end();
        // Not set before: where what follows throws, the end of the first attempt is not that of the call.
        if (first.end.kind === "success") {
          this.#budget?.observe("healthy", call.endedAt);
          ended = first;
        } else {
          ended = await this.#goOn(call, request, first);
        }
      } else {
        ended = entered;
      }
    } finally {
      try {
        // What a defect has left.
        hedge?.end();
        if (call.permits !== noPermits) this.#giveBack(call);
      } finally {
        this.#leave(call, permits, ended);
      }
    }
    const { end } = ended;
    if (end.kind === "success") {
      // Who got the answer of another call has made no attempt.
      const elapsedMs = (call.endedAt > 0 ? call.endedAt : this.#clock.now()) - call.startedAt;
      if (end.remainder === undefined) this.#teller.ended(call, elapsedMs, end);
      else end.remainder.begin(this.#holdOf(call, request, end.status));
      return { value: end.value, attempts: call.attempts, elapsedMs };
    }
    const elapsedMs = this.#clock.now() - call.startedAt;
    const thrown =
      end.kind === "failure" ? this.#teller.errorOf(call, elapsedMs, end.failure, request, ended) : end.reason;
    this.#teller.ended(call, elapsedMs, end, thrown);
    throw thrown;
  }

  /** Settles the policies of the whole call; with that it is over, unless there is more to come. */
  #leave(call: Call, permits: Permits, ended: Ended<unknown> | undefined): void {
    let isOver = true;
    try {
      if (permits !== noPermits) this.#callPolicies.leave(permits, ended?.end, this.#clock.now());
      isOver = !isToBeContinued(ended);
    } finally {
      if (isOver) this.#release(call);
    }
  }

  #release(call: Call): void {
    call.release();
    this.#inFlight -= 1;
    if (this.#inFlight > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** What a remainder may do with the call that it keeps under way. */
  #holdOf<T>(call: Call, request: CallRequest<T>, status: number | undefined): Hold {
    call.outlastAttempts();
    return {
      onInterrupt: (interrupt) => call.onInterrupt(interrupt),
      limit: (limit, limitMs) => call.limit(limit, limitMs),
      errorOf: (failure) => this.#teller.errorOf(call, this.#clock.now() - call.startedAt, failure, request),
      release: (failed) => {
        this.#release(call);
        // The caller's own abort reason passes through a remainder as well, and is no error of ours.
        const kind = failed === undefined ? "success" : isExternalServiceError(failed.thrown) ? "failure" : "aborted";
        this.#teller.ended(call, this.#clock.now() - call.startedAt, { kind, status }, failed?.thrown);
      },
    };
  }

  /** Resolves when no call is under way, however long that takes. */
  async idle(): Promise<void> {
    if (this.#inFlight > 0) await (this.#idle ??= Promise.withResolvers<void>()).promise;
  }

  /** The same; calls that are still under way after `limitMs` are ended, with their outcome. */
  async drain(limitMs: number): Promise<void> {
    if (this.#inFlight > 0) {
      const timer = this.#clock.setTimer(limitMs, () => {
        for (const call of this.#calls) call.interrupt({ kind: "closed" });
      });
      await this.idle();
      timer.cancel();
    }
    this.#calls.clear();
    this.#hedgesDue.clear();
  }

  /** What follows a first attempt that did not succeed: others, as long as they may. */
  async #goOn<T>(call: Call, request: CallRequest<T>, first: Ended<T>): Promise<Ended<T>> {
    const replayed = new Set<FreeReplay>();
    let ended = first;
    let before: Ended<T> | undefined;
    for (;;) {
      const { end } = ended;
      const now = this.#clock.now();
      if (end.kind !== "failure" || call.interruption !== undefined) {
        this.#budget?.observe(verdictOf(end), now);
        return ended;
      }
      if (ended.isRefused === true) {
        // What the service did is worth more to know than that we then let nothing more through.
        const retryAfterMs = end.failure.retryAfterMs;
        return { end: before?.end ?? end, notRetried: "refused", retryAfterMs };
      }
      const decision = decideRetry({
        failure: end.failure,
        retriesMade: call.retriesMade,
        isRepeatable: request.isRepeatable,
        isReplayable: request.isReplayable,
        replayed,
        remainingMs: call.deadlineAt - now,
        limits: request.retry,
        random: this.#random,
      });
      // What is made again for nothing is no failure either: one close of an idle pool is not many.
      if (!decision.retry || decision.reason === "retry") this.#budget?.observe(end.failure.verdict, now);
      if (!decision.retry) return { end, notRetried: decision.because, retryAfterMs: decision.retryAfterMs };
      const { reason, delayMs } = decision;
      if (reason === "retry") {
        if (this.#budget?.isSpent === true) return { end, notRetried: "budget" };
        call.retriesMade += 1;
      } else {
        replayed.add(reason);
      }
      this.#teller.toBeRetried(call, delayMs, end.failure.code);
      if (delayMs > 0) await this.#pause(call, delayMs);
      if (call.interruption !== undefined) return { end: this.#attemptPolicies.interrupted(call) };
      before = ended;
      call.applyForAttempt(reason);
      ended = await this.#again(call, request, this.#clock.now());
    }
  }

  /** The first attempt: one that need not wait ends without a turn of its own. */
  #begin<T>(call: Call, request: CallRequest<T>, now: number): Ended<T> | Promise<AttemptEnd<T> | Ended<T>> {
    const entered = this.#attemptPolicies.enter(call, now);
    if (entered instanceof Promise) return this.#attempt(call, request, entered);
    return isPermits(entered) ? this.#launch(call, request, entered, now) : entered;
  }

  /** Another attempt beside one that is about to begin, should that take long; for calls that may be made twice. */
  #possibleHedge<T>(call: Call, request: CallRequest<T>, now: number): PossibleHedge<T> | undefined {
    const hedger = request.isRepeatable && request.isReplayable ? this.#hedger : undefined;
    const delayMs = hedger?.delayMs(now);
    if (hedger === undefined || delayMs === undefined) return undefined;
    return new PossibleHedge(call, this.#hedgesDue, now + delayMs, (beside) => this.#beside(beside, hedger, request));
  }

  async #beside<T>(hedge: Call, hedger: Hedger, request: CallRequest<T>): Promise<Ended<T> | undefined> {
    const now = this.#clock.now();
    if (!hedger.take(now)) return undefined;
    hedge.applyForAttempt("hedge");
    const permits = this.#attemptPolicies.enterAtOnce(hedge, now);
    if (permits !== undefined) return this.#attempt(hedge, request, permits);
    hedge.withdraw();
    hedger.putBack();
    return undefined;
  }

  /** One more attempt, and what is beside it. */
  async #again<T>(call: Call, request: CallRequest<T>, now: number): Promise<Ended<T>> {
    const hedge = this.#possibleHedge(call, request, now);
    try {
      const ended = await this.#attempt(call, request, this.#attemptPolicies.enter(call, now));
      return hedge?.isUnderWay === true ? await hedge.fasterThan(ended) : ended;
    } finally {
      hedge?.end();
    }
  }

  /** One attempt that was let go, or not, or is to wait for that. */
  async #attempt<T>(call: Call, request: CallRequest<T>, asked: Entry | Promise<Entry>): Promise<Ended<T>> {
    try {
      const entered = asked instanceof Promise ? await asked : asked;
      if (!isPermits(entered)) return entered;
      return this.#finish(call, await this.#launch(call, request, entered, this.#clock.now()));
    } finally {
      if (call.permits !== noPermits) this.#giveBack(call);
    }
  }

  #launch<T>(call: Call, request: CallRequest<T>, permits: Permits, now: number): Promise<AttemptEnd<T>> {
    call.permits = permits;
    // An inherited deadline may have passed before the call was made, and a wait may have taken the rest of it.
    if (now >= call.deadlineAt) call.expire(call.deadlineAt);
    if (call.interruption !== undefined) return Promise.resolve(this.#attemptPolicies.interrupted(call));
    call.startAttempt(now);
    return this.#chaos === undefined ? request.attempt(call) : this.#struck(this.#chaos, call, request);
  }

  /** An attempt that was let go has ended. */
  #finish<T>(call: Call, end: AttemptEnd<T>): Ended<T> {
    const now = this.#clock.now();
    // Not so where it was over before it began.
    if (call.isAttempting) {
      const attempt = call.endAttempt(end, now);
      this.#hedger?.observe(end, attempt.durationMs, now);
      this.#teller.attempted(call, attempt);
    }
    const { permits } = call;
    call.permits = noPermits;
    this.#attemptPolicies.leave(permits, end, now);
    return { end };
  }

  /** A defect ended the attempt. */
  #giveBack(call: Call): void {
    const { permits } = call;
    call.permits = noPermits;
    this.#attemptPolicies.leave(permits, undefined, this.#clock.now());
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

  async #pause(call: Call, delayMs: number): Promise<void> {
    call.phase = "backoff";
    const over = Promise.withResolvers<void>();
    const timer = this.#clock.setTimer(delayMs, over.resolve);
    call.onInterrupt(() => over.resolve());
    await over.promise;
    timer.cancel();
    call.clearInterrupt();
  }
}

function isToBeContinued(ended: Ended<unknown> | undefined): boolean {
  return ended?.end.kind === "success" && ended.end.remainder !== undefined;
}
