import {
  type ExternalServiceError,
  isExternalServiceError,
  ServiceConnectionError,
  ServiceDecodeError,
  ServiceTimeoutError,
  ServiceUnavailableError,
} from "../../core/errors.ts";
import type { StreamName } from "../dial/socket-errors.ts";
import type { AttemptStep, ConnectionSettings, DialStage } from "./connection-model.ts";
import { UndecodableMessage } from "../codecs/undecodable-message.ts";

const awaitedAt: Record<DialStage, string> = {
  turn: "its turn to dial",
  endpoint: "the endpoint provider",
  auth: "the credentials",
  headers: "the headers provider",
  protocols: "the protocols provider",
  name: "the host name",
  tcp: "the TCP connection",
  proxy: "the proxy's answer",
  tls: "the TLS handshake",
  upgrade: "the answer to the upgrade request",
};

// Who waits for an answer that lies behind what nobody has taken yet waits in vain.
const whilePaused =
  "; reading is paused, since more came before they were done than the inbox keeps: raise inbox.maxMessages and " +
  "inbox.maxBytes, or have the service send it later";

/** One attempt took too long; says what it was waiting for. */
export function connectTimeout(
  settings: ConnectionSettings,
  step: AttemptStep,
  isReadingPaused = false,
): ServiceTimeoutError {
  const { service, operation, connectTimeoutMs } = settings;
  const awaited = step.at === "dialing" ? awaitedAt[step.stage] : "onConnect and the subscriptions";
  const isOpening = step.at !== "dialing" || step.stage === "upgrade";
  return new ServiceTimeoutError("connect", connectTimeoutMs, {
    service,
    operation,
    phase: isOpening ? "open" : "connect",
    outcome: "not-sent",
    retryable: true,
    detail: `the connect limit of ${connectTimeoutMs} ms passed while waiting for ${awaited}${isReadingPaused ? whilePaused : ""}`,
  });
}

/** The peer is dead, or the network in between. */
export function pongTimeout({ service, operation }: ConnectionSettings, timeoutMs: number): ServiceTimeoutError {
  return new ServiceTimeoutError("pong", timeoutMs, {
    service,
    operation,
    phase: "receive",
    outcome: "unknown",
    retryable: true,
    detail: `no byte came within ${timeoutMs} ms of a ping`,
  });
}

/** `onConnect` threw. */
export function prepareFailure({ service, operation }: ConnectionSettings, thrown: unknown): ServiceConnectionError {
  return new ServiceConnectionError("not-connected", {
    service,
    operation,
    phase: "open",
    outcome: "not-sent",
    retryable: true,
    detail: "onConnect failed, so the connection was given up",
    cause: thrown,
  });
}

/** Fetching what was missing took too long. */
export function fillTimeout(about: StreamName, limitMs: number): ServiceTimeoutError {
  return new ServiceTimeoutError("answer", limitMs, {
    ...about,
    phase: "receive",
    outcome: "unknown",
    detail: `resume.fill did not fetch what was missing within ${limitMs} ms`,
  });
}

/** The start limit passed before any attempt had come to an end. */
export function startTimeout({ service, operation, startTimeoutMs }: ConnectionSettings): ServiceTimeoutError {
  return new ServiceTimeoutError("start", startTimeoutMs, {
    service,
    operation,
    phase: "start",
    outcome: "not-sent",
    retryable: true,
  });
}

/** What making a socket threw. */
export function undialled({ service, operation }: ConnectionSettings, thrown: unknown): ExternalServiceError {
  if (isExternalServiceError(thrown)) return thrown;
  // `ws` and Node refuse a target by throwing; options are checked before, so it is rare, and it stays as it is.
  return new ServiceConnectionError("connect", {
    service,
    operation,
    phase: "connect",
    outcome: "not-sent",
    retryable: false,
    cause: thrown,
  });
}

/** For what was still owed on a connection that another has replaced. */
export function replaced({ service, operation }: ConnectionSettings): ServiceConnectionError {
  return new ServiceConnectionError("closed", {
    service,
    operation,
    phase: "close",
    outcome: "unknown",
    detail: "another connection has taken its place",
  });
}

/** The stream has failed for good; nothing can come or go. */
export function streamFailed(about: StreamName, cause: ExternalServiceError): ServiceConnectionError {
  return new ServiceConnectionError("not-connected", {
    ...about,
    phase: "send",
    outcome: "not-sent",
    detail: `the stream has failed (${cause.code}) and is not dialled again until connect() is called`,
    cause,
  });
}

/** The service was closed while something waited. @param awaited - what was to happen first, after "before". */
export function streamClosed(about: StreamName, awaited: string): ServiceUnavailableError {
  return new ServiceUnavailableError("draining", {
    ...about,
    phase: "close",
    outcome: "not-sent",
    detail: `the service was closed before ${awaited}`,
  });
}

/** The codec threw. */
export function undecodable(service: string, operation: string, cause: unknown): ServiceDecodeError {
  const facts = { service, operation, phase: "decode", outcome: "accepted" } as const;
  if (cause instanceof UndecodableMessage) {
    const { fault, message, issues } = cause;
    return new ServiceDecodeError(fault, { ...facts, detail: message, issues, cause: cause.cause });
  }
  const detail = "a message could not be decoded, and was dropped";
  return new ServiceDecodeError("encoding", { ...facts, detail, cause });
}
