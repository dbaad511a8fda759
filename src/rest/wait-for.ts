import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Clock } from "../core/clock.ts";
import { currentDeadline, withDeadline } from "../core/deadline.ts";
import {
  type ExternalServiceError,
  isExternalServiceError,
  isServiceConfigurationError,
  isServiceTimeoutError,
  ServiceConfigurationError,
  ServiceWaitError,
  type WaitReason,
} from "../core/errors.ts";
import { OptionReader } from "../core/options.ts";
import { isSchema } from "../core/schema.ts";
import type { Caller } from "./caller.ts";
import { pause, signalsHere } from "./pause.ts";
import { retryAfterOf } from "./rate-limit-headers.ts";
import type { CallOptions } from "./request.ts";
import type { ServiceResponse } from "./response.ts";
import { ServiceCall } from "./service-call.ts";

/** One answer that was seen on the way. */
export interface Polled<T> {
  readonly value: T;
  /** How often it was asked, with this time. */
  readonly polls: number;
  /** The answer that the value comes from; undefined where a function of yours made more of it than one call. */
  readonly response: ServiceResponse | undefined;
}

/** What is waited for, and how often it is asked. Durations are milliseconds, above 0. */
export interface WaitOptions<T> {
  /** Whether what is waited for has come about. What it throws ends the wait. */
  readonly until: (polled: Polled<T>) => boolean;
  /** Whether it never will: the wait then ends with a `ServiceWaitError` `wait-failed`. */
  readonly failed?: ((polled: Polled<T>) => boolean) | undefined;
  /** Whether a poll that failed is no more than "not yet". @defaultValue where the error is `retryable` */
  readonly shouldContinue?:
    | ((failure: { readonly error: ExternalServiceError; readonly polls: number }) => boolean)
    | undefined;
  /** Before the second poll; each further one takes `backoffFactor` times as long. @defaultValue 1000 */
  readonly intervalMs?: number | undefined;
  /** @defaultValue 10000, or `intervalMs` where that is more */
  readonly maxIntervalMs?: number | undefined;
  /** From 1, which keeps the interval as it is. @defaultValue 1.5 */
  readonly backoffFactor?: number | undefined;
  /** For all of it, polls included. An inherited deadline still wins where it is earlier. @defaultValue 300000 */
  readonly maxWaitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A wait that asks an endpoint by GET. */
export interface WaitForOptions<T> extends WaitOptions<T>, Omit<CallOptions, "deadlineMs" | "signal"> {}

/** Waits on an endpoint. */
export async function waitForEndpoint(
  caller: Caller,
  endpoint: string,
  options: WaitForOptions<unknown> & { readonly schema?: StandardSchemaV1 | undefined },
): Promise<unknown> {
  const { until, failed, shouldContinue, intervalMs, maxIntervalMs, backoffFactor, maxWaitMs, signal, ...rest } =
    options;
  const { schema, ...call } = rest;
  if (schema !== undefined && !isSchema(schema)) {
    throw new ServiceConfigurationError(caller.service, ["schema must be a Standard Schema (zod, valibot, …)"]);
  }
  const ask = async (): Promise<Answered<unknown>> => {
    const patience = caller.patienceFor(call);
    const response = await caller.call("GET", endpoint, call);
    return { value: schema === undefined ? response.json() : await response.jsonWithin(schema, patience), response };
  };
  const wait = { until, failed, shouldContinue, intervalMs, maxIntervalMs, backoffFactor, maxWaitMs, signal };
  return waitFor(caller, `waitFor ${endpoint.split("?", 1)[0] ?? ""}`, ask, wait);
}

/** Waits on whatever a function finds out. */
export async function waitForPoll<T>(caller: Caller, poll: () => PromiseLike<T>, options: WaitOptions<T>): Promise<T> {
  const ask = async (): Promise<Answered<T>> => {
    const answer = poll();
    return { value: await answer, response: ServiceCall.responseOf(answer) };
  };
  return waitFor(caller, "waitFor", ask, options);
}

interface Answered<T> {
  readonly value: T;
  readonly response: ServiceResponse | undefined;
}

/**
 * Asks until a condition holds: at once, then in growing intervals, each shortened by chance by up to a half so that
 * many who wait do not ask together. `Retry-After`, of a success (a 202) as of a failure, is a lower bound.
 *
 * @param ask - the calls that it makes end by the limit of the wait, and by its signal.
 * @throws ServiceWaitError `wait-timeout | wait-failed`; the error of a poll that is not worth repeating; the reason
 * of `signal`, unchanged.
 */
async function waitFor<T>(
  caller: Caller,
  operation: string,
  ask: () => Promise<Answered<T>>,
  options: WaitOptions<T>,
): Promise<T> {
  const { intervalMs, maxIntervalMs, backoffFactor, maxWaitMs } = readLimits(caller.service, options);
  const { until, failed, shouldContinue, signal } = options;
  const { clock } = caller;
  const startedAt = clock.now();
  const limitMs = Math.min(maxWaitMs, Math.max(0, currentDeadline()?.remainingMs() ?? maxWaitMs));
  const leftMs = (): number => startedAt + limitMs - clock.now();
  let [polls, last]: [number, unknown] = [0, undefined];
  let cause: ExternalServiceError | undefined;
  const ended = (reason: WaitReason, detail: string, waitMs?: number): ServiceWaitError =>
    new ServiceWaitError(reason, {
      service: caller.service,
      operation,
      phase: "backoff",
      outcome: cause?.outcome ?? "accepted",
      retryable: reason === "timeout",
      elapsedMs: clock.now() - startedAt,
      retryAt: waitMs === undefined ? undefined : new Date(clock.wallNow() + waitMs),
      cause,
      detail,
      polls,
      last,
    });
  const tooLate = `what is waited for did not come about within ${Math.round(limitMs)} ms`;

  let isLast = false;
  for (let interval = intervalMs; ; interval = Math.min(maxIntervalMs, interval * backoffFactor)) {
    if (leftMs() <= 0) throw ended("timeout", tooLate);
    polls += 1;
    const answer = await attempt(ask, leftMs(), signal, clock);
    let hintMs = 0;
    if (answer.ok) {
      const { value, response } = answer;
      [last, cause] = [value, undefined];
      const polled = { value, response, polls };
      if (until(polled)) return value;
      if (failed?.(polled) === true)
        throw ended("failed", "an answer says that what is waited for will not come about");
      hintMs = response === undefined ? 0 : (retryAfterOf(response.headers, clock.wallNow()) ?? 0);
    } else {
      // A poll that the end of the wait cut short says less than the one before it.
      const isCutShort = isServiceTimeoutError(answer.error) && leftMs() <= 1;
      cause = isCutShort ? (cause ?? answer.error) : answer.error;
      if (isCutShort) throw ended("timeout", tooLate);
      if (!(shouldContinue?.({ error: cause, polls }) ?? cause.retryable)) throw cause;
      hintMs = cause.retryAfterMs ?? 0;
    }
    let delayMs = Math.max(interval * (1 - caller.random() / 2), hintMs);
    const remainingMs = leftMs();
    if (delayMs >= remainingMs) {
      if (isLast || hintMs >= remainingMs) throw ended("timeout", tooLate, delayMs);
      // One more time before the end, with time left for it.
      isLast = true;
      delayMs = Math.max(hintMs, remainingMs - Math.min(intervalMs, remainingMs / 2));
    }
    await pause(clock, delayMs, signalsHere(signal, caller.closing));
  }
}

type Attempted<T> =
  | (Answered<T> & { readonly ok: true })
  | { readonly ok: false; readonly error: ExternalServiceError };

async function attempt<T>(
  ask: () => Promise<Answered<T>>,
  deadlineMs: number,
  signal: AbortSignal | undefined,
  clock: Clock,
): Promise<Attempted<T>> {
  try {
    return {
      ok: true,
      ...(await withDeadline({ deadlineMs, clock, ...(signal === undefined ? {} : { signal }) }, ask)),
    };
  } catch (error) {
    if (!isExternalServiceError(error) || isServiceConfigurationError(error)) throw error;
    return { ok: false, error };
  }
}

function readLimits(
  service: string,
  options: WaitOptions<never>,
): { intervalMs: number; maxIntervalMs: number; backoffFactor: number; maxWaitMs: number } {
  const reader = new OptionReader(service, options);
  const intervalMs = reader.number("intervalMs", 1_000, { min: 1 });
  const limits = {
    intervalMs,
    maxIntervalMs: reader.number("maxIntervalMs", Math.max(10_000, intervalMs), { min: intervalMs }),
    backoffFactor: reader.number("backoffFactor", 1.5, { min: 1 }),
    maxWaitMs: reader.number("maxWaitMs", 300_000, { min: 1 }),
  };
  for (const name of ["until", "failed", "shouldContinue"]) reader.function(name);
  if (!reader.isGiven("until")) reader.problem("until is required: a function that says whether the wait is over");
  const signal = reader.any("signal");
  if (signal !== undefined && !(signal instanceof AbortSignal)) reader.problem("signal must be an AbortSignal");
  reader.finish();
  return limits;
}
