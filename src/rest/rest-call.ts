import { currentRequest, type RequestScope } from "../core/request-scope.ts";
import type { Logger } from "../core/logger.ts";
import type { Attempt } from "../resilience/call.ts";
import type { CallRequest } from "../resilience/call-request.ts";
import { type AttemptEnd, Success } from "../resilience/outcome.ts";
import type { RetryLimits } from "../resilience/retry.ts";
import { type Answer, isOpen, type OpenAnswer } from "./answer.ts";
import { logAttempt } from "./attempt-log.ts";
import type { Authorizer, OwnHeaders } from "./auth/authorizer.ts";
import type { Judge } from "./exchange.ts";
import type { RESTSettings } from "./options.ts";
import { quotaOf } from "./rate-limit-headers.ts";
import type { CallOptions, PreparedRequest, RequestOptions } from "./request.ts";
import { statusFailure } from "./status-failure.ts";
import { withTrace } from "./with-trace.ts";

/** One attempt on the wire, and what is made of its end before anybody else hears of it. */
export type Send<T extends Answer | OpenAnswer> = (
  request: PreparedRequest,
  attempt: Attempt,
  judge: Judge<T>,
) => Promise<AttemptEnd<T>>;

/** What the calls of a service have in common. */
export interface CallParts {
  readonly settings: RESTSettings;
  /** Absent where every call has the same credentials: those are headers like any other. */
  readonly authorizer: Authorizer | undefined;
  readonly logger: Logger;
}

/**
 * One call: to the executor what is asked for, to the wire what judges its answers. One object for both, for it lives as
 * long as the call, and a service may have hundreds under way.
 */
export class RESTCall<T extends Answer | OpenAnswer> implements CallRequest<T>, Judge<T> {
  readonly deadlineMs: number;
  readonly signals: readonly AbortSignal[];
  readonly retry: RetryLimits;
  /** That the call was made in: also where its answer is read elsewhere. */
  readonly scope: RequestScope | undefined;
  readonly #parts: CallParts;
  readonly #request: PreparedRequest;
  readonly #own: OwnHeaders;
  readonly #send: Send<T>;

  constructor(parts: CallParts, request: PreparedRequest, options: RequestOptions, send: Send<T>) {
    const { deadlineMs, retry } = parts.settings;
    const { maxRetries } = options;
    const scope = currentRequest();
    this.#parts = parts;
    this.#request = request;
    this.#own = options.headers;
    this.#send = send;
    this.scope = scope;
    this.deadlineMs = deadlineOf(options, scope, deadlineMs);
    this.signals = signalsOf(options, scope);
    this.retry = maxRetries === undefined ? retry : { ...retry, maxRetries };
  }

  get operation(): string {
    return this.#request.operation;
  }

  get attemptTimeoutMs(): number {
    return this.#parts.settings.attemptTimeoutMs;
  }

  get identity(): string | undefined {
    return this.#request.identity;
  }

  get isRepeatable(): boolean {
    return this.#request.isRepeatable;
  }

  get isRepeatableLater(): boolean {
    return this.#request.isRepeatableLater;
  }

  get isReplayable(): boolean {
    return this.#request.body.isReplayable;
  }

  attempt(attempt: Attempt): Promise<AttemptEnd<T>> {
    const { authorizer } = this.#parts;
    if (authorizer === undefined) return this.#put(this.#request, attempt);
    return authorizer.attempt(this.#request, this.#own, attempt, (authorized) => this.#put(authorized, attempt));
  }

  judge(end: AttemptEnd<T>): AttemptEnd<T> {
    if (end.kind !== "success") return end;
    const { value } = end;
    const { name: service, clock } = this.#parts.settings;
    // What is handed out open is a success, or it would have been read to its end.
    const failure =
      value.status < 300 || isOpen(value)
        ? undefined
        : statusFailure(value, { service, operation: this.operation, wallNow: clock.wallNow() });
    if (failure !== undefined) return { kind: "failure", failure };
    const quota = quotaOf(value.headers);
    return quota === undefined ? end : new Success(value, value.status, quota, end.remainder);
  }

  /** Puts an attempt on the wire. */
  #put(authorized: PreparedRequest, attempt: Attempt): Promise<AttemptEnd<T>> {
    const { scope } = this;
    const trace = this.#parts.settings.propagateTrace ? scope?.trace : undefined;
    // After the credentials: what stands between may write a span of its own, and no signature must cover it.
    const request = trace === undefined ? authorized : withTrace(authorized, this.#own, trace);
    const logger = scope?.logger ?? this.#parts.logger;
    const judge = (logger.isLevelEnabled?.("debug") ?? true) ? this.#logged(logger, request, attempt) : this;
    return this.#send(this.#withDeadline(request, attempt), attempt, judge);
  }

  #logged(logger: Logger, request: PreparedRequest, { number }: Attempt): Judge<T> {
    const { name: service, clock } = this.#parts.settings;
    const whose = this.scope?.logger === undefined ? {} : { service };
    const log = logAttempt(logger, request, { ...whose, attempt: number, clock });
    return {
      judge: (end) => {
        log(end);
        return this.judge(end);
      },
    };
  }

  #withDeadline(request: PreparedRequest, { deadlineAt }: Attempt): PreparedRequest {
    const { deadlineHeader, clock } = this.#parts.settings;
    if (deadlineHeader === undefined || deadlineAt === Number.POSITIVE_INFINITY) return request;
    const leftMs = String(Math.max(0, Math.round(deadlineAt - clock.now())));
    return { ...request, headers: { ...request.headers, [deadlineHeader]: leftMs } };
  }
}

/** What a call that begins now ends by: its own limit, and that of the scope that it is made in. Milliseconds. */
export function deadlineOf({ deadlineMs }: CallOptions, scope: RequestScope | undefined, usualMs: number): number {
  const ownMs = deadlineMs ?? usualMs;
  return scope === undefined ? ownMs : Math.min(ownMs, Math.max(0, scope.remainingMs()));
}

const noSignals: readonly AbortSignal[] = [];

/** What ends a call early: its own signal, and those of the scope that it is made in. */
export function signalsOf({ signal }: CallOptions, scope: RequestScope | undefined): readonly AbortSignal[] {
  if (signal === undefined) return scope === undefined ? noSignals : scope.signals;
  return scope === undefined ? [signal] : [...scope.signals, signal];
}
