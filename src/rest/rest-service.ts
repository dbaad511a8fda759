import type { StandardSchemaV1 } from "@standard-schema/spec";
import { currentDeadline } from "../core/deadline.ts";
import { isExternalServiceError, isServiceRateLimitError, ServiceConfigurationError } from "../core/errors.ts";
import { BaseExternalService } from "../core/external-service.ts";
import { type HealthReport, type HealthStatus, healthOutput } from "../core/health.ts";
import { redactHeaders, redactPath } from "../core/redact.ts";
import type { Attempt } from "../resilience/call.ts";
import type { AttemptEnd } from "../resilience/outcome.ts";
import { Pipeline } from "../resilience/pipeline.ts";
import type { Answer } from "./answer.ts";
import { type RESTServiceOptions, type RESTSettings, readRESTOptions } from "./options.ts";
import { type CallOptions, type PreparedRequest, prepareRequest, type RequestOptions } from "./request.ts";
import { ServiceResponse } from "./response.ts";
import { isSchema } from "./schema.ts";
import { ServiceCall } from "./service-call.ts";
import { statusFailure } from "./status-failure.ts";
import {
  type FailuresOf,
  matchError,
  type StatusSchemas,
  statusSchemasProblem,
  type SuccessOf,
} from "./status-schemas.ts";
import { Transport } from "./transport.ts";

// URLs that an answer hands out often carry a token of their own: a redirect after a login, a signed download.
const urlHeaders = new Set(["location", "content-location", "link", "refresh"]);

/** A call whose answer is JSON; with a schema, the answer is checked and has its type. */
export interface WithSchema<S extends StandardSchemaV1 | StatusSchemas> {
  /** Any Standard Schema (zod, valibot, arktype and others); or one for each status, `{ 200: Payment, 404: Problem }`. */
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
  readonly #transport: Transport;
  readonly #defaultHeaders: Readonly<Record<string, string>>;
  readonly #jsonHeaders: Readonly<Record<string, string>>;

  /** @throws ServiceConfigurationError with every problem of the options at once. */
  constructor(options: RESTServiceOptions) {
    const settings = readRESTOptions(options, new.target.name);
    super(settings);
    this.#settings = settings;
    const { name: service, clock, random } = settings;
    this.#pipeline = new Pipeline({ service, clock, random, policies: [] });
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

  get(endpoint: string, options?: CallOptions): ServiceCall<ServiceResponse> {
    return this.request("GET", endpoint, options);
  }

  post(endpoint: string, options?: RequestOptions): ServiceCall<ServiceResponse> {
    return this.request("POST", endpoint, options);
  }

  put(endpoint: string, options?: RequestOptions): ServiceCall<ServiceResponse> {
    return this.request("PUT", endpoint, options);
  }

  patch(endpoint: string, options?: RequestOptions): ServiceCall<ServiceResponse> {
    return this.request("PATCH", endpoint, options);
  }

  delete(endpoint: string, options?: CallOptions): ServiceCall<ServiceResponse> {
    return this.request("DELETE", endpoint, options);
  }

  head(endpoint: string, options?: CallOptions): ServiceCall<ServiceResponse> {
    return this.request("HEAD", endpoint, options);
  }

  options(endpoint: string, options?: CallOptions): ServiceCall<ServiceResponse> {
    return this.request("OPTIONS", endpoint, options);
  }

  /** GET, then the answer's JSON. Likewise the other `…Json` methods. */
  getJson<S extends StandardSchemaV1>(
    endpoint: string,
    options: CallOptions & WithSchema<S>,
  ): ServiceCall<StandardSchemaV1.InferOutput<S>>;
  getJson<S extends StatusSchemas>(
    endpoint: string,
    options: CallOptions & WithSchema<S>,
  ): ServiceCall<SuccessOf<S>, FailuresOf<S>>;
  getJson(endpoint: string, options?: CallOptions & { readonly schema?: undefined }): ServiceCall<unknown>;
  getJson(endpoint: string, options?: CallOptions): ServiceCall<unknown, unknown> {
    return this.#json("GET", endpoint, options);
  }

  postJson<S extends StandardSchemaV1>(
    endpoint: string,
    options: RequestOptions & WithSchema<S>,
  ): ServiceCall<StandardSchemaV1.InferOutput<S>>;
  postJson<S extends StatusSchemas>(
    endpoint: string,
    options: RequestOptions & WithSchema<S>,
  ): ServiceCall<SuccessOf<S>, FailuresOf<S>>;
  postJson(endpoint: string, options?: RequestOptions & { readonly schema?: undefined }): ServiceCall<unknown>;
  postJson(endpoint: string, options?: RequestOptions): ServiceCall<unknown, unknown> {
    return this.#json("POST", endpoint, options);
  }

  putJson<S extends StandardSchemaV1>(
    endpoint: string,
    options: RequestOptions & WithSchema<S>,
  ): ServiceCall<StandardSchemaV1.InferOutput<S>>;
  putJson<S extends StatusSchemas>(
    endpoint: string,
    options: RequestOptions & WithSchema<S>,
  ): ServiceCall<SuccessOf<S>, FailuresOf<S>>;
  putJson(endpoint: string, options?: RequestOptions & { readonly schema?: undefined }): ServiceCall<unknown>;
  putJson(endpoint: string, options?: RequestOptions): ServiceCall<unknown, unknown> {
    return this.#json("PUT", endpoint, options);
  }

  patchJson<S extends StandardSchemaV1>(
    endpoint: string,
    options: RequestOptions & WithSchema<S>,
  ): ServiceCall<StandardSchemaV1.InferOutput<S>>;
  patchJson<S extends StatusSchemas>(
    endpoint: string,
    options: RequestOptions & WithSchema<S>,
  ): ServiceCall<SuccessOf<S>, FailuresOf<S>>;
  patchJson(endpoint: string, options?: RequestOptions & { readonly schema?: undefined }): ServiceCall<unknown>;
  patchJson(endpoint: string, options?: RequestOptions): ServiceCall<unknown, unknown> {
    return this.#json("PATCH", endpoint, options);
  }

  deleteJson<S extends StandardSchemaV1>(
    endpoint: string,
    options: CallOptions & WithSchema<S>,
  ): ServiceCall<StandardSchemaV1.InferOutput<S>>;
  deleteJson<S extends StatusSchemas>(
    endpoint: string,
    options: CallOptions & WithSchema<S>,
  ): ServiceCall<SuccessOf<S>, FailuresOf<S>>;
  deleteJson(endpoint: string, options?: CallOptions & { readonly schema?: undefined }): ServiceCall<unknown>;
  deleteJson(endpoint: string, options?: CallOptions): ServiceCall<unknown, unknown> {
    return this.#json("DELETE", endpoint, options);
  }

  /**
   * Makes a call with any method; its name is sent in upper case.
   *
   * @throws ServiceConfigurationError for arguments that are wrong, and ServiceUnavailableError unless the service is
   * ready, both before any I/O; any other ExternalServiceError; the reason of `signal`, unchanged.
   */
  request(method: string, endpoint: string, options: RequestOptions = {}): ServiceCall<ServiceResponse> {
    return ServiceCall.of(async (keep) =>
      keep(await this.#call(method.toUpperCase(), endpoint, options, this.#defaultHeaders)),
    );
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
      details: { inFlight: this.#pipeline.inFlight },
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

  // Connections are made when they are needed; a service that is down must not keep the application from starting.
  protected async open(_signal: AbortSignal): Promise<void> {}

  protected async shut(): Promise<void> {
    await this.#pipeline.drain(this.#settings.closeTimeoutMs);
    await this.#transport.destroy();
  }

  #json(
    method: string,
    endpoint: string,
    options: RequestOptions & { readonly schema?: StandardSchemaV1 | StatusSchemas | undefined } = {},
  ): ServiceCall<unknown, unknown> {
    return ServiceCall.of(async (keep) => {
      const schema = (options as typeof options | null)?.schema;
      const byStatus = schema === undefined || isSchema(schema) ? undefined : schema;
      const problem = byStatus === undefined ? undefined : statusSchemasProblem(byStatus);
      if (problem !== undefined) throw new ServiceConfigurationError(this.name, [`${method}: ${problem}`]);
      const call = schema === undefined ? options : { ...options, schema: undefined };
      let response: ServiceResponse;
      try {
        response = keep(await this.#call(method, endpoint, call, this.#jsonHeaders));
      } catch (error) {
        if (byStatus !== undefined) await matchError(error, byStatus);
        throw error;
      }
      try {
        return await (schema === undefined ? response.json() : response.json(schema));
      } catch (error) {
        this.#logFailure(error);
        throw error;
      }
    });
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

  #logFailure(error: unknown): void {
    if (isExternalServiceError(error)) this.logger.warn({ error: error.toJSON() }, "call failed");
  }

  async #attempt(request: PreparedRequest, attempt: Attempt): Promise<AttemptEnd<Answer>> {
    const isLogged = this.logger.isLevelEnabled?.("debug") ?? true;
    const about = { method: request.method, path: redactPath(request.path), attempt: attempt.number };
    const startedAt = this.clock.now();
    if (isLogged) this.logger.debug({ ...about, headers: redactHeaders(request.headers) }, "request");
    const end = await this.#transport.send(request, attempt);
    const failure =
      end.kind === "success"
        ? statusFailure(end.value, { service: this.name, operation: request.operation, wallNow: this.clock.wallNow() })
        : undefined;
    const final: AttemptEnd<Answer> = failure === undefined ? end : { kind: "failure", failure };
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
