import {
  type Outcome,
  type Phase,
  ServiceConnectionError,
  ServiceTimeoutError,
  ServiceUnavailableError,
} from "../../core/errors.ts";
import type { SendTerms } from "./outgoing.ts";
import type { StreamName } from "../dial/socket-errors.ts";

/** The limit of a send passed before a socket had the message; `awaited` says what for. */
export function expiredUnsent(name: StreamName, terms: SendTerms, awaited: string): ServiceTimeoutError {
  return expired(name, terms, { phase: "queue", outcome: "not-sent", awaited });
}

/** The limit of a send passed while a socket had the message. */
export function expiredUnwritten(name: StreamName, terms: SendTerms): ServiceTimeoutError {
  return expired(name, terms, { phase: "send", outcome: "unknown", awaited: "the socket did not take it" });
}

function expired(
  name: StreamName,
  { limit, limitMs }: SendTerms,
  { phase, outcome, awaited }: { readonly phase: Phase; readonly outcome: Outcome; readonly awaited: string },
): ServiceTimeoutError {
  const ms = Math.max(0, limitMs);
  return new ServiceTimeoutError(limit, ms, {
    ...name,
    phase,
    outcome,
    retryable: outcome === "not-sent",
    detail: `the ${limit} limit of ${Math.round(ms)} ms passed: ${awaited}`,
  });
}

/** The connection broke, and nobody knows how much of the message had arrived. */
export function brokenWhileSending(name: StreamName, cause: unknown): ServiceConnectionError {
  return new ServiceConnectionError("reset", {
    ...name,
    phase: "send",
    outcome: "unknown",
    retryable: false,
    detail: "the connection broke while the message was on its way",
    cause,
  });
}

/** A message of `onConnect`, whose connection is gone: it means nothing on another. */
export function setupWithoutConnection(name: StreamName, cause: unknown): ServiceConnectionError {
  return new ServiceConnectionError("not-connected", {
    ...name,
    phase: "queue",
    outcome: "not-sent",
    retryable: true,
    detail: "the connection is gone",
    cause,
  });
}

/** No room: for the one that came, or for one that was there and is dropped for it. */
export function queueFull(
  name: StreamName,
  which: "refused" | "dropped",
  held: { readonly size: number; readonly bytes: number },
): ServiceUnavailableError {
  const full = `the outbox was full (${held.size} messages, ${held.bytes} bytes)`;
  return new ServiceUnavailableError("queue-full", {
    ...name,
    phase: "queue",
    outcome: "not-sent",
    retryable: true,
    detail: which === "refused" ? full : `${full}, and this message was dropped for newer ones`,
  });
}
