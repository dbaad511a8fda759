import type { Clock } from "../core/clock.ts";
import { isExternalServiceError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { currentRequest, type RequestScope } from "../core/request-scope.ts";
import type { Attempt } from "../resilience/call.ts";
import type { AttemptEnd } from "../resilience/outcome.ts";
import type { Completed, Pipeline } from "../resilience/pipeline.ts";
import { type Answer, isOpen, type OpenAnswer } from "./answer.ts";
import { logAttempt } from "./attempt-log.ts";
import type { Authorizer, OwnHeaders } from "./auth/authorizer.ts";
import { fixedHeadersOf } from "../core/auth/read-auth.ts";
import type { CallHow, OpenHow, ReadHow } from "./caller.ts";
import { ServiceCall } from "./service-call.ts";
import { acceptEncoding } from "./decode.ts";
import type { RESTSettings } from "./options.ts";
import { Patience } from "./patience.ts";
import { quotaOf } from "./rate-limit-headers.ts";
import { type CallOptions, type PreparedRequest, type RequestOptions, Requests } from "./request.ts";
import { ServiceResponse } from "./response.ts";
import { statusFailure } from "./status-failure.ts";
import { StreamedResponse } from "./streamed-response.ts";
import { withTrace } from "./with-trace.ts";
import type { Transport } from "./transport.ts";
import type { Judge } from "./exchange.ts";

/** One attempt on the wire, and what is made of its end before anybody else hears of it. */
type Send<T extends Answer | OpenAnswer> = (
  request: PreparedRequest,
  attempt: Attempt,
  judge: Judge<T>,
) => Promise<AttemptEnd<T>>;

/** Makes the calls of one service: from the arguments to the response, through the pipeline, onto the transport. */
export class Calls {
  readonly service: string;
  readonly clock: Clock;
  readonly #settings: RESTSettings;
  readonly #pipeline: Pipeline;
  readonly #transport: Transport;
  readonly #parts: { readonly logger: Logger; readonly assertReady: (operation: string) => void };
  /** Absent where every call has the same credentials: those are headers like any other. */
  readonly #authorizer: Authorizer | undefined;
  readonly #defaultHeaders: Readonly<Record<string, string>>;
  readonly #requests: Requests;
  readonly #jsonRequests: Requests;

  constructor(
    settings: RESTSettings,
    pipeline: Pipeline,
    transport: Transport,
    authorizer: Authorizer | undefined,
    parts: { readonly logger: Logger; readonly assertReady: (operation: string) => void },
  ) {
    this.service = settings.name;
    this.clock = settings.clock;
    this.#settings = settings;
    this.#pipeline = pipeline;
    this.#transport = transport;
    this.#parts = parts;
    this.#authorizer = authorizer;
    this.#defaultHeaders = {
      "user-agent": "hawser",
      // Without it, any encoding would be acceptable to us (RFC 9110, section 12.5.3).
      "accept-encoding": settings.decompress ? acceptEncoding : "identity",
      ...(settings.apiKey === undefined ? {} : { authorization: `Bearer ${settings.apiKey.reveal()}` }),
      ...fixedHeadersOf(settings.auth),
      ...settings.headers,
    };
    this.#requests = new Requests(settings, this.#defaultHeaders);
    this.#jsonRequests = new Requests(settings, { accept: "application/json", ...this.#defaultHeaders });
  }

  /** One call, its answer read to the end. */
  call(method: string, endpoint: string, options: RequestOptions, how?: CallHow): ServiceCall<ServiceResponse> {
    return this.read(method, endpoint, options, { ...how, read: (response) => response });
  }

  /** The same, and what is made of the answer. Rejects, and never throws. */
  read<T, Matched = never>(
    method: string,
    endpoint: string,
    options: RequestOptions,
    how: ReadHow<T>,
  ): ServiceCall<T, Matched> {
    const { call, resolve, reject } = ServiceCall.pending<T, Matched>();
    try {
      const request = this.#requestsFor(how).prepare(method, endpoint, options);
      this.#parts.assertReady(request.operation);
      const scope = currentRequest();
      const fail = (error: unknown): void => reject(this.#logged(error, scope));
      const settle = (completed: Completed<Answer>): void => {
        try {
          const { operation } = request;
          const value = how.read(call.keep(new ServiceResponse(completed, { service: this.service, operation })));
          if (value instanceof Promise) value.then(resolve, fail);
          else resolve(value);
        } catch (error) {
          fail(error);
        }
      };
      const failLater = async (error: unknown): Promise<void> => {
        const told = this.#logged(error, scope);
        try {
          await how.failed?.(error);
          reject(told);
        } catch (defect) {
          reject(defect);
        }
      };
      // Not an async function of its own: it would cost a call as much as its request does.
      void this.#execute(request, options, scope, this.#send).then(settle, how.failed === undefined ? fail : failLater);
    } catch (error) {
      reject(error);
    }
    return call;
  }

  #requestsFor({ accept = "json", base }: CallHow): Requests {
    const requests = accept === "json" ? this.#jsonRequests : this.#requests;
    return base === undefined ? requests : requests.below(base);
  }

  async open(method: string, endpoint: string, options: RequestOptions, how: OpenHow = {}): Promise<StreamedResponse> {
    const { bodyIdleTimeoutMs, accept, isRepeatable } = how;
    const requests =
      accept === undefined ? this.#requests : new Requests(this.#settings, { accept, ...this.#defaultHeaders });
    const prepared = requests.prepare(method, endpoint, options);
    // Two callers cannot share a body that is read once: no identity.
    const request = {
      ...prepared,
      identity: undefined,
      ...(isRepeatable === true ? { isRepeatable, isRepeatableLater: true } : {}),
    };
    this.#parts.assertReady(request.operation);
    const limits = bodyIdleTimeoutMs === undefined ? {} : { bodyIdleTimeoutMs };
    const scope = currentRequest();
    // Whoever reads the body may do so elsewhere: the call is of the request that it was made in.
    const onFailure = (error: unknown): void => this.#logFailure(error, scope);
    try {
      const { value, attempts, elapsedMs } = await this.#execute(request, options, scope, (sent, attempt, judge) =>
        this.#transport.open(sent, attempt, limits, judge),
      );
      return new StreamedResponse(value, {
        service: this.service,
        operation: request.operation,
        attempts,
        elapsedMs,
        maxResponseBytes: this.#settings.maxResponseBytes,
        onFailure,
      });
    } catch (error) {
      onFailure(error);
      throw error;
    }
  }

  /** The time of a call that is about to be made, for what comes after its answer. */
  patienceFor(options: CallOptions): Patience {
    const scope = currentRequest();
    const limitMs = this.#deadlineOf(options, scope);
    return new Patience({ clock: this.clock, limitMs, signals: signalsOf(options, scope) });
  }

  /** One line for each call that failed. */
  logFailure(error: unknown): void {
    this.#logFailure(error, currentRequest());
  }

  /** The error, once it is in the log; where the logger throws, its defect, which is then what the call fails by. */
  #logged(error: unknown, scope: RequestScope | undefined): unknown {
    try {
      this.#logFailure(error, scope);
      return error;
    } catch (defect) {
      return defect;
    }
  }

  #logFailure(error: unknown, scope: RequestScope | undefined): void {
    if (!isExternalServiceError(error)) return;
    const fields = { error: error.toJSON() };
    // The request's logger is no child of ours, and a child for each call would cost more than the line.
    if (scope?.logger === undefined) this.#parts.logger.warn(fields, "call failed");
    else scope.logger.warn({ service: this.service, ...fields }, "call failed");
  }

  readonly #send: Send<Answer> = (request, attempt, judge) => this.#transport.send(request, attempt, judge);

  #execute<T extends Answer | OpenAnswer>(
    request: PreparedRequest,
    options: RequestOptions,
    scope: RequestScope | undefined,
    send: Send<T>,
  ): Promise<Completed<T>> {
    const settings = this.#settings;
    const { maxRetries } = options;
    return this.#pipeline.execute<T>({
      operation: request.operation,
      deadlineMs: this.#deadlineOf(options, scope),
      attemptTimeoutMs: settings.attemptTimeoutMs,
      signals: signalsOf(options, scope),
      identity: request.identity,
      retry: maxRetries === undefined ? settings.retry : { ...settings.retry, maxRetries },
      isRepeatable: request.isRepeatable,
      isRepeatableLater: request.isRepeatableLater,
      isReplayable: request.body.isReplayable,
      attempt: (attempt) => this.#attempt(request, options.headers, scope, attempt, send),
    });
  }

  /** What a call that begins now ends by: its own limit, and that of the scope that it is made in. */
  #deadlineOf({ deadlineMs = this.#settings.deadlineMs }: CallOptions, scope: RequestScope | undefined): number {
    return scope === undefined ? deadlineMs : Math.min(deadlineMs, Math.max(0, scope.remainingMs()));
  }

  #withDeadline(request: PreparedRequest, attempt: Attempt): PreparedRequest {
    const { deadlineHeader } = this.#settings;
    if (deadlineHeader === undefined || attempt.deadlineAt === Number.POSITIVE_INFINITY) return request;
    const leftMs = String(Math.max(0, Math.round(attempt.deadlineAt - this.clock.now())));
    return { ...request, headers: { ...request.headers, [deadlineHeader]: leftMs } };
  }

  #attempt<T extends Answer | OpenAnswer>(
    request: PreparedRequest,
    own: OwnHeaders,
    scope: RequestScope | undefined,
    attempt: Attempt,
    send: Send<T>,
  ): Promise<AttemptEnd<T>> {
    if (this.#authorizer === undefined) return this.#put(request, own, scope, attempt, send);
    return this.#authorizer.attempt(request, own, attempt, (authorized) =>
      this.#put(authorized, own, scope, attempt, send),
    );
  }

  /** Puts an attempt on the wire, and judges how it ends. */
  #put<T extends Answer | OpenAnswer>(
    authorized: PreparedRequest,
    own: OwnHeaders,
    scope: RequestScope | undefined,
    attempt: Attempt,
    send: Send<T>,
  ): Promise<AttemptEnd<T>> {
    const trace = this.#settings.propagateTrace ? scope?.trace : undefined;
    // After the credentials: what stands between may write a span of its own, and no signature must cover it.
    const request = trace === undefined ? authorized : withTrace(authorized, own, trace);
    const logger = scope?.logger ?? this.#parts.logger;
    const log =
      (logger.isLevelEnabled?.("debug") ?? true)
        ? logAttempt(logger, request, {
            ...(scope?.logger === undefined ? {} : { service: this.service }),
            attempt: attempt.number,
            clock: this.clock,
          })
        : undefined;
    return send(this.#withDeadline(request, attempt), attempt, (end) => {
      log?.(end);
      return this.#judged(end, request.operation);
    });
  }

  #judged<T extends Answer | OpenAnswer>(end: AttemptEnd<T>, operation: string): AttemptEnd<T> {
    if (end.kind !== "success") return end;
    const { value } = end;
    // What is handed out open is a success, or it would have been read to its end.
    const failure =
      value.status < 300 || isOpen(value)
        ? undefined
        : statusFailure(value, { service: this.service, operation, wallNow: this.clock.wallNow() });
    if (failure !== undefined) return { kind: "failure", failure };
    const quota = quotaOf(value.headers);
    return quota === undefined ? end : { ...end, quota };
  }
}

const noSignals: readonly AbortSignal[] = [];

/** What ends a call early: its own signal, and those of the scope that it is made in. */
function signalsOf({ signal }: CallOptions, scope: RequestScope | undefined): readonly AbortSignal[] {
  if (signal === undefined) return scope === undefined ? noSignals : scope.signals;
  return scope === undefined ? [signal] : [...scope.signals, signal];
}
