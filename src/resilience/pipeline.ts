import type { Clock, Random } from "../core/clock.ts";
import { DeadlineList } from "../core/deadline-list.ts";
import { type AttemptRecord, isExternalServiceError } from "../core/errors.ts";
import { Attempts } from "./attempts.ts";
import { Call } from "./call.ts";
import type { CallRequest, RequestedCall } from "./call-request.ts";
import type { Chaos } from "./chaos.ts";
import type { Hedger } from "./hedge.ts";
import { type AttemptEnd, type FreeReplay, type Hold, verdictOf } from "./outcome.ts";
import { noPermits, type Permits, type Policy } from "./policy.ts";
import { type Ended, type Entry, isPermits, PolicyChain } from "./policy-chain.ts";
import { decideRetry } from "./retry.ts";
import type { RetryBudget } from "./retry-budget.ts";
import { Teller } from "./teller.ts";

/** A call that succeeded: a class for the reason that `Success` is one. */
export class Completed<T> {
  readonly value: T;
  readonly attempts: readonly AttemptRecord[];
  readonly elapsedMs: number;

  constructor(value: T, attempts: readonly AttemptRecord[], elapsedMs: number) {
    this.value = value;
    this.attempts = attempts;
    this.elapsedMs = elapsedMs;
  }
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
 * The executor: a call from its policies to its end, with what is decided between two attempts. What makes an attempt is
 * {@link Attempts}. All policies are asked in their order and settled in reverse, whatever happens; what stands where in
 * that order is drawn in ARCHITECTURE.md.
 */
export class Pipeline {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #teller: Teller;
  readonly #calls: DeadlineList<Call>;
  readonly #callPolicies: PolicyChain;
  readonly #attempts: Attempts;
  readonly #budget: RetryBudget | undefined;
  #inFlight = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(parts: PipelineParts) {
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#teller = new Teller(parts.service, parts.clock);
    this.#calls = new DeadlineList(parts.clock);
    const chainOf = (scope: Policy["scope"]): PolicyChain =>
      new PolicyChain(
        parts.service,
        parts.clock,
        parts.policies.filter((policy) => policy.scope === scope),
      );
    this.#callPolicies = chainOf("call");
    this.#budget = parts.budget;
    const { clock, hedger, chaos } = parts;
    this.#attempts = new Attempts({ clock, teller: this.#teller, policies: chainOf("attempt"), hedger, chaos });
  }

  /** How many calls are under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Makes the call, with as many attempts as it may take.
   *
   * Neither this nor what follows where nothing waits is an async function: the frame of one would be most of what a
   * call keeps alive while it is under way.
   *
   * @throws The ExternalServiceError of the last failure; the caller's own abort reason, unchanged.
   */
  execute<T>(request: CallRequest<T>): Promise<Completed<T>> {
    const call = new Call(this.#clock, this.#calls, request);
    this.#teller.begun(call);
    call.hold();
    this.#inFlight += 1;
    let first: Promise<AttemptEnd<T> | Ended<T>>;
    try {
      const entry = this.#callPolicies.enter(call, call.startedAt);
      if (!isPermits(entry)) return this.#enterLater(call, entry);
      first = this.#begin(call, entry, call.startedAt);
    } catch (defect) {
      return this.#fall(call, defect);
    }
    return first.then(
      (end) => this.#goOn(call, end),
      (defect: unknown) => this.#fall(call, defect),
    );
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
  }

  /** A call that is not let go at once. */
  async #enterLater<T>(call: RequestedCall<T>, asked: Ended<never> | Promise<Entry>): Promise<Completed<T>> {
    let refused: Ended<T> | undefined;
    let first: AttemptEnd<T> | Ended<T>;
    try {
      const entry = asked instanceof Promise ? await asked : asked;
      if (isPermits(entry)) first = await this.#begin(call, entry, this.#clock.now());
      else first = refused = entry;
    } catch (defect) {
      return this.#fall(call, defect);
    }
    return refused === undefined ? this.#goOn(call, first) : this.#conclude(call, refused.end, refused);
  }

  /** The first attempt. */
  #begin<T>(call: RequestedCall<T>, permits: Permits, now: number): Promise<AttemptEnd<T> | Ended<T>> {
    call.callPermits = permits;
    // Counted here and not before: whoever gets the answer of another call is no traffic of the service.
    this.#budget?.countCall(now);
    return this.#attempts.begin(call, now);
  }

  /** The first attempt has ended, and the call with it, unless others follow or one is under way beside it. */
  #goOn<T>(call: RequestedCall<T>, first: AttemptEnd<T> | Ended<T>): Completed<T> | Promise<Completed<T>> {
    if (!("kind" in first)) return this.#goOnLater(call, first);
    let isLast: boolean;
    try {
      this.#attempts.end(call, first);
      isLast = first.kind === "success" && !this.#attempts.isHedged(call);
      if (isLast) this.#budget?.observe("healthy", call.endedAt);
    } catch (defect) {
      return this.#fall(call, defect);
    }
    return isLast ? this.#conclude(call, first) : this.#goOnLater(call, { end: first });
  }

  /** The better of two attempts, then those that follow. */
  async #goOnLater<T>(call: RequestedCall<T>, first: Ended<T>): Promise<Completed<T>> {
    let ended: Ended<T>;
    try {
      ended = await this.#lastOf(call, await this.#attempts.best(call, first));
    } catch (defect) {
      return this.#fall(call, defect);
    }
    return this.#conclude(call, ended.end, ended);
  }

  /**
   * The call has ended, for its policies and for its caller.
   *
   * @param why - what the executor did about a failure, where it did anything.
   */
  #conclude<T>(call: RequestedCall<T>, end: AttemptEnd<T>, why?: Ended<T>): Completed<T> {
    this.#leave(call, end);
    if (end.kind === "success") {
      // Who got the answer of another call has made no attempt.
      const elapsedMs = (call.endedAt > 0 ? call.endedAt : this.#clock.now()) - call.startedAt;
      if (end.remainder === undefined) this.#teller.ended(call, elapsedMs, end);
      else end.remainder.begin(this.#holdOf(call, end.status));
      return new Completed(end.value, call.attempts, elapsedMs);
    }
    const elapsedMs = this.#clock.now() - call.startedAt;
    const thrown =
      end.kind === "failure" ? this.#teller.errorOf(call, elapsedMs, end.failure, call.request, why) : end.reason;
    this.#teller.ended(call, elapsedMs, end, thrown);
    throw thrown;
  }

  /** A defect has ended the call: whatever it holds is given back. */
  async #fall(call: Call, defect: unknown): Promise<never> {
    try {
      this.#attempts.abandon(call);
    } finally {
      this.#leave(call, undefined);
    }
    throw defect;
  }

  /** Settles the policies of the whole call; with that it is over, unless there is more to come. */
  #leave(call: Call, end: AttemptEnd<unknown> | undefined): void {
    let isOver = true;
    try {
      if (call.callPermits !== noPermits) this.#callPolicies.leave(call.callPermits, end, this.#clock.now());
      isOver = !isToBeContinued(end);
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
  #holdOf(call: RequestedCall<unknown>, status: number | undefined): Hold {
    call.outlastAttempts();
    return {
      onInterrupt: (interrupt) => call.onInterrupt(interrupt),
      limit: (limit, limitMs) => call.limit(limit, limitMs),
      errorOf: (failure) => this.#teller.errorOf(call, this.#clock.now() - call.startedAt, failure, call.request),
      release: (failed) => {
        this.#release(call);
        // The caller's own abort reason passes through a remainder as well, and is no error of ours.
        const kind = failed === undefined ? "success" : isExternalServiceError(failed.thrown) ? "failure" : "aborted";
        this.#teller.ended(call, this.#clock.now() - call.startedAt, { kind, status }, failed?.thrown);
      },
    };
  }

  /** The end of the call, given that of its first attempt: others follow, as long as they may. */
  async #lastOf<T>(call: RequestedCall<T>, first: Ended<T>): Promise<Ended<T>> {
    const { request } = call;
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
      if (call.interruption !== undefined) return { end: this.#callPolicies.interrupted(call) };
      before = ended;
      const next = await this.#attempts.begin(call, this.#clock.now(), reason);
      if ("kind" in next) this.#attempts.end(call, next);
      ended = await this.#attempts.best(call, "kind" in next ? { end: next } : next);
    }
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

function isToBeContinued(end: AttemptEnd<unknown> | undefined): boolean {
  return end?.kind === "success" && end.remainder !== undefined;
}
