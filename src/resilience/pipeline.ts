import type { Clock, Random } from "../core/clock.ts";
import { DeadlineList } from "../core/deadline-list.ts";
import type { AttemptRecord, ExternalServiceError } from "../core/errors.ts";
import { hasSubscribers, publish } from "../core/events.ts";
import { type Attempt, Call, type CallLimits } from "./call.ts";
import { interruptedEnd } from "./interruption.ts";
import { type AttemptEnd, combinedOutcome, type Hold } from "./outcome.ts";
import type { Admission, Policy } from "./policy.ts";
import { decideRetry, type RetryLimits } from "./retry.ts";

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

interface Ended<T> {
  readonly end: AttemptEnd<T>;
  /** Where it failed and the delay would not have ended in time: how long to wait before the next call. */
  readonly retryAfterMs?: number | undefined;
}

type Decided = Exclude<Admission, { kind: "wait" }>;

let lastCallId = 0;

/**
 * The executor: one loop over the attempts of a call, which asks the policies in their order and settles them in
 * reverse, whatever happens. What stands where in that order is drawn in ARCHITECTURE.md.
 */
export class Pipeline {
  readonly #service: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #calls: DeadlineList<Call>;
  readonly #callPolicies: readonly Policy[];
  readonly #attemptPolicies: readonly Policy[];
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(parts: {
    readonly service: string;
    readonly clock: Clock;
    readonly random: Random;
    /** In the order in which they are asked. */
    readonly policies: readonly Policy[];
  }) {
    this.#service = parts.service;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#calls = new DeadlineList(parts.clock);
    this.#callPolicies = parts.policies.filter(({ scope }) => scope === "call");
    this.#attemptPolicies = parts.policies.filter(({ scope }) => scope === "attempt");
  }

  /** How many calls are under way. */
  get inFlight(): number {
    return this.#calls.size;
  }

  /**
   * Makes the call, with as many attempts as it may take.
   *
   * @throws The {@link ExternalServiceError} of the last failure; the caller's own abort reason, unchanged.
   */
  async execute<T>(request: CallRequest<T>): Promise<Completed<T>> {
    const call = new Call(this.#clock, this.#calls, request);
    const callId = ++lastCallId;
    const about = { service: this.#service, operation: request.operation, callId };
    if (hasSubscribers("hawser:call:start")) publish("hawser:call:start", about);
    call.hold();
    let ended: Ended<T> | undefined;
    try {
      ended = await this.#withinPolicies(this.#callPolicies, call, () => this.#attempts(call, request, about));
    } finally {
      const remainder = ended?.end.kind === "success" ? ended.end.remainder : undefined;
      if (remainder === undefined) this.#release(call);
      else remainder.begin(this.#holdOf(call, request));
    }
    const { end } = ended;
    const elapsedMs = this.#clock.now() - call.startedAt;
    const error = end.kind === "failure" ? this.#errorOf(call, request, ended, elapsedMs) : undefined;
    if (hasSubscribers("hawser:call:end")) {
      publish("hawser:call:end", {
        ...about,
        durationMs: elapsedMs,
        attempts: call.attempts.length,
        result: end.kind,
        ...(end.kind === "success" && end.status !== undefined ? { status: end.status } : {}),
        ...(error === undefined ? {} : { code: error.code, outcome: error.outcome }),
      });
    }
    if (end.kind === "success") return { value: end.value, attempts: call.attempts, elapsedMs };
    throw error ?? (end.kind === "aborted" ? end.reason : undefined);
  }

  #release(call: Call): void {
    call.release();
    if (this.#calls.size === 0) this.#idle?.resolve();
  }

  /** What a remainder may do with the call that it keeps under way. */
  #holdOf<T>(call: Call, request: CallRequest<T>): Hold {
    return {
      onInterrupt: (interrupt) => call.onInterrupt(interrupt),
      limit: (limit, limitMs) => call.limit(limit, limitMs),
      errorOf: (failure) => {
        const end = { kind: "failure", failure } as const;
        // Of a failure, there always is one.
        return this.#errorOf(call, request, { end }, this.#clock.now() - call.startedAt) as ExternalServiceError;
      },
      release: () => this.#release(call),
    };
  }

  /** Resolves when no call is under way; those that still are after `limitMs` are ended, with their outcome. */
  async drain(limitMs: number): Promise<void> {
    if (this.#calls.size > 0) {
      const idle = (this.#idle ??= Promise.withResolvers<void>());
      const timer = this.#clock.setTimer(limitMs, () => {
        for (const call of this.#calls) call.interrupt({ kind: "closed" });
      });
      await idle.promise;
      this.#idle = undefined;
      timer.cancel();
    }
    this.#calls.clear();
  }

  async #attempts<T>(
    call: Call,
    request: CallRequest<T>,
    about: { service: string; operation: string; callId: number },
  ): Promise<Ended<T>> {
    for (;;) {
      call.applyForAttempt();
      const { end } = await this.#withinPolicies(this.#attemptPolicies, call, () =>
        this.#attempt(call, request, about),
      );
      if (end.kind !== "failure" || call.interruption !== undefined) return { end };
      const decision = decideRetry({
        failure: end.failure,
        retriesMade: call.number - 1,
        isRepeatable: request.isRepeatable,
        isReplayable: request.isReplayable,
        remainingMs: call.deadlineAt - this.#clock.now(),
        limits: request.retry,
        random: this.#random,
      });
      if (!decision.retry) return { end, retryAfterMs: decision.retryAfterMs };
      const { delayMs } = decision;
      if (hasSubscribers("hawser:retry")) {
        publish("hawser:retry", { ...about, attempt: call.number + 1, delayMs, because: end.failure.code });
      }
      call.phase = "backoff";
      await this.#pause(call, delayMs);
      if (call.interruption !== undefined) return { end: this.#interrupted(call) };
    }
  }

  async #attempt<T>(
    call: Call,
    request: CallRequest<T>,
    about: { service: string; operation: string; callId: number },
  ): Promise<Ended<T>> {
    // An inherited deadline may have passed before the call was made, and a wait may have taken the rest of it.
    if (this.#clock.now() >= call.deadlineAt) call.expire(call.deadlineAt);
    if (call.interruption !== undefined) return { end: this.#interrupted(call) };
    call.startAttempt();
    const end = await request.attempt(call);
    const record = call.endAttempt(recordOf(end));
    if (hasSubscribers("hawser:attempt")) publish("hawser:attempt", { ...about, attempt: record });
    return { end };
  }

  /** Asks the policies in order, runs `work` if all let it, and settles in reverse those that had let it. */
  async #withinPolicies<T>(policies: readonly Policy[], call: Call, work: () => Promise<Ended<T>>): Promise<Ended<T>> {
    if (policies.length === 0) return work();
    const permits: unknown[] = [];
    let ended: Ended<T> | undefined;
    try {
      for (const policy of policies) {
        const asked = policy.admit(call, this.#clock.now());
        const admission = asked.kind === "wait" ? await this.#wait(call, asked) : asked;
        if (admission === "interrupted") {
          ended = { end: this.#interrupted(call) };
          return ended;
        }
        if (admission.kind === "refuse") {
          ended = { end: { kind: "failure", failure: admission.failure } };
          return ended;
        }
        permits.push(admission.permit);
      }
      ended = await work();
      return ended;
    } finally {
      // A stage that threw is a defect; its permits go back all the same, as those of a call that was given up.
      this.#settle(policies, permits, ended?.end ?? { kind: "aborted", reason: undefined, outcome: "unknown" });
    }
  }

  /** Gives every permit back, also where a policy throws: what it threw is thrown after all of them. */
  #settle(policies: readonly Policy[], permits: readonly unknown[], end: AttemptEnd<unknown>): void {
    const now = this.#clock.now();
    const thrown: unknown[] = [];
    for (let i = permits.length - 1; i >= 0; i--) {
      try {
        policies[i]?.settle(permits[i], end, now);
      } catch (error) {
        thrown.push(error);
      }
    }
    // oxlint-disable-next-line typescript/only-throw-error
    if (thrown.length > 0) throw thrown[0];
  }

  async #wait(call: Call, admission: Admission & { kind: "wait" }): Promise<Decided | "interrupted"> {
    const decided = Promise.withResolvers<Decided | "interrupted">();
    let isWaiting = true;
    const giveUp = admission.begin((decision) => {
      isWaiting = false;
      decided.resolve(decision);
    });
    call.onInterrupt(() => {
      // A permit that was just given is settled by the loop; only who still waits gives up the place in the queue.
      // What it throws ends this call, and not the deadline list or the caller's signal, which call from here.
      try {
        if (isWaiting) giveUp();
        decided.resolve("interrupted");
      } catch (error) {
        decided.reject(error);
      }
    });
    const answer = await decided.promise;
    call.clearInterrupt();
    return answer;
  }

  async #pause(call: Call, delayMs: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = this.#clock.setTimer(delayMs, over.resolve);
    call.onInterrupt(() => over.resolve());
    await over.promise;
    timer.cancel();
    call.clearInterrupt();
  }

  #interrupted(call: Call): AttemptEnd<never> {
    return interruptedEnd(call.interruption ?? { kind: "closed" }, this.#notSent(call));
  }

  #notSent(call: Call): Parameters<typeof interruptedEnd>[1] {
    return { service: this.#service, operation: call.operation, phase: call.phase, outcome: "not-sent" };
  }

  #errorOf<T>(
    call: Call,
    request: CallRequest<T>,
    { end, retryAfterMs }: Ended<T>,
    elapsedMs: number,
  ): ExternalServiceError | undefined {
    if (end.kind !== "failure") return undefined;
    const { failure } = end;
    const outcome = combinedOutcome([...call.attempts, failure]);
    const tookNoEffect = outcome === "not-sent" || outcome === "rejected";
    const waitMs = retryAfterMs ?? failure.retryAfterMs;
    return failure.toError({
      attempts: call.attempts,
      elapsedMs,
      outcome,
      retryable: failure.isTransient && (tookNoEffect || request.isRepeatableLater),
      retryAt: waitMs === undefined ? undefined : new Date(this.#clock.wallNow() + waitMs),
    });
  }
}

function recordOf(end: AttemptEnd<unknown>): Pick<AttemptRecord, "outcome" | "status" | "code"> {
  switch (end.kind) {
    case "success":
      return { outcome: "accepted", ...(end.status === undefined ? {} : { status: end.status }) };
    case "aborted":
      return { outcome: end.outcome };
    case "failure": {
      const { outcome, code, status } = end.failure;
      return { outcome, code, ...(status === undefined ? {} : { status }) };
    }
  }
}
