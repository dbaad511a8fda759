import type { AttemptEnd, Failure } from "./outcome.ts";

/** What a policy may know of the call that asks. It knows nothing of HTTP and nothing of the other policies. */
export interface Applicant {
  readonly operation: string;
  /** The number of the attempt that asks to start, from 1; 0 for a policy of scope `call`. */
  readonly number: number;
  /** When the whole call is over, on the clock's scale. */
  readonly deadlineAt: number;
  /** Calls of the same identity may share one answer; absent where the call is not to be shared. */
  readonly identity?: string | undefined;
}

/** What a policy answers to whoever asks to go on. */
export type Admission =
  /** Go on. The permit comes back in {@link Policy.settle}. */
  | { readonly kind: "go"; readonly permit?: unknown }
  /** Not now, and not later either: the call fails with this, nothing was sent, and nothing is tried again. */
  | { readonly kind: "refuse"; readonly failure: Failure }
  /** The policy knows the end already: it is that of the call, and nothing is sent. For policies of scope `call`. */
  | { readonly kind: "answer"; readonly end: AttemptEnd<unknown> }
  /**
   * Not yet. The executor calls `begin` once; the policy calls `answer` once, when it has decided, and never after the
   * function that `begin` returned was called, which gives the place in the queue back. After `limitMs` milliseconds,
   * where given, the executor gives up by itself (`timeout-queue`).
   */
  | {
      readonly kind: "wait";
      readonly limitMs?: number | undefined;
      begin(answer: (decided: Decision) => void): () => void;
    };

/** An admission that is final. */
export type Decision = Exclude<Admission, { kind: "wait" }>;

/** The admission of whoever needs no permit. */
export const go: Admission & { kind: "go" } = { kind: "go" };

/**
 * One stage of the pipeline, as two moves. `admit` answers whoever asks; `settle` learns from how it ended, and is
 * called exactly once for every permit, whatever happens.
 */
export interface Policy {
  readonly name: string;
  /** `call`: asked once, before the first attempt. `attempt`: asked before each attempt. */
  readonly scope: "call" | "attempt";
  admit(applicant: Applicant, now: number): Admission;
  /** Asked where a later policy made the attempt wait. If a permit no longer holds, all go back and are asked for anew. */
  holds?(permit: unknown, now: number): boolean;
  settle(permit: unknown, end: AttemptEnd<unknown>, now: number): void;
}

/** What the policies gave to whoever they let go, in their order. */
export type Permits = readonly unknown[];

export const noPermits: Permits = [];
