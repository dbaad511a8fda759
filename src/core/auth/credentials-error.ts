import {
  type ExternalServiceError,
  isExternalServiceError,
  isServiceConnectionError,
  isServiceRateLimitError,
  isServiceResponseError,
  isServiceTimeoutError,
  ServiceResponseError,
} from "../errors.ts";

/** Credentials could not be had. Internal: a call that fails for it ends with a ServiceUnavailableError. */
export class CredentialsError extends Error {
  /** `misuse`: whoever wrote the call or the options has to mend it. */
  readonly kind: "transient" | "permanent" | "misuse";
  /** How long whoever gives them asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  /** @param what - completes "no credentials:"; holds no secret. */
  constructor(
    what: string,
    facts: {
      readonly kind: CredentialsError["kind"];
      readonly retryAfterMs?: number | undefined;
      readonly cause?: unknown;
    },
  ) {
    super(what, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.kind = facts.kind;
    this.retryAfterMs = facts.retryAfterMs;
  }
}

// 408, 425 and 429 ask for a repetition, and after a 5xx a token may be asked for again without any harm.
const isTransientStatus = (status: number): boolean => [408, 425, 429].includes(status) || status >= 500;

/**
 * What it means for a call that its credentials could not be had.
 *
 * @param whence - who was to give them: "the token endpoint".
 * @param said - goes behind the status of an answer, and is not in the answer's own words: they may hold anything.
 */
export function credentialsErrorOf(error: unknown, whence: string, said = ""): CredentialsError {
  if (error instanceof CredentialsError) return error;
  // A rate gate of ours has no answer, and no status.
  const status = isServiceResponseError(error) || isServiceRateLimitError(error) ? error.status : undefined;
  if (isExternalServiceError(error) && status !== undefined) {
    const { retryAfterMs } = error;
    const kind = isTransientStatus(status) ? "transient" : "permanent";
    const cause = withoutBody(error, status);
    return new CredentialsError(`${whence} answered ${status}${said}`, { kind, retryAfterMs, cause });
  }
  if (isExternalServiceError(error)) {
    const isTransient =
      (isServiceConnectionError(error) && error.fault !== "tls") || isServiceTimeoutError(error) || error.retryable;
    const kind = isTransient ? "transient" : "permanent";
    return new CredentialsError(`${whence} failed (${error.code}${systemCodeOf(error.cause)})`, { kind, cause: error });
  }
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  const kind = typeof code === "string" ? code : typeof name === "string" ? name : typeof error;
  // Somebody else's failure, most likely one of the network; and nothing was sent, so another attempt does no harm.
  return new CredentialsError(`${whence} failed (${kind})`, { kind: "transient", cause: error });
}

/** What the system or OpenSSL says of a connection: CERT_HAS_EXPIRED, ECONNREFUSED. */
function systemCodeOf(cause: unknown): string {
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  return typeof code === "string" && /^[A-Z][A-Z0-9_]*$/.test(code) ? `: ${code}` : "";
}

/** The answer of a token endpoint may echo what it was sent, and a caller may well log the causes of an error. */
function withoutBody({ service, operation }: ExternalServiceError, status: number): ServiceResponseError {
  const facts = { service, operation, phase: "headers", outcome: "rejected" } as const;
  return new ServiceResponseError({ ...facts, status, headers: {}, body: undefined });
}
