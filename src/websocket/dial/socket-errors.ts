import {
  type ConnectionFault,
  type ExternalServiceError,
  ServiceConnectionError,
  ServiceRateLimitError,
  ServiceResponseError,
} from "../../core/errors.ts";
import { parseRetryAfter } from "../../resilience/retry-after.ts";
import { describeCloseCode, isPassing, judgeCloseCode, judgeStatus } from "../connection/close-codes.ts";
import type { SocketEnd } from "../transport.ts";

/** Which stream an error is about. */
export interface StreamName {
  readonly service: string;
  /** The path, without query. */
  readonly operation: string;
}

/** The typed error for the end of a socket. */
export function socketError(end: SocketEnd, about: StreamName, wallNow: number): ExternalServiceError {
  switch (end.kind) {
    case "refused":
      return refusal(end, about, wallNow);
    case "failed":
      return end.wasOpen ? frameFault(end.error, about) : dialFault(end.error, about);
    case "closed":
      return closure(end, about);
  }
}

function refusal(
  { status, headers, body }: Extract<SocketEnd, { kind: "refused" }>,
  about: StreamName,
  wallNow: number,
): ExternalServiceError {
  const retryAfterMs = parseRetryAfter(headers["retry-after"], wallNow);
  const facts = {
    ...about,
    phase: "open",
    outcome: "rejected",
    retryable: isPassing(judgeStatus(status)),
    retryAfterMs,
    status,
    headers,
    body: parsed(body, headers["content-type"]),
  } as const;
  if (status === 429) {
    const retryAt = retryAfterMs === undefined ? undefined : new Date(wallNow + retryAfterMs);
    return new ServiceRateLimitError({ ...facts, retryAt });
  }
  const hint = status >= 300 && status < 400 ? "; redirects are not followed: point the base URL at their goal" : "";
  return new ServiceResponseError({ ...facts, detail: `the service refused the upgrade with ${status}${hint}` });
}

function parsed(body: string, type: string | readonly string[] | undefined): unknown {
  if (typeof type !== "string" || !/\bjson\b/i.test(type)) return body;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}

const dnsCodes = /^(?:ENOTFOUND|EAI_)/;
// What Node calls a certificate that does not verify (OpenSSL's X509 verify codes).
const certificateCodes =
  /^(?:CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_|ERR_TLS_CERT_)/;
const tlsCodes = /^(?:ERR_TLS_|ERR_SSL_|EPROTO$)/;

function dialFault(error: Error, about: StreamName): ServiceConnectionError {
  const code = codeOf(error);
  const fault = faultOf(code);
  // Where there is an answer, however wrong, there is a connection.
  return connectFault(fault, inWords[fault], error, about, fault === "protocol" ? "open" : "connect");
}

/** The proxy could not be reached, or did not speak as one. */
export function proxyFault(error: Error, about: StreamName): ServiceConnectionError {
  const fault = faultOf(codeOf(error));
  return connectFault(fault, ofProxyInWords[fault], error, about);
}

/** The tunnel was made, and the TLS handshake with the service through it failed. */
export function tunnelFault(error: Error, about: StreamName): ServiceConnectionError {
  const fault = faultOf(codeOf(error));
  // Whatever broke off here, it was within that handshake.
  return connectFault(fault === "protocol" ? "tls" : fault, "the TLS handshake through the proxy failed", error, about);
}

/** The proxy answered, and made no tunnel. */
export function proxyRefusal(
  { status, retryAfter }: { readonly status: number; readonly retryAfter: string | undefined },
  about: StreamName,
  wallNow: number,
): ServiceConnectionError {
  // Of the service itself this says nothing: its credentials are none of the proxy's, and a 401 is as final as a 407.
  const hint = status === 407 ? "; check user and password in the URL of the proxy" : "";
  return new ServiceConnectionError("connect", {
    service: about.service,
    operation: about.operation,
    phase: "connect",
    outcome: "not-sent",
    retryable: isPassing(judgeStatus(status)),
    retryAfterMs: parseRetryAfter(retryAfter, wallNow),
    detail: `the proxy refused to connect, with status ${status}${hint}`,
    cause: Object.assign(new Error(`the proxy answered ${status}`), { code: "ERR_PROXY_REFUSED", status }),
  });
}

function connectFault(
  fault: keyof typeof inWords,
  what: string,
  error: Error,
  about: StreamName,
  phase: "connect" | "open" = "connect",
): ServiceConnectionError {
  const code = codeOf(error);
  return new ServiceConnectionError(fault, {
    service: about.service,
    operation: about.operation,
    phase,
    outcome: "not-sent",
    // A certificate does not mend itself by being looked at again.
    retryable: !certificateCodes.test(code),
    detail: `${what} (${code === "" ? error.message : code})`,
    cause: error,
  });
}

const inWords: Readonly<Record<"dns" | "connect" | "tls" | "reset" | "protocol", string>> = {
  dns: "the host name could not be resolved",
  connect: "no connection could be made",
  tls: "the TLS handshake failed",
  reset: "the connection broke before the upgrade was answered",
  protocol: "the answer to the upgrade request is not valid",
};

const ofProxyInWords: typeof inWords = {
  dns: "the host name of the proxy could not be resolved",
  connect: "no connection to the proxy could be made",
  tls: "the TLS handshake with the proxy failed",
  reset: "the proxy broke off before it had made a tunnel",
  protocol: "what the proxy answered is not valid",
};

function faultOf(code: string): keyof typeof inWords & ConnectionFault {
  if (dnsCodes.test(code)) return "dns";
  if (certificateCodes.test(code) || tlsCodes.test(code)) return "tls";
  if (code === "ECONNRESET" || code === "EPIPE") return "reset";
  // What ws itself objects to (a wrong Sec-WebSocket-Accept, say) has no code; the HTTP parser's begin with HPE.
  if (code === "" || code.startsWith("HPE_")) return "protocol";
  return "connect";
}

function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  if (typeof code === "string") return code;
  // Several addresses were tried (RFC 8305); each has its own error.
  return error instanceof AggregateError && error.errors[0] instanceof Error ? codeOf(error.errors[0]) : "";
}

function frameFault(error: Error, about: StreamName): ServiceConnectionError {
  return new ServiceConnectionError("protocol", {
    ...about,
    phase: "receive",
    outcome: "unknown",
    retryable: true,
    detail: `a frame of the service is not valid: ${error.message}`,
    cause: error,
  });
}

function closure(end: Extract<SocketEnd, { kind: "closed" }>, about: StreamName): ServiceConnectionError {
  const facts = { ...about, phase: "receive", outcome: "unknown", cause: end.error } as const;
  if (end.code === 1006) {
    return new ServiceConnectionError("reset", {
      ...facts,
      retryable: true,
      closeCode: end.code,
      detail: "the connection broke without a Close frame",
    });
  }
  return new ServiceConnectionError("closed", {
    ...facts,
    retryable: isPassing(judgeCloseCode(end.code)),
    closeCode: end.code,
    // Kept off the message: it is the peer's text.
    closeReason: end.reason,
    detail: `the service closed the connection with ${describeCloseCode(end.code)}`,
  });
}
