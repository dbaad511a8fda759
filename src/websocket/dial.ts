import type { Clock } from "../core/clock.ts";
import { isExternalServiceError, ServiceConfigurationError, ServiceConnectionError } from "../core/errors.ts";
import { headerProblems, type PerAttempt, protocolProblems, type WebSocketSettings } from "./options.ts";
import { type SocketListener, type StreamSocket, WsSocket } from "./transport.ts";

/** One attempt. The signal aborts when it is given up. */
export interface DialContext {
  readonly attempt: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/**
 * Asks the providers and begins the handshake. How that ends, the listener is told.
 *
 * @returns the socket, not yet open; undefined where the attempt was given up meanwhile.
 * @throws ServiceConnectionError where a provider throws; ServiceConfigurationError where it makes what cannot be sent.
 */
export async function dial(
  settings: WebSocketSettings<never>,
  context: DialContext,
  listener: SocketListener,
): Promise<StreamSocket | undefined> {
  const headers = await ask(settings, "headers", settings.headers, headerProblems, context);
  if (typeof settings.protocols === "function") listener.stage("protocols");
  const protocols = await ask(settings, "protocols", settings.protocols, protocolProblems, context);
  if (context.signal.aborted) return undefined;
  const { url, maxPayloadBytes, closeTimeoutMs, tls } = settings;
  const all = withAuthorization(headers, settings);
  return new WsSocket({ url, headers: all, protocols, maxPayloadBytes, closeTimeoutMs, tls }, listener, context.clock);
}

async function ask<T>(
  { name, path }: WebSocketSettings<never>,
  what: "headers" | "protocols",
  source: PerAttempt<T>,
  problemsOf: (value: unknown) => readonly string[],
  { attempt, signal }: DialContext,
): Promise<T> {
  if (typeof source !== "function") return source;
  try {
    const provide = source as (context: { attempt: number; signal: AbortSignal }) => T | Promise<T>;
    const value = await provide({ attempt, signal });
    const problems = problemsOf(value);
    if (problems.length > 0) throw new ServiceConfigurationError(name, problems);
    return value;
  } catch (thrown) {
    if (isExternalServiceError(thrown) && thrown.code === "configuration-invalid") throw thrown;
    // For a passing reason: whoever issues tokens may be back for the next attempt.
    throw new ServiceConnectionError("connect", {
      service: name,
      operation: path,
      phase: "connect",
      outcome: "not-sent",
      retryable: true,
      detail: `the ${what} provider failed`,
      cause: thrown,
    });
  }
}

function withAuthorization(
  given: Readonly<Record<string, string>>,
  { apiKey }: WebSocketSettings<never>,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) if (value !== undefined) headers[name.toLowerCase()] = value;
  if (apiKey !== undefined) headers["authorization"] ??= `Bearer ${apiKey.reveal()}`;
  return headers;
}
