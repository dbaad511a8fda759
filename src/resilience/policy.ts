import type { AttemptEnd, Failure } from "./outcome.ts";

/** What a policy may know of the call that asks. It knows nothing of HTTP and nothing of the other policies. */
export interface Applicant {
  readonly operation: string;
  /** The number of the attempt that asks to start, from 1; 0 for a policy of scope `call`. */
  readonly number: number;
  /** When the whole call is over, on the clock's scale. */
  readonly deadlineAt: number;
}

/** What a policy answers to whoever asks to go on. */
export type Admission =
  /** Go on. The permit comes back in {@link Policy.settle}. */
  | { readonly kind: "go"; readonly permit?: unknown }
  /** Not now, and not later either: the call fails with this, and nothing was sent. */
  | { readonly kind: "refuse"; readonly failure: Failure }
  /**
   * Not yet. The executor calls `begin` once; the policy calls `answer` once, when it has decided, and never after the
   * function that `begin` returned was called, which gives the place in the queue back.
   */
  | { readonly kind: "wait"; begin(answer: (decided: Exclude<Admission, { kind: "wait" }>) => void): () => void };

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
  settle(permit: unknown, end: AttemptEnd<unknown>, now: number): void;
}
