import type { Clock } from "../core/clock.ts";
import { isExternalServiceError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { redactHeaders, redactPath } from "../core/redact.ts";
import { currentRequest, type RequestScope } from "../core/request-scope.ts";
import type { Attempt } from "../resilience/call.ts";
import type { AttemptEnd } from "../resilience/outcome.ts";
import type { Completed, Pipeline } from "../resilience/pipeline.ts";
import { type Answer, isOpen, type OpenAnswer } from "./answer.ts";
import type { Authorizer, OwnHeaders } from "./auth/authorizer.ts";
import { fixedHeadersOf } from "../core/auth/read-auth.ts";
import type { CallHow, OpenHow } from "./caller.ts";
import { acceptEncoding } from "./decode.ts";
import type { RESTSettings } from "./options.ts";
import { Patience } from "./patience.ts";
import { quotaOf } from "./rate-limit-headers.ts";
import { type CallOptions, type PreparedRequest, prepareRequest, type RequestOptions } from "./request.ts";
import { ServiceResponse } from "./response.ts";
import { statusFailure } from "./status-failure.ts";
import { StreamedResponse } from "./streamed-response.ts";
import { withTrace } from "./with-trace.ts";
import type { Transport } from "./transport.ts";

// URLs that an answer hands out often carry a token of their own: a redirect after a login, a signed download.
const urlHeaders = new Set(["location", "content-location", "link", "refresh"]);

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
  readonly #jsonHeaders: Readonly<Record<string, string>>;

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
    this.#jsonHeaders = { accept: "application/json", ...this.#defaultHeaders };
  }

  async call(
    method: string,
    endpoint: string,
    options: RequestOptions,
    { accept = "json", base = this.#settings.base }: CallHow = {},
  ): Promise<ServiceResponse> {
    const headers = accept === "json" ? this.#jsonHeaders : this.#defaultHeaders;
    const settings = base === this.#settings.base ? this.#settings : { ...this.#settings, base };
    const request = prepareRequest(settings, headers, method, endpoint, options);
    const scope = currentRequest();
    const { value, attempts, elapsedMs } = await this.#execute(request, options, scope, (attempt) =>
      this.#attempt(request, options.headers, scope, attempt, (sent) => this.#transport.send(sent, attempt)),
    );
    return new ServiceResponse(value, { attempts, elapsedMs, service: this.service, operation: request.operation });
  }

  async open(method: string, endpoint: string, options: RequestOptions, how: OpenHow = {}): Promise<StreamedResponse> {
    const { bodyIdleTimeoutMs, accept, isRepeatable } = how;
    const headers = accept === undefined ? this.#defaultHeaders : { accept, ...this.#defaultHeaders };
    const prepared = prepareRequest(this.#settings, headers, method, endpoint, options);
    // Two callers cannot share a body that is read once: no identity.
    const request = {
      ...prepared,
      identity: undefined,
      ...(isRepeatable === true ? { isRepeatable, isRepeatableLater: true } : {}),
    };
    const limits = bodyIdleTimeoutMs === undefined ? {} : { bodyIdleTimeoutMs };
    const scope = currentRequest();
    const { value, attempts, elapsedMs } = await this.#execute(request, options, scope, (attempt) =>
      this.#attempt(request, options.headers, scope, attempt, (sent) => this.#transport.open(sent, attempt, limits)),
    );
    const { maxResponseBytes } = this.#settings;
    const { operation } = request;
    // Whoever reads the body may do so elsewhere: the call is of the request that it was made in.
    const onFailure = (error: unknown): void => this.#logFailure(error, scope);
    return new StreamedResponse(value, {
      service: this.service,
      operation,
      attempts,
      elapsedMs,
      maxResponseBytes,
      onFailure,
    });
  }

  /** The time of a call that is about to be made, for what comes after its answer. */
  patienceFor(options: CallOptions): Patience {
    const { deadlineMs: limitMs, signals } = this.#limitsOf(options, currentRequest());
    return new Patience({ clock: this.clock, limitMs, signals });
  }

  /** One line for each call that failed. */
  logFailure(error: unknown): void {
    this.#logFailure(error, currentRequest());
  }

  #logFailure(error: unknown, scope: RequestScope | undefined): void {
    if (!isExternalServiceError(error)) return;
    const fields = { error: error.toJSON() };
    // The request's logger is no child of ours, and a child for each call would cost more than the line.
    if (scope?.logger === undefined) this.#parts.logger.warn(fields, "call failed");
    else scope.logger.warn({ service: this.service, ...fields }, "call failed");
  }

  async #execute<T>(
    request: PreparedRequest,
    options: RequestOptions,
    scope: RequestScope | undefined,
    attempt: (attempt: Attempt) => Promise<AttemptEnd<T>>,
  ): Promise<Completed<T>> {
    this.#parts.assertReady(request.operation);
    const settings = this.#settings;
    const { maxRetries } = options;
    try {
      return await this.#pipeline.execute({
        operation: request.operation,
        ...this.#limitsOf(options, scope),
        attemptTimeoutMs: settings.attemptTimeoutMs,
        identity: request.identity,
        retry: maxRetries === undefined ? settings.retry : { ...settings.retry, maxRetries },
        isRepeatable: request.isRepeatable,
        isRepeatableLater: request.isRepeatableLater,
        isReplayable: request.body.isReplayable,
        attempt,
      });
    } catch (error) {
      this.#logFailure(error, scope);
      throw error;
    }
  }

  /** What a call that begins now ends by: its own limits, and those of the scope that it is made in. */
  #limitsOf(
    options: CallOptions,
    scope: RequestScope | undefined,
  ): { readonly deadlineMs: number; readonly signals: readonly AbortSignal[] } {
    const { deadlineMs = this.#settings.deadlineMs, signal } = options;
    const signals = scope === undefined ? [] : [...scope.signals];
    if (signal !== undefined) signals.push(signal);
    return { deadlineMs: Math.min(deadlineMs, Math.max(0, scope?.remainingMs() ?? deadlineMs)), signals };
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
    send: (request: PreparedRequest) => Promise<AttemptEnd<T>>,
  ): Promise<AttemptEnd<T>> {
    if (this.#authorizer === undefined) return this.#logged(request, own, scope, attempt, send);
    return this.#authorizer.attempt(request, own, attempt, (authorized) =>
      this.#logged(authorized, own, scope, attempt, send),
    );
  }

  async #logged<T extends Answer | OpenAnswer>(
    authorized: PreparedRequest,
    own: OwnHeaders,
    scope: RequestScope | undefined,
    attempt: Attempt,
    send: (request: PreparedRequest) => Promise<AttemptEnd<T>>,
  ): Promise<AttemptEnd<T>> {
    const trace = this.#settings.propagateTrace ? scope?.trace : undefined;
    // After the credentials: what stands between may write a span of its own, and no signature must cover it.
    const request = trace === undefined ? authorized : withTrace(authorized, own, trace);
    const logger = scope?.logger ?? this.#parts.logger;
    const isLogged = logger.isLevelEnabled?.("debug") ?? true;
    const secret = request.credentials;
    const place = { method: request.method, path: redactPath(request.path, secret?.query), attempt: attempt.number };
    const about = scope?.logger === undefined ? place : { service: this.service, ...place };
    const startedAt = this.clock.now();
    if (isLogged) logger.debug({ ...about, headers: redactHeaders(request.headers, secret?.headers) }, "request");
    const end = await send(this.#withDeadline(request, attempt));
    const answer: Answer | OpenAnswer | undefined = end.kind === "success" ? end.value : undefined;
    // What is handed out open is a success, or it would have been read to its end.
    const failure =
      answer !== undefined && !isOpen(answer)
        ? statusFailure(answer, { service: this.service, operation: request.operation, wallNow: this.clock.wallNow() })
        : undefined;
    const final = failure === undefined ? withQuota(end) : { kind: "failure" as const, failure };
    if (isLogged) {
      const durationMs = Math.round(this.clock.now() - startedAt);
      if (answer !== undefined) {
        const { status, headers } = answer;
        const bytes = isOpen(answer) ? {} : { bytes: answer.body.byteLength };
        const seen = { status, headers: redactHeaders(redactHeaders(headers, urlHeaders), secret?.headers), ...bytes };
        logger.debug({ ...about, ...seen, durationMs }, "response");
      } else {
        const code = end.kind === "failure" ? end.failure.code : "aborted";
        logger.debug({ ...about, code, durationMs }, "no response");
      }
    }
    return final;
  }
}

function withQuota<T extends Answer | OpenAnswer>(end: AttemptEnd<T>): AttemptEnd<T> {
  if (end.kind !== "success" || end.value.headers["ratelimit"] === undefined) return end;
  const quota = quotaOf(end.value.headers);
  return quota === undefined ? end : { ...end, quota };
}
