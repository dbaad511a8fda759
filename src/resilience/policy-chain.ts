import type { Clock } from "../core/clock.ts";
import type { RetryRefusal } from "../core/errors.ts";
import type { Call } from "./call.ts";
import { interruptedEnd } from "./interruption.ts";
import type { AttemptEnd } from "./outcome.ts";
import type { Admission, Decision, Policy } from "./policy.ts";

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

/** The policies of one scope: asked in their order, settled in reverse, whatever happens. */
export class PolicyChain {
  readonly #service: string;
  readonly #clock: Clock;
  readonly #policies: readonly Policy[];

  constructor(service: string, clock: Clock, policies: readonly Policy[]) {
    this.#service = service;
    this.#clock = clock;
    this.#policies = policies;
  }

  /** Asks the policies in order, runs `work` if all let it, and settles in reverse those that had let it. */
  async run<T>(call: Call, work: () => Promise<Ended<T>>): Promise<Ended<T>> {
    if (this.#policies.length === 0) return work();
    const permits: unknown[] = [];
    let ended: Ended<T> | undefined;
    try {
      for (let policy = this.#policies[0]; policy !== undefined; policy = this.#policies[permits.length]) {
        const asked = policy.admit(call, this.#clock.now());
        const decision = asked.kind === "wait" ? await this.#wait(call, asked) : asked;
        if (decision === "interrupted") {
          ended = { end: this.interrupted(call) };
          return ended;
        }
        if (decision.kind !== "go") {
          ended = endedBy<T>(decision);
          return ended;
        }
        permits.push(decision.permit);
        // Whoever let the attempt go before it waited may think otherwise by now.
        if (asked.kind === "wait" && !this.#allHold(permits)) this.#settle(permits.splice(0), undefined);
      }
      ended = await work();
      return ended;
    } finally {
      this.#settle(permits, ended);
    }
  }

  /** The same for who must not wait: undefined, and nothing done, unless every policy lets it go at once. */
  async runAtOnce<T>(call: Call, work: () => Promise<Ended<T>>): Promise<Ended<T> | undefined> {
    const permits: unknown[] = [];
    let ended: Ended<T> | undefined;
    try {
      for (const policy of this.#policies) {
        const asked = policy.admit(call, this.#clock.now());
        if (asked.kind !== "go") return undefined;
        permits.push(asked.permit);
      }
      ended = await work();
      return ended;
    } finally {
      this.#settle(permits, ended);
    }
  }

  /** The end of a call that was interrupted while nothing of it was on the wire. */
  interrupted(call: Call): AttemptEnd<never> {
    return interruptedEnd(call.interruption ?? { kind: "closed" }, {
      service: this.#service,
      operation: call.operation,
      phase: call.phase,
      outcome: "not-sent",
    });
  }

  /** Gives every permit back, also where a policy throws: what it threw is thrown after all of them. */
  #settle(permits: readonly unknown[], ended: Ended<unknown> | undefined): void {
    // A stage that threw is a defect; its permits go back all the same, as those of a call that was given up.
    const end = ended?.end ?? givenUp;
    const now = this.#clock.now();
    const thrown: unknown[] = [];
    for (let i = permits.length - 1; i >= 0; i--) {
      try {
        this.#policies[i]?.settle(permits[i], end, now);
      } catch (error) {
        thrown.push(error);
      }
    }
    // oxlint-disable-next-line typescript/only-throw-error
    if (thrown.length > 0) throw thrown[0];
  }

  #allHold(permits: readonly unknown[]): boolean {
    const now = this.#clock.now();
    return permits.every((permit, index) => this.#policies[index]?.holds?.(permit, now) ?? true);
  }

  async #wait(call: Call, admission: Admission & { kind: "wait" }): Promise<Decision | "interrupted"> {
    const decided = Promise.withResolvers<Decision | "interrupted">();
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
        // The limit of a wait ends the whole call: whoever waited that long is not asked to queue again.
        if (call.interruption === undefined) call.interrupt(interruption);
        decided.resolve("interrupted");
      } catch (error) {
        decided.reject(error);
      }
    });
    const answer = await decided.promise;
    call.clearInterrupt();
    return answer;
  }
}

const givenUp: AttemptEnd<never> = { kind: "aborted", reason: undefined, outcome: "not-sent" };

function endedBy<T>(decision: Exclude<Decision, { kind: "go" }>): Ended<T> {
  if (decision.kind === "refuse") return { end: { kind: "failure", failure: decision.failure }, isRefused: true };
  // Calls of one identity have answers of one type; whoever gives calls an identity sees to that.
  return { end: decision.end as AttemptEnd<T>, isRefused: true };
}
