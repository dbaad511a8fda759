import { listenToAbort, unlistenToAbort } from "../core/abort-listeners.ts";

/**
 * What `work` comes to, or the reason of the signal as soon as it aborts. The work itself is not ended by that.
 *
 * @throws The signal's reason; whatever `work` throws.
 */
export async function untilAborted<T>(work: PromiseLike<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  listenToAbort(signal, onAbort);
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    unlistenToAbort(signal, onAbort);
  }
}
