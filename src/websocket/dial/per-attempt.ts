import { isServiceConfigurationError, ServiceConfigurationError, ServiceConnectionError } from "../../core/errors.ts";
import type { StreamName } from "./socket-errors.ts";

/** One attempt, as those see it who compute something for it. */
export interface AttemptContext {
  /** Counts from 1 in each outage. */
  readonly attempt: number;
  /** Counts the endpoints that were tried in this outage, from 0, and goes on after the last: take it modulo. */
  readonly endpoint: number;
  /** Credentials were refused, and no connection was stable since: what is kept of them is to be fetched anew. */
  readonly isRenewed: boolean;
  /** Aborts when the attempt is over: the connection is ready, or has failed; its limit, `close()`. */
  readonly signal: AbortSignal;
}

/** A value, or what computes it for each attempt, within the attempt's limit. */
export type PerAttempt<T> = T | ((context: AttemptContext) => T | Promise<T>);

/** Whether it has to be asked for. */
export function isComputed<T>(source: PerAttempt<T>): source is (context: AttemptContext) => T | Promise<T> {
  return typeof source === "function";
}

/**
 * The value for an attempt. What was given as it is was checked when it was given; what is computed is checked here.
 *
 * @param what - the option: "headers".
 * @throws ServiceConnectionError where the provider throws, ServiceConfigurationError where it gives what cannot be
 * used, the signal's reason where that aborts first.
 */
export async function valueFor<T>(
  { service, operation }: StreamName,
  what: string,
  source: PerAttempt<T>,
  problemsOf: (value: unknown) => readonly string[],
  { attempt, endpoint, isRenewed, signal }: AttemptContext,
): Promise<T> {
  if (!isComputed(source)) return source;
  try {
    const value = await unlessAborted(signal, () => source({ attempt, endpoint, isRenewed, signal }));
    const problems = problemsOf(value);
    if (problems.length > 0) throw new ServiceConfigurationError(service, problems);
    return value;
  } catch (thrown) {
    if (signal.aborted || isServiceConfigurationError(thrown)) throw thrown;
    // For a passing reason: whoever issues tokens may be back for the next attempt.
    throw new ServiceConnectionError("connect", {
      service,
      operation,
      phase: "connect",
      outcome: "not-sent",
      retryable: true,
      detail: `the ${what} provider failed`,
      cause: thrown,
    });
  }
}

/**
 * Waits for it as long as the signal lets us: what never settles ends with the signal.
 *
 * @throws the signal's reason.
 */
export async function unlessAborted<T>(signal: AbortSignal, begin: () => T | Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const run = async (): Promise<T> => begin();
  try {
    return await Promise.race([run(), aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
