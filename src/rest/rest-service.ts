import type { StandardSchemaV1 } from "@standard-schema/spec";
import { processEnvironment } from "../core/environment.ts";
import type { ServiceDescription } from "../core/description.ts";
import { type ExternalServiceError, isServiceRateLimitError } from "../core/errors.ts";
import { BaseExternalService } from "../core/external-service.ts";
import { type HealthReport, type HealthStatus, healthOutput } from "../core/health.ts";
import { explain, type Explanation } from "../resilience/explain.ts";
import { CurrentCalls } from "./current-calls.ts";
import { describeRest } from "./describe.ts";
import { download, type Downloaded, type DownloadOptions } from "./download.ts";
import { events, type EventsOptions } from "./events.ts";
import { jsonCall } from "./json-call.ts";
import { lines, type LinesOptions } from "./lines.ts";
import { type ItemOf, type PaginateOptions, Pagination } from "./pagination.ts";
import { type RESTServiceOptions, readRESTOptions } from "./options.ts";
import type { CallOptions, RequestOptions } from "./request.ts";
import type { ServiceResponse } from "./response.ts";
import type { ServiceCall } from "./service-call.ts";
import type { ServerSentEvent } from "./sse.ts";
import { type FailuresOf, type StatusSchemas, type SuccessOf } from "./status-schemas.ts";
import type { StreamedResponse } from "./streamed-response.ts";
import { waitForEndpoint, type WaitForOptions, waitForPoll, type WaitOptions } from "./wait-for.ts";

/** A call whose answer is JSON; with a schema, the answer is checked and has its type. */
export interface WithSchema<S extends StandardSchemaV1 | StatusSchemas> {
  /** Any Standard Schema (zod, valibot, arktype and others); or one for each status, `{ 200: Payment, 404: Problem }`. */
  readonly schema: S;
}

/** A call whose answer is read as it comes. */
export interface StreamOptions extends RequestOptions {
  /** @defaultValue "GET" */
  readonly method?: string | undefined;
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
  readonly #calls: CurrentCalls;

  /** @throws ServiceConfigurationError with every problem of the options at once. */
  constructor(options: RESTServiceOptions) {
    const settings = readRESTOptions(options, new.target.name);
    super(settings);
    const assertReady = (operation: string): void => this.assertReady(operation);
    this.#calls = new CurrentCalls(settings, { logger: this.logger, assertReady });
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
    return jsonCall(this.#calls, "GET", endpoint, options);
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
    return jsonCall(this.#calls, "POST", endpoint, options);
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
    return jsonCall(this.#calls, "PUT", endpoint, options);
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
    return jsonCall(this.#calls, "PATCH", endpoint, options);
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
    return jsonCall(this.#calls, "DELETE", endpoint, options);
  }

  /**
   * Makes a call with any method; its name is sent in upper case.
   *
   * @throws ServiceConfigurationError for arguments that are wrong, and ServiceUnavailableError unless the service is
   * ready, both before any I/O; any other ExternalServiceError; the reason of `signal`, unchanged.
   */
  request(method: string, endpoint: string, options: RequestOptions = {}): ServiceCall<ServiceResponse> {
    return this.#calls.call(method, endpoint, options, { accept: "anything" });
  }

  /**
   * Makes a call that ends with the head of its answer; the body is read as it comes, under the deadline of the call.
   * It is tried again up to the head, and not beyond. Take it with `await using`.
   *
   * @throws as `request()`
   */
  async stream(endpoint: string, options: StreamOptions = {}): Promise<StreamedResponse> {
    const { method = "GET", ...call } = options;
    return this.#calls.open(method, endpoint, call);
  }

  /**
   * The server-sent events of an endpoint: `for await (const { event, data } of …)`. It connects again by itself, with
   * `Last-Event-ID`, for as long as it is iterated; leaving it closes the connection.
   *
   * @throws ServiceConfigurationError for options that are wrong, at once; while iterating, as
   * `request()`, and ServiceDecodeError for what is no event stream or not of the schema.
   */
  events<S extends StandardSchemaV1>(
    endpoint: string,
    options: EventsOptions & { readonly schema: S },
  ): AsyncGenerator<ServerSentEvent<StandardSchemaV1.InferOutput<S>>, undefined>;
  events(
    endpoint: string,
    options?: EventsOptions & { readonly schema?: undefined },
  ): AsyncGenerator<ServerSentEvent, undefined>;
  events(
    endpoint: string,
    options: EventsOptions & { readonly schema?: StandardSchemaV1 | undefined } = {},
  ): AsyncGenerator<ServerSentEvent<unknown>, undefined> {
    return events(this.#calls, endpoint, options);
  }

  /**
   * The values of an endpoint that answers with a line of JSON for each (NDJSON, JSON Lines), as they come.
   *
   * @throws as `events()`
   */
  lines<S extends StandardSchemaV1>(
    endpoint: string,
    options: LinesOptions<StandardSchemaV1.InferOutput<S>> & { readonly schema: S },
  ): AsyncGenerator<StandardSchemaV1.InferOutput<S>, undefined>;
  lines(
    endpoint: string,
    options?: LinesOptions<unknown> & { readonly schema?: undefined },
  ): AsyncGenerator<unknown, undefined>;
  lines(
    endpoint: string,
    options: LinesOptions<never> & { readonly schema?: StandardSchemaV1 | undefined } = {},
  ): AsyncGenerator<unknown, undefined> {
    return lines(this.#calls, endpoint, options);
  }

  /**
   * Fetches something large into a file or a stream, by GET. A connection that breaks is taken up where it broke, by
   * `Range` and `If-Range`; what is not certainly the same starts anew.
   *
   * @throws as `request()`; ServiceDecodeError `decode-range`; what the destination throws, unchanged.
   */
  async download(endpoint: string, options: DownloadOptions): Promise<Downloaded> {
    return download(this.#calls, endpoint, options);
  }

  /**
   * The items of an endpoint that answers in pages, asked for by GET: `for await (const item of …)`.
   *
   * @throws ServiceConfigurationError for options that are wrong, at once; while iterating, as
   * `request()`, and ServiceDecodeError `decode-next-page`.
   */
  paginate<S extends StandardSchemaV1, Item = ItemOf<StandardSchemaV1.InferOutput<S>>>(
    endpoint: string,
    options: PaginateOptions<StandardSchemaV1.InferOutput<S>, Item> & { readonly schema: S },
  ): Pagination<StandardSchemaV1.InferOutput<S>, Item>;
  paginate<Item = unknown>(
    endpoint: string,
    options?: PaginateOptions<unknown, Item> & { readonly schema?: undefined },
  ): Pagination<unknown, Item>;
  paginate(
    endpoint: string,
    options: PaginateOptions<unknown, unknown> & { readonly schema?: StandardSchemaV1 | undefined } = {},
  ): Pagination<unknown, unknown> {
    return new Pagination(this.#calls, endpoint, options);
  }

  /**
   * Asks an endpoint by GET, or a function of yours, until a condition holds; resolves to the value that it held for.
   *
   * @throws ServiceWaitError; the error of a poll that is not worth repeating; the reason of `signal`, unchanged.
   */
  waitFor<S extends StandardSchemaV1>(
    endpoint: string,
    options: WaitForOptions<StandardSchemaV1.InferOutput<S>> & { readonly schema: S },
  ): Promise<StandardSchemaV1.InferOutput<S>>;
  waitFor<T>(poll: () => PromiseLike<T>, options: WaitOptions<T>): Promise<T>;
  waitFor(endpoint: string, options: WaitForOptions<unknown> & { readonly schema?: undefined }): Promise<unknown>;
  waitFor(
    target: string | (() => PromiseLike<unknown>),
    options: WaitForOptions<unknown> & { readonly schema?: StandardSchemaV1 | undefined },
  ): Promise<unknown> {
    return typeof target === "string"
      ? waitForEndpoint(this.#calls, target, options)
      : waitForPoll(this.#calls, target, options);
  }

  /** Asks `healthEndpoint`, once and without retries, within 5 s or the service's deadline. */
  async checkHealth(options: { readonly signal?: AbortSignal } = {}): Promise<HealthReport> {
    const { healthEndpoint, healthBase, deadlineMs } = this.#calls.settings;
    const { circuitBreaker, concurrency } = this.#calls.stages;
    const startedAt = this.clock.now();
    const report = (status: HealthStatus, output?: string): HealthReport => ({
      service: this.name,
      status,
      latencyMs: Math.round(this.clock.now() - startedAt),
      state: this.lifecycle,
      time: new Date(this.clock.wallNow()).toISOString(),
      ...(output === undefined ? {} : { output }),
      details: {
        inFlight: this.#calls.inFlight,
        circuit: circuitBreaker?.state.name,
        concurrencyLimit: concurrency && Math.floor(concurrency.limit),
        queued: concurrency?.queued,
      },
    });
    try {
      this.assertReady("checkHealth");
      if (healthEndpoint === false) return report("pass", "no health endpoint; the service object is ready");
      const call = { ...options, maxRetries: 0, deadlineMs: Math.min(5_000, deadlineMs) };
      await this.#calls.call("GET", healthEndpoint, call, { accept: "anything", base: healthBase });
      return report("pass");
    } catch (error) {
      options.signal?.throwIfAborted();
      return report(isServiceRateLimitError(error) ? "warn" : "fail", healthOutput(error));
    }
  }

  /** What every call goes through: each stage in its order, with every number and where it comes from. */
  describe(): ServiceDescription {
    return describeRest(this.#calls.settings, this.#calls.stages, this.clock.now());
  }

  /** Why a call failed as it did, and why it was or was not retried. */
  explain(error: ExternalServiceError): Explanation {
    return explain(error);
  }

  /**
   * For `ServiceRegistry.reload()`: readies the settings of another service of the same class. What it returns puts
   * them in force for the calls that begin from then on; those under way end by the settings that they began with.
   */
  async "~takeOver"(fresh: this): Promise<() => void> {
    const putInForce = await this.#calls.takeOver(fresh.#calls.settings, processEnvironment());
    return () => {
      // First: where it throws, nothing has changed.
      this.onReload(fresh);
      putInForce();
    };
  }

  /**
   * Called when `ServiceRegistry.reload()` puts other settings in force, in the same turn. A subclass that keeps some of
   * its own takes them from `fresh`, which was made with the new ones, and is thrown away. Where it throws, the service
   * keeps the former settings.
   */
  protected onReload(_fresh: this): void {}

  // Connections are made when they are needed; a service that is down must not keep the application from starting.
  protected async open(_signal: AbortSignal): Promise<void> {
    await this.#calls.start(processEnvironment());
  }

  protected async shut(): Promise<void> {
    await this.#calls.close();
  }
}
