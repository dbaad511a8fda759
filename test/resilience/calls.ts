import type { ErrorCode, ExternalServiceError, Outcome } from "../../src/core/errors.ts";
import { ServiceConnectionError } from "../../src/core/errors.ts";
import { type ServiceEvents, subscribe } from "../../src/core/events.ts";
import type { Attempt, Call } from "../../src/resilience/call.ts";
import { Hedge } from "../../src/resilience/hedges.ts";
import { interruptedEnd } from "../../src/resilience/interruption.ts";
import type { AttemptEnd, Failure } from "../../src/resilience/outcome.ts";
import type { CallRequest } from "../../src/resilience/call-request.ts";
import { type Completed, Pipeline, type PipelineParts } from "../../src/resilience/pipeline.ts";
import type { Ended } from "../../src/resilience/policy-chain.ts";
import type { Admission, Applicant, Decision, Policy } from "../../src/resilience/policy.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** Chance that comes out the same each time. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** What one attempt does. */
export type Step = (attempt: Attempt) => Promise<AttemptEnd<string>>;

/** A failure that a repetition may mend, unless said otherwise. */
export function failure(more: Partial<Failure> = {}): Failure {
  const own = { code: "connection-reset" as ErrorCode, phase: "headers" as const, outcome: "unknown" as Outcome };
  const facts = { service: "payments", operation: "POST /payments", phase: more.phase ?? own.phase };
  return {
    ...own,
    verdict: "fault",
    isTransient: true,
    toError: (known) => new ServiceConnectionError("reset", { ...facts, ...known }),
    ...more,
  };
}

export const succeeds: Step = async () => ({ kind: "success", value: "done", status: 200 });

export const failsWith =
  (more: Partial<Failure> = {}): Step =>
  async () => ({ kind: "failure", failure: failure(more) });

/** Ends only when it is interrupted, and then at once. */
export const hangs =
  (outcome: Outcome = "unknown"): Step =>
  (attempt) =>
    new Promise((resolve) => {
      attempt.onInterrupt((interruption) => {
        const { operation, phase } = attempt;
        resolve(interruptedEnd(interruption, { service: "payments", operation, phase, outcome }));
      });
    });

/** Succeeds after a while, unless it is interrupted before. */
export const takes =
  (clock: VirtualClock, ms: number, end: Step = succeeds): Step =>
  async (attempt) => {
    const over = Promise.withResolvers<"over">();
    const timer = clock.setTimer(ms, () => over.resolve("over"));
    const first = await Promise.race([over.promise, hangs()(attempt)]);
    timer.cancel();
    return first === "over" ? end(attempt) : first;
  };

/** How attempts end, for a policy that is asked without a pipeline. */
export const success: AttemptEnd<string> = { kind: "success", value: "done", status: 200 };
export const failed = (more: Partial<Failure> = {}): AttemptEnd<string> => ({
  kind: "failure",
  failure: failure(more),
});
export const aborted: AttemptEnd<string> = { kind: "aborted", reason: "left", outcome: "unknown" };

export const applicant = (more: Partial<Applicant> = {}): Applicant => ({
  operation: "POST /payments",
  number: 1,
  deadlineAt: 30_000,
  ...more,
});

/** Somebody who asked a policy, without a pipeline in between. */
export class Asked {
  /** What was answered in the end; undefined while it waits. */
  decision: Decision | undefined;
  readonly admission: Admission;
  readonly #leave: (() => void) | undefined;

  constructor(policy: Policy, now: number, more: Partial<Applicant> = {}) {
    this.admission = policy.admit(applicant(more), now);
    if (this.admission.kind !== "wait") this.decision = this.admission;
    else
      this.#leave = this.admission.begin((decision) => {
        if (this.decision !== undefined) throw new Error("answered twice");
        this.decision = decision;
      });
  }

  get isWaiting(): boolean {
    return this.decision === undefined;
  }

  get hasGone(): boolean {
    return this.decision?.kind === "go";
  }

  get permit(): unknown {
    return this.decision?.kind === "go" ? this.decision.permit : undefined;
  }

  get refusal(): Failure | undefined {
    return this.decision?.kind === "refuse" ? this.decision.failure : undefined;
  }

  leave(): void {
    this.#leave?.();
  }
}

/** A pipeline on a clock that stands still, and calls to make through it. */
export class Scene {
  readonly clock: VirtualClock;
  readonly pipeline: Pipeline;
  /** The numbers of the attempts that were started. */
  readonly started: number[] = [];

  constructor(policies: readonly Policy[] = [], more: Partial<PipelineParts> = {}, clock = new VirtualClock()) {
    this.clock = clock;
    this.pipeline = new Pipeline({ service: "payments", clock, random: () => 0.5, policies, ...more });
  }

  /** A call whose attempts take these steps, the last one from then on. */
  call(steps: readonly Step[], more: Partial<CallRequest<string>> = {}): Promise<Completed<string>> {
    const result = this.pipeline.execute<string>({
      operation: "POST /payments",
      deadlineMs: 30_000,
      attemptTimeoutMs: 10_000,
      signals: [],
      retry: { maxRetries: 2, baseDelayMs: 100, maxDelayMs: 20_000 },
      isRepeatable: true,
      isRepeatableLater: true,
      isReplayable: true,
      attempt: (attempt) => {
        this.started.push(attempt.number);
        return (steps[Math.min(attempt.number, steps.length) - 1] ?? succeeds)(attempt);
      },
      ...more,
    });
    // Whoever looks at it later must not be late.
    result.catch(() => undefined);
    return result;
  }
}

/** The end of an attempt that is under way, or of the hedge that it may have, as the executor finds it. */
export async function hedged<T>(
  call: Call,
  main: Promise<Ended<T>>,
  dueAt: number,
  attempt: (hedge: Call) => Promise<Ended<T> | undefined>,
): Promise<Ended<T>> {
  let hedge: Hedge | undefined;
  const begin = (): void => {
    const one = call.beginHedge();
    hedge = new Hedge(call, one, attempt(one));
  };
  call.hedgeAt(dueAt, { begin });
  try {
    const ended = await main;
    call.endAttempt(ended.end, dueAt);
    return hedge === undefined ? ended : await hedge.fasterThan(ended);
  } catch (defect) {
    call.release();
    throw defect;
  } finally {
    hedge?.end();
  }
}

/** What a call rejects with. */
export async function reasonOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => {
      throw new Error("the call succeeded, and should not have");
    },
    (error: unknown) => error,
  );
}

export async function errorOf(call: Promise<unknown>): Promise<ExternalServiceError> {
  return (await reasonOf(call)) as ExternalServiceError;
}

/** A policy that notes what it is asked and told, and lets everybody go on unless `admit` says otherwise. */
export class Witness implements Policy {
  readonly name: string;
  readonly scope: Policy["scope"];
  readonly #log: string[];
  readonly #admit: () => Admission;

  constructor(
    name: string,
    log: string[],
    more: { readonly scope?: Policy["scope"]; readonly admit?: () => Admission } = {},
  ) {
    this.name = name;
    this.scope = more.scope ?? "attempt";
    this.#log = log;
    this.#admit = more.admit ?? (() => ({ kind: "go", permit: name }));
  }

  admit(): Admission {
    this.#log.push(`admit ${this.name}`);
    return this.#admit();
  }

  settle(permit: unknown, end: AttemptEnd<unknown>): void {
    this.#log.push(`settle ${String(permit)}: ${end.kind}`);
  }
}

/** A wait that the test answers, and that notes how it was left. */
export class HeldWait {
  begun = 0;
  givenUp = 0;
  #answer: ((decided: Exclude<Admission, { kind: "wait" }>) => void) | undefined;

  readonly admission: Admission & { kind: "wait" } = {
    kind: "wait",
    begin: (answer) => {
      this.begun++;
      this.#answer = answer;
      return () => void this.givenUp++;
    },
  };

  letGo(permit: unknown): void {
    this.#answer?.({ kind: "go", permit });
  }

  refuse(): void {
    this.#answer?.({ kind: "refuse", failure: failure({ isTransient: false, outcome: "not-sent" }) });
  }
}

/** Collects what is published, until it is disposed of. */
export function listening(): { readonly events: readonly [string, unknown][] } & Disposable {
  const events: [string, unknown][] = [];
  const names = ["hawser:call:start", "hawser:attempt", "hawser:retry", "hawser:call:end"] as const;
  const subscriptions = names.map((name: keyof ServiceEvents) =>
    subscribe(name, (event) => events.push([name, event])),
  );
  return {
    events,
    [Symbol.dispose]: () => {
      for (const stop of subscriptions) stop();
    },
  };
}
