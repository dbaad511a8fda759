import { ServiceUnavailableError } from "../../core/errors.ts";
import type { CredentialsError } from "../../core/auth/credentials-error.ts";
import type { Failure } from "../../resilience/outcome.ts";
import { misuse } from "../misuse.ts";

/** The failure of an attempt whose credentials could not be had; nothing of it was sent. */
export function credentialsFailure(
  error: CredentialsError,
  about: { readonly service: string; readonly operation: string },
): Failure {
  const { service, operation } = about;
  const { kind, retryAfterMs } = error;
  if (kind === "misuse") return misuse(about, error.message);
  const at = { service, operation, phase: "auth", outcome: "not-sent" } as const;
  return {
    code: "unavailable-no-credentials",
    phase: at.phase,
    outcome: at.outcome,
    // Of the service itself this says nothing: its breaker must not open because a token endpoint is down.
    verdict: "local",
    isTransient: kind === "transient",
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    toError: (facts) =>
      new ServiceUnavailableError("no-credentials", {
        ...at,
        ...facts,
        retryAfterMs,
        cause: error.cause,
        detail: `no credentials: ${error.message}`,
      }),
  };
}
