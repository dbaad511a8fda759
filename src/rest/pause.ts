import { listenToAbort, unlistenToAbort } from "../core/abort-listeners.ts";
import type { Clock } from "../core/clock.ts";
import { currentDeadline } from "../core/deadline.ts";

/** Ends a wait before its time; its reason is what the wait then rejects with. */
export type Enders = readonly (AbortSignal | undefined)[];

/** Every signal that a call made here would end by. */
export function signalsHere(...signals: Enders): AbortSignal[] {
  return [...(currentDeadline()?.signals ?? []), ...signals.filter((signal) => signal !== undefined)];
}

/** Waits between two calls. @throws The reason of the signal that aborts first, unchanged. */
export async function pause(clock: Clock, delayMs: number, signals: readonly AbortSignal[]): Promise<void> {
  for (const signal of signals) signal.throwIfAborted();
  const over = Promise.withResolvers<void>();
  // The caller's own abort reason may be anything.
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors
  const onAbort = ({ reason }: AbortSignal): void => over.reject(reason);
  for (const signal of signals) listenToAbort(signal, onAbort);
  const timer = clock.setTimer(delayMs, over.resolve);
  try {
    await over.promise;
  } finally {
    timer.cancel();
    for (const signal of signals) unlistenToAbort(signal, onAbort);
  }
}
