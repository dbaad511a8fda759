import type { Clock } from "./clock.ts";
import { type DeadlineScope, enter, limitedScope, withoutLimits } from "./request-scope.ts";

/**
 * Runs `work` so that every call made within it, however deep, ends by one absolute deadline and with one signal.
 * Scopes nest: the earlier deadline wins, and every signal counts. A call's own `deadlineMs` can only shorten it.
 * `withRequest` does the same with a logger and a trace beside them.
 *
 * @param limits - `deadlineMs`: milliseconds from now, above 0, none by default. `signal`: ends the calls when it
 * aborts; its reason passes through unchanged. `clock`: the system's by default.
 */
export function withDeadline<T>(
  limits: { readonly deadlineMs?: number; readonly signal?: AbortSignal; readonly clock?: Clock },
  work: () => T,
): T {
  const { deadlineMs, signal, clock } = limits;
  return enter("withDeadline", { deadlineMs, signal, clock }, work);
}

/**
 * Runs `work` outside of every deadline and signal: for what a request begins and what must outlive it, such as a
 * notification that is sent after the answer. Its calls have their own deadlines, and nobody's signal ends them; the
 * logger and the trace are still those of the request.
 */
export function withoutDeadline<T>(work: () => T): T {
  return withoutLimits(work);
}

/** The limits that the running code is under, if any. */
export function currentDeadline(): DeadlineScope | undefined {
  return limitedScope();
}
