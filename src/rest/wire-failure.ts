import {
  type ConnectionFault,
  type ErrorFacts,
  type Outcome,
  type Phase,
  ServiceConnectionError,
  ServiceTimeoutError,
} from "../core/errors.ts";
import type { Failure } from "../resilience/outcome.ts";
import { misuse } from "./misuse.ts";
import { PrivateAddressError } from "./private-addresses.ts";

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

// A connection that the far side had closed while it lay idle shows in one of three ways, depending on how far its FIN
// or RST had come when the request was written: as its end (UND_ERR_SOCKET), in reading, or in writing. None of them
// says by itself that it was idle before; that it had served, and that no byte of an answer came, the exchange knows.
const brokenCodes = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

const connectTimeout = "UND_ERR_CONNECT_TIMEOUT";

interface WirePlace {
  readonly service: string;
  readonly operation: string;
  readonly phase: Phase;
  readonly isSent: boolean;
}

/** What an error of undici or of the socket says about an attempt. */
export function wireFailure(
  error: Error,
  at: WirePlace & {
    readonly connectTimeoutMs: number;
    /** The connection had served before, and no byte of this answer had come. */
    readonly isStale?: boolean;
  },
): Failure {
  const outcome: Outcome = at.isSent ? "unknown" : "not-sent";
  const phase: Phase = at.isSent ? at.phase : "connect";
  const code = codeOf(error);
  const facts: ErrorFacts = { service: at.service, operation: at.operation, phase, outcome, cause: quiet(error) };

  if (code === connectTimeout) {
    return {
      code: "timeout-connect",
      phase,
      outcome,
      verdict: "fault",
      isTransient: true,
      toError: (more) => new ServiceTimeoutError("connect", at.connectTimeoutMs, { ...facts, ...more }),
    };
  }
  if (error instanceof PrivateAddressError) return blocked(error, facts);
  if (proxyRefusal.test(error.message)) return refusedByProxy(error, facts);
  // Arguments are checked before they get here; what undici alone finds is still the caller's to mend.
  if (callerCodes.has(code)) return at.isSent ? misuseAfterSending(error, code, at) : misuse(at, error.message);
  const fault = faultOf(error, code, at.isSent);
  return {
    code: `connection-${fault}`,
    phase,
    outcome,
    verdict: "fault",
    // A certificate does not mend itself within a call. A host name may.
    isTransient: fault !== "tls",
    ...(at.isStale === true && brokenCodes.has(code) ? { freeReplay: "stale-connection" as const } : {}),
    toError: (more) =>
      new ServiceConnectionError(fault, {
        ...facts,
        ...more,
        detail: isUnaskedContinue(error, code) ? unaskedContinue : `${inWords[fault]}${code ? ` (${code})` : ""}`,
      }),
  };
}

// undici breaks the connection upon a 100 that nobody asked for. Should it say the same of something else one day: of
// an answer under way, it does so for nothing else now.
const isUnaskedContinue = (error: Error, code: string): boolean =>
  code === "UND_ERR_SOCKET" && error.message === "bad response";
const unaskedContinue =
  "the service sent 100 Continue, which nobody had asked for and undici cannot pass over: it gave up the connection";

// undici has no code for either: a 407 to a request that a proxy was to pass on, and any refusal to make a tunnel.
const proxyRefusal = /^Proxy (?:Authentication Required|response) \((\d{3})\)/;

function refusedByProxy(error: Error, facts: ErrorFacts): Failure {
  const status = Number(proxyRefusal.exec(error.message)?.[1]);
  // Whatever was written went to the proxy, which passed nothing on.
  const outcome: Outcome = "not-sent";
  return {
    code: "connection-connect",
    phase: "connect",
    outcome,
    verdict: "fault",
    // 5xx: it did not get through to the service. Anything else is about us, and stays as it is.
    isTransient: status >= 500,
    toError: (more) =>
      new ServiceConnectionError("connect", {
        ...facts,
        ...more,
        phase: "connect",
        detail: `the proxy refused to connect, with status ${status}`,
      }),
  };
}

function blocked({ rule }: PrivateAddressError, facts: ErrorFacts): Failure {
  return {
    code: "connection-blocked",
    phase: "connect",
    outcome: "not-sent",
    verdict: "local",
    isTransient: false,
    toError: (more) =>
      new ServiceConnectionError("blocked", {
        ...facts,
        ...more,
        detail: `blockPrivateAddresses forbids the connection: the host is ${rule}`,
      }),
  };
}

/**
 * What it means that the stream of a request's body failed. Not transient: the network has no part in it, so another
 * attempt would most likely end the same.
 */
export function bodyFailure(
  error: Error,
  at: WirePlace & { readonly isFirst: boolean },
  detail = "the stream of the body failed, and this attempt was given up with it",
): Failure {
  const { service, operation, phase } = at;
  // Wrong configuration says that nothing was sent at all, which after a first attempt is not so.
  if (!at.isSent && at.isFirst) return misuse(at, `the stream of the body cannot be read: ${error.message}`);
  const outcome: Outcome = at.isSent ? "unknown" : "not-sent";
  const facts: ErrorFacts = { service, operation, phase, outcome, cause: error };
  return {
    code: "connection-reset",
    phase,
    outcome,
    verdict: "local",
    isTransient: false,
    toError: (more) => new ServiceConnectionError("reset", { ...facts, ...more, detail }),
  };
}

/** Found only when the request was on its way: by the length of its body, or by who stands in the place of undici. */
function misuseAfterSending(error: Error, code: string, at: WirePlace): Failure {
  const detail = code === "UND_ERR_INVALID_ARG" ? `this attempt was given up: ${error.message}` : undefined;
  return bodyFailure(error, { ...at, isFirst: false }, detail);
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
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  // What undici makes of several addresses where one of them, not the limit, took too long for the system.
  if (code === connectTimeout && cause instanceof AggregateError) return codeOf(cause) || "ETIMEDOUT";
  if (typeof code === "string") return code;
  // Several addresses were tried (RFC 8305); each has its own error.
  return error instanceof AggregateError && error.errors[0] instanceof Error ? codeOf(error.errors[0]) : "";
}

// undici's parser error carries the bytes that it choked on, which `inspect` would print with the cause.
function quiet(error: Error): Error {
  if ("data" in error) Object.defineProperty(error, "data", { enumerable: false });
  return error;
}
