import { ServiceRateLimitError, ServiceUnavailableError, type UnavailableReason } from "../core/errors.ts";
import type { Failure } from "./outcome.ts";
import type { Applicant } from "./policy.ts";

/** A failure of ours: the call was refused here, and nothing was sent. It may be made again after `retryAfterMs`. */
export function unavailable(
  reason: UnavailableReason,
  about: { readonly service: string; readonly applicant: Applicant; readonly detail: string },
  retryAfterMs: number,
): Failure {
  const { service, applicant, detail } = about;
  const facts = { service, operation: applicant.operation, phase: "queue", outcome: "not-sent" } as const;
  return {
    code: `unavailable-${reason}`,
    ...ours,
    retryAfterMs,
    toError: (more) => new ServiceUnavailableError(reason, { ...facts, ...more, detail, retryAfterMs }),
  };
}

/** The same for a rate that leaves no room before the deadline. */
export function rateLimited(service: string, applicant: Applicant, retryAfterMs: number): Failure {
  const facts = { service, operation: applicant.operation, phase: "queue", outcome: "not-sent" } as const;
  return {
    code: "rate-limited",
    ...ours,
    retryAfterMs,
    toError: (more) => new ServiceRateLimitError({ ...facts, ...more, retryAfterMs }),
  };
}

const ours = { phase: "queue", outcome: "not-sent", verdict: "local", isTransient: true } as const;
