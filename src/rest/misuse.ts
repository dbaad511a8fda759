import { ServiceConfigurationError } from "../core/errors.ts";
import type { Failure } from "../resilience/outcome.ts";

/** The failure of an attempt that whoever wrote the call or the options has to mend; nothing of it was sent. */
export function misuse(at: { readonly service: string; readonly operation: string }, problem: string): Failure {
  return {
    code: "configuration-invalid",
    phase: "configure",
    outcome: "not-sent",
    verdict: "local",
    isTransient: false,
    toError: () => new ServiceConfigurationError(at.service, [`${at.operation}: ${problem}`]),
  };
}
