import {
  type ConnectionFault,
  type ExternalServiceError,
  ServiceConnectionError,
  ServiceRateLimitError,
  ServiceResponseError,
} from "../core/errors.ts";
import { parseRetryAfter } from "../resilience/retry-after.ts";
import { describeCloseCode, judgeCloseCode, judgeStatus } from "./close-codes.ts";
import type { SocketEnd } from "./transport.ts";

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
    retryable: judgeStatus(status) !== "fatal",
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
  return new ServiceConnectionError(fault, {
    ...about,
    phase: "connect",
    outcome: "not-sent",
    // A certificate does not mend itself by being looked at again.
    retryable: !certificateCodes.test(code),
    detail: `${inWords[fault]} (${code === "" ? error.message : code})`,
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
    retryable: judgeCloseCode(end.code) !== "fatal",
    closeCode: end.code,
    // Kept off the message: it is the peer's text.
    closeReason: end.reason,
    detail: `the service closed the connection with ${describeCloseCode(end.code)}`,
  });
}
