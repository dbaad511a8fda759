import { type Outcome, type Phase, ServiceTimeoutError, ServiceUnavailableError } from "../core/errors.ts";
import type { Interruption } from "./call.ts";
import type { AttemptEnd } from "./outcome.ts";

/** How an attempt ended that was interrupted from this side, given how far it had come. */
export function interruptedEnd(
  interruption: Interruption,
  at: { readonly service: string; readonly operation: string; readonly phase: Phase; readonly outcome: Outcome },
): Exclude<AttemptEnd<never>, { kind: "success" }> {
  const { phase, outcome } = at;
  switch (interruption.kind) {
    case "aborted":
      return { kind: "aborted", reason: interruption.reason, outcome };
    case "superseded":
      return { kind: "aborted", reason: undefined, outcome };
    case "limit": {
      const { limit, limitMs, isTelling } = interruption;
      return {
        kind: "failure",
        failure: {
          code: `timeout-${limit}`,
          phase,
          outcome,
          verdict: isTelling ? "overload" : "local",
          // Of the deadline too: the executor does not retry past it, but a later call may well succeed.
          isTransient: true,
          toError: (facts) => new ServiceTimeoutError(limit, limitMs, { ...at, ...facts }),
        },
      };
    }
    case "closed":
      return {
        kind: "failure",
        failure: {
          code: "unavailable-draining",
          phase,
          outcome,
          verdict: "local",
          isTransient: false,
          toError: (facts) =>
            new ServiceUnavailableError("draining", {
              ...at,
              ...facts,
              detail: "the service was closed, and its close limit passed while this call was under way",
            }),
        },
      };
  }
}
