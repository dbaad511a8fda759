import type { Clock } from "../core/clock.ts";
import type { RetryRefusal } from "../core/errors.ts";
import type { Call, Interruption } from "./call.ts";
import { interruptedEnd } from "./interruption.ts";
import type { AttemptEnd } from "./outcome.ts";
import { type Admission, type Decision, go, noPermits, type Permits, type Policy } from "./policy.ts";

/** How a call, or one attempt of it, ended, and what the executor did about it. */
export interface Ended<T> {
  readonly end: AttemptEnd<T>;
  /** A policy ended it: nothing was attempted, and nothing is tried again. */
  readonly isRefused?: boolean;
  /** Why a failure was not followed by another attempt. */
  readonly notRetried?: RetryRefusal;
  /** How long to wait before the next call, where that is known. */
  readonly retryAfterMs?: number | undefined;
}

/** What came of asking the policies: their permits, or how the call ended where one did not let it go. */
export type Entry = Permits | Ended<never>;

export const isPermits = (entry: Entry | Promise<Entry>): entry is Permits => Array.isArray(entry);

/** The policies of one scope: asked in their order, settled in reverse, whatever happens. */
export class PolicyChain {
  readonly #service: string;
  readonly #clock: Clock;
  readonly #policies: readonly Policy[];
  /** What is copied for each attempt: a list of this length that grows would have room for seventeen. */
  readonly #none: readonly unknown[];

  constructor(service: string, clock: Clock, policies: readonly Policy[]) {
    this.#service = service;
    this.#clock = clock;
    this.#policies = policies;
    this.#none = policies.map(() => none);
  }

  /**
   * Asks the policies in order. Resolves to their permits where all let the call go, which {@link PolicyChain.leave}
   * must get back, else to how the call ended; a promise only where one of them makes it wait.
   */
  enter(call: Call, now: number): Entry | Promise<Entry> {
    if (this.#policies.length === 0) return noPermits;
    const permits = this.#none.slice();
    try {
      const stopped = this.#ask(call, permits, now);
      if (stopped === undefined) return permits;
      return stopped.kind === "wait" ? this.#enterLater(call, permits, stopped) : this.#refused(permits, stopped, now);
    } catch (error) {
      this.leave(permits, undefined, now);
      throw error;
    }
  }

  /** The same for who must not wait: undefined, and nothing done, unless every policy lets it go at once. */
  enterAtOnce(call: Call, now: number): Permits | undefined {
    const permits = this.#none.slice();
    try {
      if (this.#ask(call, permits, now) === undefined) return permits;
    } catch (error) {
      this.leave(permits, undefined, now);
      throw error;
    }
    this.leave(permits, undefined, now);
    return undefined;
  }

  /**
   * Gives every permit back, in reverse, also where a policy throws: what it threw is thrown after all of them, and
   * what a success still has to come is nobody's then.
   *
   * @param end - undefined where the call was given up, or ended by a defect.
   */
  leave(permits: Permits, end: AttemptEnd<unknown> | undefined, now: number): void {
    let thrown: { readonly error: unknown } | undefined;
    for (let i = permits.length - 1; i >= 0; i--) {
      if (permits[i] === none) continue;
      try {
        this.#policies[i]?.settle(permits[i], end ?? givenUp, now);
      } catch (error) {
        thrown ??= { error };
      }
    }
    if (thrown === undefined) return;
    if (end?.kind === "success") end.remainder?.discard();
    // oxlint-disable-next-line typescript/only-throw-error
    throw thrown.error;
  }

  /** The end of a call that was interrupted while nothing of it was on the wire. */
  interrupted(call: Call, by: Interruption = call.interruption ?? { kind: "closed" }): AttemptEnd<never> {
    return interruptedEnd(by, {
      service: this.#service,
      operation: call.operation,
      phase: call.phase,
      outcome: "not-sent",
    });
  }

  /** Asks whoever has not let it go yet; undefined once all have. */
  #ask(call: Call, permits: unknown[], now: number): Exclude<Admission, { kind: "go" }> | undefined {
    for (let i = 0; i < this.#policies.length; i++) {
      if (permits[i] !== none) continue;
      const asked = this.#policies[i]?.admit(call, now) ?? go;
      if (asked.kind !== "go") return asked;
      permits[i] = asked.permit;
    }
    return undefined;
  }

  async #enterLater(call: Call, permits: unknown[], first: Admission & { kind: "wait" }): Promise<Entry> {
    let stopped: Exclude<Admission, { kind: "go" }> | undefined = first;
    try {
      while (stopped?.kind === "wait") {
        const decision = await this.#wait(call, stopped);
        call.clearInterrupt();
        const now = this.#clock.now();
        if (decision.kind === "interrupted") {
          const end = this.interrupted(call, decision.by);
          this.leave(taken(permits), end, now);
          return { end };
        }
        if (decision.kind !== "go") return this.#refused(permits, decision, now);
        permits[permits.indexOf(none)] = decision.permit;
        // Whoever let the attempt go before it waited may think otherwise by now.
        if (!this.#allHold(permits, now)) this.leave(taken(permits), undefined, now);
        stopped = this.#ask(call, permits, now);
      }
      return stopped === undefined ? permits : this.#refused(permits, stopped, this.#clock.now());
    } catch (error) {
      this.leave(permits, undefined, this.#clock.now());
      throw error;
    }
  }

  #refused(permits: unknown[], decision: Exclude<Decision, { kind: "go" }>, now: number): Ended<never> {
    const ended = endedBy(decision);
    this.leave(taken(permits), ended.end, now);
    return ended;
  }

  #allHold(permits: Permits, now: number): boolean {
    return permits.every((permit, i) => permit === none || (this.#policies[i]?.holds?.(permit, now) ?? true));
  }

  /** Not an async function: thousands may wait at a time, and each would keep the frame of one more. */
  #wait(call: Call, admission: Admission & { kind: "wait" }): Promise<Decision | Interrupted> {
    const decided = Promise.withResolvers<Decision | Interrupted>();
    let isWaiting = true;
    const giveUp = admission.begin((decision) => {
      isWaiting = false;
      decided.resolve(decision);
    });
    if (isWaiting && admission.limitMs !== undefined) call.limit("queue", admission.limitMs);
    call.onInterrupt((interruption) => {
      // A permit that was just given is settled by the loop; only who still waits gives up the place in the queue.
      // What it throws ends this call, and not the deadline list or the caller's signal, which call from here.
      try {
        if (isWaiting) giveUp();
        // The limit of a wait ends the whole call: whoever waited that long is not asked to queue again. A hedge that was
        // faster ends the wait alone: the call goes on as its own.
        if (call.interruption === undefined && interruption.kind !== "superseded") call.interrupt(interruption);
        decided.resolve({ kind: "interrupted", by: interruption });
      } catch (error) {
        decided.reject(error);
      }
    });
    return decided.promise;
  }
}

/** Why a wait ended without a decision. */
interface Interrupted {
  readonly kind: "interrupted";
  readonly by: Interruption;
}

/** Instead of the permit of a policy that has not been asked, or has got its own back. */
const none = Symbol("none");

/** The permits, which are no longer there afterwards. */
function taken(permits: unknown[]): Permits {
  const all = permits.slice();
  permits.fill(none);
  return all;
}

const givenUp: AttemptEnd<never> = { kind: "aborted", reason: undefined, outcome: "not-sent" };

function endedBy(decision: Exclude<Decision, { kind: "go" }>): Ended<never> {
  if (decision.kind === "refuse") return { end: { kind: "failure", failure: decision.failure }, isRefused: true };
  // Calls of one identity have answers of one type; whoever gives calls an identity sees to that.
  return { end: decision.end as AttemptEnd<never>, isRefused: true };
}
