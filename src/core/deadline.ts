import { AsyncLocalStorage } from "node:async_hooks";
import { type Clock, systemClock } from "./clock.ts";

/** What everything called within {@link withDeadline} inherits. */
export interface DeadlineScope {
  /** Milliseconds left, negative once it has passed; Infinity where no deadline was set. */
  remainingMs(): number;
  /** Any of them ends the calls made within. */
  readonly signals: readonly AbortSignal[];
}

const storage = new AsyncLocalStorage<DeadlineScope | undefined>();

/**
 * Runs `work` so that every call made within it, however deep, ends by one absolute deadline and with one signal.
 * Scopes nest: the earlier deadline wins, and every signal counts. A call's own `deadlineMs` can only shorten it.
 *
 * @param limits - `deadlineMs`: milliseconds from now, above 0, none by default. `signal`: ends the calls when it
 * aborts; its reason passes through unchanged. `clock`: the system's by default.
 */
export function withDeadline<T>(
  limits: { readonly deadlineMs?: number; readonly signal?: AbortSignal; readonly clock?: Clock },
  work: () => T,
): T {
  const { deadlineMs, signal, clock = systemClock } = limits;
  if (deadlineMs !== undefined && !(typeof deadlineMs === "number" && deadlineMs > 0)) {
    throw new RangeError(`withDeadline: deadlineMs must be a number above 0, not ${String(deadlineMs)}`);
  }
  const outer = storage.getStore();
  const endsAt = deadlineMs === undefined ? Number.POSITIVE_INFINITY : clock.now() + deadlineMs;
  return storage.run(
    {
      remainingMs: () => Math.min(endsAt - clock.now(), outer?.remainingMs() ?? Number.POSITIVE_INFINITY),
      signals: [...(outer?.signals ?? []), ...(signal === undefined ? [] : [signal])],
    },
    work,
  );
}

/**
 * Runs `work` outside of every {@link withDeadline}: for what a request begins and what must outlive it, such as a
 * notification that is sent after the answer. Its calls have their own deadlines, and nobody's signal ends them.
 */
export function withoutDeadline<T>(work: () => T): T {
  return storage.run(undefined, work);
}

/** The scope that the running code is in, if any. */
export function currentDeadline(): DeadlineScope | undefined {
  return storage.getStore();
}
