import { AsyncLocalStorage } from "node:async_hooks";
import { type Clock, systemClock } from "./clock.ts";
import type { Logger } from "./logger.ts";
import { readTraceContext, type TraceContext } from "./trace-context.ts";

/** What everything called within `withDeadline` inherits. */
export interface DeadlineScope {
  /** Milliseconds left, negative once it has passed; Infinity where no deadline was set. */
  remainingMs(): number;
  /** Any of them ends the calls made within. */
  readonly signals: readonly AbortSignal[];
}

/** What everything called within {@link withRequest} inherits. */
export interface RequestScope extends DeadlineScope {
  /** Takes the lines about the calls made within, instead of the logger of each service. */
  readonly logger: Logger | undefined;
  /** Sent on with the calls made within. */
  readonly trace: TraceContext | undefined;
}

/** What {@link withRequest} takes; whatever is left out is inherited from the scope around it. */
export interface RequestLimits {
  /** Milliseconds from now, above 0, by which all calls made within end. @defaultValue none */
  readonly deadlineMs?: number | undefined;
  /** Ends the calls made within when it aborts; its reason passes through unchanged. */
  readonly signal?: AbortSignal | undefined;
  /** Takes the lines about the calls made within; each names its service. */
  readonly logger?: Logger | undefined;
  /**
   * `traceparent` and `tracestate` of the request (W3C Trace Context), sent on unchanged with every attempt; see the
   * option `propagateTrace`. What is not valid is ignored, as the standard asks, so headers do as they came.
   */
  readonly trace?: TraceHeaders | undefined;
  /** @defaultValue the system's */
  readonly clock?: Clock | undefined;
}

/** Where a trace is read from: two headers of a request, as they came. */
export interface TraceHeaders {
  readonly traceparent?: string | readonly string[] | undefined;
  readonly tracestate?: string | readonly string[] | undefined;
}

interface Stored extends RequestScope {
  /** False outside of every deadline and signal, where only logger and trace are left. */
  readonly isLimited: boolean;
}

const storage = new AsyncLocalStorage<Stored | undefined>();

/**
 * Runs `work` as part of one request: every call made within it, however deep, ends by its deadline and with its
 * signal, writes its lines to its logger, and sends its trace on. Scopes nest: the earlier deadline wins, every signal
 * counts, and the inner logger and trace stand instead of the outer ones.
 *
 * @throws RangeError for a `deadlineMs` that is not a number above 0, TypeError for a `signal` that is none, before
 * `work` begins.
 */
export function withRequest<T>(limits: RequestLimits, work: () => T): T {
  return enter("withRequest", limits, work);
}

/** The scope of {@link withRequest} or `withDeadline` that the running code is in, if any. */
export function currentRequest(): RequestScope | undefined {
  return storage.getStore();
}

/** @internal The same for either name. */
export function enter<T>(asked: string, limits: RequestLimits, work: () => T): T {
  const { deadlineMs, signal, logger, trace, clock = systemClock } = limits;
  if (deadlineMs !== undefined && !(typeof deadlineMs === "number" && deadlineMs > 0)) {
    throw new RangeError(`${asked}: deadlineMs must be a number above 0, not ${String(deadlineMs)}`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`${asked}: signal must be an AbortSignal`);
  }
  const outer = storage.getStore();
  const endsAt = deadlineMs === undefined ? Number.POSITIVE_INFINITY : clock.now() + deadlineMs;
  const scope: Stored = {
    remainingMs: () => Math.min(endsAt - clock.now(), outer?.remainingMs() ?? Number.POSITIVE_INFINITY),
    signals: [...(outer?.signals ?? []), ...(signal === undefined ? [] : [signal])],
    logger: logger ?? outer?.logger,
    trace: readTraceContext(trace?.traceparent, trace?.tracestate) ?? outer?.trace,
    isLimited: true,
  };
  return storage.run(scope, work);
}

/** @internal The scope, where it has limits that a call must keep. */
export function limitedScope(): DeadlineScope | undefined {
  const scope = storage.getStore();
  return scope?.isLimited === true ? scope : undefined;
}

/** @internal Without the limits of any scope, but still as part of the request: its logger and its trace stay. */
export function withoutLimits<T>(work: () => T): T {
  const { logger, trace } = storage.getStore() ?? {};
  const isPlain = logger === undefined && trace === undefined;
  return storage.run(isPlain ? undefined : { ...unlimited, logger, trace }, work);
}

/** @internal As part of no request: for what is shared by many, and outlives the one that happened to begin it. */
export function outsideRequests<T>(work: () => T): T {
  return storage.run(undefined, work);
}

const unlimited = { remainingMs: () => Number.POSITIVE_INFINITY, signals: [], isLimited: false } as const;
