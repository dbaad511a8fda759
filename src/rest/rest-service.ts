import type { StandardSchemaV1 } from "@standard-schema/spec";
import { currentDeadline } from "../core/deadline.ts";
import type { ServiceDescription } from "../core/description.ts";
import {
  type ExternalServiceError,
  isExternalServiceError,
  isServiceRateLimitError,
  ServiceConfigurationError,
} from "../core/errors.ts";
import { BaseExternalService } from "../core/external-service.ts";
import { type HealthReport, type HealthStatus, healthOutput } from "../core/health.ts";
import { redactHeaders, redactPath } from "../core/redact.ts";
import type { Attempt } from "../resilience/call.ts";
import type { AttemptEnd } from "../resilience/outcome.ts";
import type { Pipeline } from "../resilience/pipeline.ts";
import { buildPipeline, type Stages } from "../resilience/stages.ts";
import { explain, type Explanation } from "../resilience/explain.ts";
import type { Answer } from "./answer.ts";
import { describeRest } from "./describe.ts";
import { type RESTServiceOptions, type RESTSettings, readRESTOptions } from "./options.ts";
import { type CallOptions, type PreparedRequest, prepareRequest, type RequestOptions } from "./request.ts";
import { ServiceResponse } from "./response.ts";
import { quotaOf } from "./rate-limit-headers.ts";
import { isSchema } from "./schema.ts";
import { statusFailure } from "./status-failure.ts";
import { Transport } from "./transport.ts";

// URLs that an answer hands out often carry a token of their own: a redirect after a login, a signed download.
const urlHeaders = new Set(["location", "content-location", "link", "refresh"]);

/** A call whose answer is JSON; with a schema, the answer is checked and has its type. */
export interface WithSchema<S extends StandardSchemaV1> {
  /** Any Standard Schema: zod, valibot, arktype and others. */
  readonly schema: S;
}

/**
 * A REST service, to be extended with the methods of one service in particular:
 *
 * ```ts
 * class PaymentGatewayClient extends RESTService {
 *   createPayment(amount: number, currency: string) {
 *     return this.postJson("/payments", { json: { amount, currency }, schema: Payment });
 *   }
 * }
 * ```
 *
 * Every method makes one call: under one deadline that reaches to the last byte of the answer, with as many attempts
 * as the pipeline allows, and throws an {@link ExternalServiceError} for everything that is not a 2xx.
 */
export abstract class RESTService extends BaseExternalService {
  readonly #settings: RESTSettings;
  readonly #pipeline: Pipeline;
  readonly #stages: Stages;
  readonly #transport: Transport;
  readonly #defaultHeaders: Readonly<Record<string, string>>;
  readonly #jsonHeaders: Readonly<Record<string, string>>;

  /** @throws ServiceConfigurationError with every problem of the options at once. */
  constructor(options: RESTServiceOptions) {
    const settings = readRESTOptions(options, new.target.name);
    super(settings);
    this.#settings = settings;
    const { name: service } = settings;
    const { pipeline, stages } = buildPipeline({ ...settings, service }, settings);
    this.#pipeline = pipeline;
    this.#stages = stages;
    this.#transport = new Transport({ ...settings, service, origin: settings.base.origin });
    this.#defaultHeaders = {
      "user-agent": "hawser",
      // Without it, any encoding is acceptable to us (RFC 9110, section 12.5.3), and we undo none.
      "accept-encoding": "identity",
      ...(settings.apiKey === undefined ? {} : { authorization: `Bearer ${settings.apiKey.reveal()}` }),
      ...settings.headers,
    };
    this.#jsonHeaders = { accept: "application/json", ...this.#defaultHeaders };
  }

  get(endpoint: string, options?: CallOptions): Promise<ServiceResponse> {
    return this.request("GET", endpoint, options);
  }

  post(endpoint: string, options?: RequestOptions): Promise<ServiceResponse> {
    return this.request("POST", endpoint, options);
  }

  put(endpoint: string, options?: RequestOptions): Promise<ServiceResponse> {
    return this.request("PUT", endpoint, options);
  }

  patch(endpoint: string, options?: RequestOptions): Promise<ServiceResponse> {
    return this.request("PATCH", endpoint, options);
  }

  delete(endpoint: string, options?: CallOptions): Promise<ServiceResponse> {
    return this.request("DELETE", endpoint, options);
  }

  head(endpoint: string, options?: CallOptions): Promise<ServiceResponse> {
    return this.request("HEAD", endpoint, options);
  }

  options(endpoint: string, options?: CallOptions): Promise<ServiceResponse> {
    return this.request("OPTIONS", endpoint, options);
  }

  /** GET, then the answer's JSON. Likewise the other `…Json` methods. */
  getJson<S extends StandardSchemaV1>(
    endpoint: string,
    options: CallOptions & WithSchema<S>,
  ): Promise<StandardSchemaV1.InferOutput<S>>;
  getJson(endpoint: string, options?: CallOptions & { readonly schema?: undefined }): Promise<unknown>;
  getJson(endpoint: string, options?: CallOptions): Promise<unknown> {
    return this.#json("GET", endpoint, options);
  }

  postJson<S extends StandardSchemaV1>(
    endpoint: string,
    options: RequestOptions & WithSchema<S>,
  ): Promise<StandardSchemaV1.InferOutput<S>>;
  postJson(endpoint: string, options?: RequestOptions & { readonly schema?: undefined }): Promise<unknown>;
  postJson(endpoint: string, options?: RequestOptions): Promise<unknown> {
    return this.#json("POST", endpoint, options);
  }

  putJson<S extends StandardSchemaV1>(
    endpoint: string,
    options: RequestOptions & WithSchema<S>,
  ): Promise<StandardSchemaV1.InferOutput<S>>;
  putJson(endpoint: string, options?: RequestOptions & { readonly schema?: undefined }): Promise<unknown>;
  putJson(endpoint: string, options?: RequestOptions): Promise<unknown> {
    return this.#json("PUT", endpoint, options);
  }

  patchJson<S extends StandardSchemaV1>(
    endpoint: string,
    options: RequestOptions & WithSchema<S>,
  ): Promise<StandardSchemaV1.InferOutput<S>>;
  patchJson(endpoint: string, options?: RequestOptions & { readonly schema?: undefined }): Promise<unknown>;
  patchJson(endpoint: string, options?: RequestOptions): Promise<unknown> {
    return this.#json("PATCH", endpoint, options);
  }

  deleteJson<S extends StandardSchemaV1>(
    endpoint: string,
    options: CallOptions & WithSchema<S>,
  ): Promise<StandardSchemaV1.InferOutput<S>>;
  deleteJson(endpoint: string, options?: CallOptions & { readonly schema?: undefined }): Promise<unknown>;
  deleteJson(endpoint: string, options?: CallOptions): Promise<unknown> {
    return this.#json("DELETE", endpoint, options);
  }

  /**
   * Makes a call with any method; its name is sent in upper case.
   *
   * @throws ServiceConfigurationError for arguments that are wrong, and ServiceUnavailableError unless the service is
   * ready, both before any I/O; any other ExternalServiceError; the reason of `signal`, unchanged.
   */
  async request(method: string, endpoint: string, options: RequestOptions = {}): Promise<ServiceResponse> {
    return this.#call(method.toUpperCase(), endpoint, options, this.#defaultHeaders);
  }

  /** Asks `healthEndpoint`, once and without retries, within 5 s or the service's deadline. */
  async checkHealth(options: { readonly signal?: AbortSignal } = {}): Promise<HealthReport> {
    const { healthEndpoint, healthBase, deadlineMs } = this.#settings;
    const startedAt = this.clock.now();
    const report = (status: HealthStatus, output?: string): HealthReport => ({
      service: this.name,
      status,
      latencyMs: Math.round(this.clock.now() - startedAt),
      state: this.lifecycle,
      time: new Date(this.clock.wallNow()).toISOString(),
      ...(output === undefined ? {} : { output }),
      details: {
        inFlight: this.#pipeline.inFlight,
        circuit: this.#stages.circuitBreaker?.state.name,
        concurrencyLimit: this.#stages.concurrency && Math.floor(this.#stages.concurrency.limit),
        queued: this.#stages.concurrency?.queued,
      },
    });
    try {
      this.assertReady("checkHealth");
      if (healthEndpoint === false) return report("pass", "no health endpoint; the service object is ready");
      const call = { ...options, maxRetries: 0, deadlineMs: Math.min(5_000, deadlineMs) };
      await this.#call("GET", healthEndpoint, call, this.#defaultHeaders, { ...this.#settings, base: healthBase });
      return report("pass");
    } catch (error) {
      options.signal?.throwIfAborted();
      return report(isServiceRateLimitError(error) ? "warn" : "fail", healthOutput(error));
    }
  }

  /** What every call goes through: each stage in its order, with every number and where it comes from. */
  describe(): ServiceDescription {
    return describeRest(this.#settings, this.#stages, this.clock.now());
  }

  /** Why a call failed as it did, and why it was or was not retried. */
  explain(error: ExternalServiceError): Explanation {
    return explain(error);
  }

  // Connections are made when they are needed; a service that is down must not keep the application from starting.
  protected async open(_signal: AbortSignal): Promise<void> {}

  protected async shut(): Promise<void> {
    await this.#pipeline.drain(this.#settings.closeTimeoutMs);
    await this.#transport.destroy();
  }

  async #json(
    method: string,
    endpoint: string,
    options: RequestOptions & { readonly schema?: StandardSchemaV1 | undefined } = {},
  ): Promise<unknown> {
    const schema = (options as typeof options | null)?.schema;
    if (schema !== undefined && !isSchema(schema)) {
      throw new ServiceConfigurationError(this.name, [`${method}: schema must be a Standard Schema (zod, valibot, …)`]);
    }
    const call = schema === undefined ? options : { ...options, schema: undefined };
    const response = await this.#call(method, endpoint, call, this.#jsonHeaders);
    try {
      return await (schema === undefined ? response.json() : response.json(schema));
    } catch (error) {
      this.#logFailure(error);
      throw error;
    }
  }

  async #call(
    method: string,
    endpoint: string,
    options: RequestOptions,
    headers: Readonly<Record<string, string>>,
    settings: RESTSettings = this.#settings,
  ): Promise<ServiceResponse> {
    const request = prepareRequest(settings, headers, method, endpoint, options);
    this.assertReady(request.operation);
    const scope = currentDeadline();
    const signals = scope === undefined ? [] : [...scope.signals];
    if (options.signal !== undefined) signals.push(options.signal);
    const { deadlineMs = settings.deadlineMs, maxRetries } = options;
    try {
      const { value, attempts, elapsedMs } = await this.#pipeline.execute({
        operation: request.operation,
        deadlineMs: Math.min(deadlineMs, Math.max(0, scope?.remainingMs() ?? deadlineMs)),
        attemptTimeoutMs: settings.attemptTimeoutMs,
        signals,
        identity: request.identity,
        retry: maxRetries === undefined ? settings.retry : { ...settings.retry, maxRetries },
        isRepeatable: request.isRepeatable,
        isRepeatableLater: request.isRepeatableLater,
        isReplayable: request.body.isReplayable,
        attempt: (attempt) => this.#attempt(request, attempt),
      });
      return new ServiceResponse(value, { attempts, elapsedMs, service: this.name, operation: request.operation });
    } catch (error) {
      this.#logFailure(error);
      throw error;
    }
  }

  #withDeadline(request: PreparedRequest, attempt: Attempt): PreparedRequest {
    const { deadlineHeader } = this.#settings;
    if (deadlineHeader === undefined) return request;
    const leftMs = String(Math.max(0, Math.round(attempt.deadlineAt - this.clock.now())));
    return { ...request, headers: { ...request.headers, [deadlineHeader]: leftMs } };
  }

  #logFailure(error: unknown): void {
    if (isExternalServiceError(error)) this.logger.warn({ error: error.toJSON() }, "call failed");
  }

  async #attempt(request: PreparedRequest, attempt: Attempt): Promise<AttemptEnd<Answer>> {
    const isLogged = this.logger.isLevelEnabled?.("debug") ?? true;
    const about = { method: request.method, path: redactPath(request.path), attempt: attempt.number };
    const startedAt = this.clock.now();
    if (isLogged) this.logger.debug({ ...about, headers: redactHeaders(request.headers) }, "request");
    const end = await this.#transport.send(this.#withDeadline(request, attempt), attempt);
    const failure =
      end.kind === "success"
        ? statusFailure(end.value, { service: this.name, operation: request.operation, wallNow: this.clock.wallNow() })
        : undefined;
    const final = failure === undefined ? withQuota(end) : { kind: "failure" as const, failure };
    if (isLogged) {
      const durationMs = Math.round(this.clock.now() - startedAt);
      if (end.kind === "success") {
        const { status, headers, body } = end.value;
        const answer = { status, headers: redactHeaders(headers, urlHeaders), bytes: body.byteLength };
        this.logger.debug({ ...about, ...answer, durationMs }, "response");
      } else {
        const code = end.kind === "failure" ? end.failure.code : "aborted";
        this.logger.debug({ ...about, code, durationMs }, "no response");
      }
    }
    return final;
  }
}

function withQuota(end: AttemptEnd<Answer>): AttemptEnd<Answer> {
  if (end.kind !== "success" || end.value.headers["ratelimit"] === undefined) return end;
  const quota = quotaOf(end.value.headers);
  return quota === undefined ? end : { ...end, quota };
}
