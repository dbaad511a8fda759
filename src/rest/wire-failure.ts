import {
  type ConnectionFault,
  type ErrorFacts,
  type Outcome,
  type Phase,
  ServiceConfigurationError,
  ServiceConnectionError,
  ServiceTimeoutError,
} from "../core/errors.ts";
import type { Failure } from "../resilience/outcome.ts";

const dnsCodes = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "EAI_NODATA", "EAI_NONAME"]);

// What Node calls a certificate that does not verify (OpenSSL's X509 verify codes).
const certificateCodes =
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_|EPROTO$)/;

// What the caller asked for and undici does not do: `expect`, a content-length that is not that of the body.
const callerCodes = new Set(["UND_ERR_INVALID_ARG", "UND_ERR_NOT_SUPPORTED", "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH"]);

// The far side answered with something that is not HTTP, or not the answer it announced.
const protocolCodes = new Set([
  "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
  "UND_ERR_HEADERS_OVERFLOW",
  "UND_ERR_RES_EXCEEDED_MAX_SIZE",
]);

interface WirePlace {
  readonly service: string;
  readonly operation: string;
  readonly phase: Phase;
  readonly isSent: boolean;
}

/** What an error of undici or of the socket says about an attempt. */
export function wireFailure(error: Error, at: WirePlace & { readonly connectTimeoutMs: number }): Failure {
  const outcome: Outcome = at.isSent ? "unknown" : "not-sent";
  const phase: Phase = at.isSent ? at.phase : "connect";
  const code = codeOf(error);
  const facts: ErrorFacts = { service: at.service, operation: at.operation, phase, outcome, cause: quiet(error) };

  if (code === "UND_ERR_CONNECT_TIMEOUT") {
    return {
      code: "timeout-connect",
      phase,
      outcome,
      verdict: "fault",
      isTransient: true,
      toError: (more) => new ServiceTimeoutError("connect", at.connectTimeoutMs, { ...facts, ...more }),
    };
  }
  // Arguments are checked before they get here; what undici alone finds is still the caller's to mend.
  if (callerCodes.has(code))
    return at.isSent ? bodyFailure(error, { ...at, isFirst: false }) : misuse(at, error.message);
  const fault = faultOf(error, code, at.isSent);
  return {
    code: `connection-${fault}`,
    phase,
    outcome,
    verdict: "fault",
    // A certificate does not mend itself within a call. A host name may.
    isTransient: fault !== "tls",
    toError: (more) =>
      new ServiceConnectionError(fault, { ...facts, ...more, detail: `${inWords[fault]}${code ? ` (${code})` : ""}` }),
  };
}

/**
 * What it means that the stream of a request's body failed. Not transient: the network has no part in it, so another
 * attempt would most likely end the same.
 */
export function bodyFailure(error: Error, at: WirePlace & { readonly isFirst: boolean }): Failure {
  const { service, operation, phase } = at;
  // Wrong configuration says that nothing was sent at all, which after a first attempt is not so.
  if (!at.isSent && at.isFirst) return misuse(at, `the stream of the body cannot be read: ${error.message}`);
  const outcome: Outcome = at.isSent ? "unknown" : "not-sent";
  const facts: ErrorFacts = { service, operation, phase, outcome, cause: error };
  const detail = "the stream of the body failed, and this attempt was given up with it";
  return {
    code: "connection-reset",
    phase,
    outcome,
    verdict: "local",
    isTransient: false,
    toError: (more) => new ServiceConnectionError("reset", { ...facts, ...more, detail }),
  };
}

function misuse(at: WirePlace, problem: string): Failure {
  return {
    code: "configuration-invalid",
    phase: "configure",
    outcome: "not-sent",
    verdict: "local",
    isTransient: false,
    toError: () => new ServiceConfigurationError(at.service, [`${at.operation}: ${problem}`]),
  };
}

function faultOf(error: Error, code: string, isSent: boolean): ConnectionFault {
  if (error.name === "HTTPParserError" || protocolCodes.has(code)) return "protocol";
  // In TLS 1.3 the service refuses our certificate only after the handshake, when the request is on its way.
  if (certificateCodes.test(code)) return "tls";
  if (isSent) return "reset";
  return dnsCodes.has(code) ? "dns" : "connect";
}

const inWords: Partial<Record<ConnectionFault, string>> = {
  dns: "the host name could not be resolved",
  connect: "no connection could be made",
  tls: "the TLS handshake failed",
  reset: "the connection broke before the answer was complete",
  protocol: "the answer is not valid HTTP",
};

function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  if (typeof code === "string") return code;
  // Several addresses were tried (RFC 8305); each has its own error.
  return error instanceof AggregateError && error.errors[0] instanceof Error ? codeOf(error.errors[0]) : "";
}

// undici's parser error carries the bytes that it choked on, which `inspect` would print with the cause.
function quiet(error: Error): Error {
  if ("data" in error) Object.defineProperty(error, "data", { enumerable: false });
  return error;
}
