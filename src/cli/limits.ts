import type { Clock } from "../core/clock.ts";
import { CommandFailure } from "./failure.ts";

/** The promise, given up as soon as the signal aborts. @throws The signal's reason. */
export async function untilAborted<T>(promise: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/**
 * Runs `work` with a signal that aborts with `signal`, or when the limit has passed.
 *
 * @param limitMs - milliseconds; undefined for none.
 * @throws CommandFailure when the limit has passed; the reason of `signal`; what the work throws.
 */
export async function within<T>(
  limit: {
    readonly clock: Clock;
    readonly limitMs: number | undefined;
    readonly signal: AbortSignal;
    readonly what: string;
  },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { clock, limitMs, signal, what } = limit;
  if (limitMs === undefined) return work(signal);
  const late = new AbortController();
  const timer = clock.setTimer(limitMs, () =>
    late.abort(new CommandFailure(`${what} did not end within ${limitMs} ms: --timeout gives it more`)),
  );
  try {
    return await work(AbortSignal.any([signal, late.signal]));
  } finally {
    timer.cancel();
  }
}
