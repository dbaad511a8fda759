import {
  type ExternalServiceError,
  ServiceConnectionError,
  ServiceDecodeError,
  ServiceTimeoutError,
  ServiceUnavailableError,
} from "../core/errors.ts";
import type { AttemptStep, ConnectionSettings, DialStage } from "./connection-model.ts";

const awaitedAt: Record<DialStage, string> = {
  headers: "the headers provider",
  protocols: "the protocols provider",
  name: "the host name",
  tcp: "the TCP connection",
  tls: "the TLS handshake",
  upgrade: "the answer to the upgrade request",
};

/** One attempt took too long; says what it was waiting for. */
export function connectTimeout(settings: ConnectionSettings, step: AttemptStep): ServiceTimeoutError {
  const { service, operation, connectTimeoutMs } = settings;
  const awaited = step.at === "dialing" ? awaitedAt[step.stage] : "onConnect";
  const isOpening = step.at !== "dialing" || step.stage === "upgrade";
  return new ServiceTimeoutError("connect", connectTimeoutMs, {
    service,
    operation,
    phase: isOpening ? "open" : "connect",
    outcome: "not-sent",
    retryable: true,
    detail: `the connect limit of ${connectTimeoutMs} ms passed while waiting for ${awaited}`,
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

/** The stream has failed for good; a message cannot go out. */
export function sendAfterFailure(service: string, cause: ExternalServiceError): ServiceConnectionError {
  return new ServiceConnectionError("not-connected", {
    service,
    operation: "send",
    phase: "send",
    outcome: "not-sent",
    detail: `the stream has failed (${cause.code}) and is not dialled again until connect() is called`,
    cause,
  });
}

/** The service was closed while a message waited. */
export function sendAtClose(service: string): ServiceUnavailableError {
  return new ServiceUnavailableError("draining", {
    service,
    operation: "send",
    phase: "close",
    outcome: "not-sent",
    detail: "the service was closed before the message could be sent",
  });
}

/** The codec threw. */
export function undecodable(service: string, operation: string, cause: unknown): ServiceDecodeError {
  return new ServiceDecodeError("encoding", {
    service,
    operation,
    phase: "decode",
    outcome: "accepted",
    detail: "a message could not be decoded, and was dropped",
    cause,
  });
}
