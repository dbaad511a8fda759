import { type DecodeFault, type Phase, ServiceDecodeError } from "../core/errors.ts";
import type { Failure } from "../resilience/outcome.ts";

/** An answer that came, and cannot be used. Not transient: the same answer would come again. */
export function decodeFailure(
  fault: DecodeFault,
  at: { readonly service: string; readonly operation: string; readonly phase: Phase; readonly status: number },
  detail: string,
): Failure {
  const { service, operation, phase, status } = at;
  return {
    code: `decode-${fault}`,
    phase,
    outcome: status < 300 ? "accepted" : "rejected",
    verdict: "healthy",
    isTransient: false,
    status,
    toError: (facts) => new ServiceDecodeError(fault, { service, operation, phase, ...facts, status, detail }),
  };
}
