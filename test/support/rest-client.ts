import { type ExternalServiceError, isExternalServiceError } from "../../src/core/errors.ts";
import { type Logger, type LogMethod, silentLogger } from "../../src/core/logger.ts";
import type { RESTServiceOptions } from "../../src/rest/options.ts";
import { RESTService } from "../../src/rest/rest-service.ts";

/** A service with no methods of its own. */
export class Payments extends RESTService {}

/** A service that is not started. Its retries wait no time: the random number is always 0. */
export function payments(server: { readonly url: string }, options: Partial<RESTServiceOptions> = {}): Payments {
  return new Payments({ baseUrl: server.url, name: "payments", logger: silentLogger, random: () => 0, ...options });
}

/** A service that is ready. */
export async function startedPayments(
  server: { readonly url: string },
  options: Partial<RESTServiceOptions> = {},
): Promise<Payments> {
  return payments(server, options).connect();
}

/** The error of ours that a call ends with. */
export async function failureOf<E extends ExternalServiceError>(
  call: Promise<unknown>,
  isExpected: (error: unknown) => error is E,
): Promise<E> {
  const error = await reasonOf(call);
  if (isExpected(error)) return error;
  throw new Error("the call failed otherwise than expected", { cause: error });
}

/** Any error of ours that a call ends with. */
export async function anyFailureOf(call: Promise<unknown>): Promise<ExternalServiceError> {
  return failureOf(call, isExternalServiceError);
}

/** Whatever a call rejects with. */
export async function reasonOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error("the call succeeded, and should not have");
}

export interface LogEntry {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A logger that keeps what it is told. */
export function logbook(isDebugEnabled = true): { readonly logger: Logger; readonly entries: readonly LogEntry[] } {
  const entries: LogEntry[] = [];
  const method =
    (level: string): LogMethod =>
    (fields, message) =>
      void entries.push({ level, fields, message });
  const logger: Logger = {
    debug: method("debug"),
    info: method("info"),
    warn: method("warn"),
    error: method("error"),
    child: () => logger,
    isLevelEnabled: (level) => isDebugEnabled || level !== "debug",
  };
  return { logger, entries };
}
