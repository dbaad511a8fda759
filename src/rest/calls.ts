import type { Clock } from "../core/clock.ts";
import { isExternalServiceError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { currentRequest, type RequestScope } from "../core/request-scope.ts";
import type { Completed, Pipeline } from "../resilience/pipeline.ts";
import type { Answer, OpenAnswer } from "./answer.ts";
import type { Authorizer } from "./auth/authorizer.ts";
import { fixedHeadersOf } from "../core/auth/read-auth.ts";
import type { CallHow, OpenHow, ReadHow } from "./caller.ts";
import { ServiceCall } from "./service-call.ts";
import { acceptEncoding } from "./decode.ts";
import type { RESTSettings } from "./options.ts";
import { Patience } from "./patience.ts";
import { type CallOptions, type RequestOptions, Requests } from "./request.ts";
import { type CallParts, deadlineOf, RESTCall, type Send, signalsOf } from "./rest-call.ts";
import { ServiceResponse } from "./response.ts";
import { StreamedResponse } from "./streamed-response.ts";
import type { Transport } from "./transport.ts";

/** Makes the calls of one service: from the arguments to the response, through the pipeline, onto the transport. */
export class Calls {
  readonly service: string;
  readonly clock: Clock;
  readonly #settings: RESTSettings;
  readonly #pipeline: Pipeline;
  readonly #transport: Transport;
  readonly #assertReady: (operation: string) => void;
  readonly #parts: CallParts;
  readonly #defaultHeaders: Readonly<Record<string, string>>;
  readonly #send: Send<Answer>;
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
    this.#send = (request, attempt, judge) => transport.send(request, attempt, judge);
    this.#assertReady = parts.assertReady;
    this.#parts = { settings, authorizer, logger: parts.logger };
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
    // What is thrown in here rejects the call.
    const call = new ServiceCall<T, Matched>((resolve, reject) => {
      const request = this.#requestsFor(how).prepare(method, endpoint, options);
      this.#assertReady(request.operation);
      const asked = new RESTCall(this.#parts, request, options, this.#send);
      const fail = (error: unknown): void => reject(this.#logged(error, asked.scope));
      const settle = (completed: Completed<Answer>): void => {
        try {
          const about = { service: this.service, operation: asked.operation };
          const value = how.read(call.keep(new ServiceResponse(completed, about)));
          if (value instanceof Promise) value.then(resolve, fail);
          else resolve(value);
        } catch (error) {
          fail(error);
        }
      };
      const { failed } = how;
      // Not an async function of its own: it would cost a call as much as its request does.
      void this.#pipeline
        .execute(asked)
        .then(settle, failed === undefined ? fail : (error) => this.#failAfter(failed, error, asked.scope, reject));
    });
    return call;
  }

  /** Rejects with the error once what is to come before has ended, or with what that throws. */
  async #failAfter(
    failed: (error: unknown) => Promise<void>,
    error: unknown,
    scope: RequestScope | undefined,
    reject: (error: unknown) => void,
  ): Promise<void> {
    const told = this.#logged(error, scope);
    try {
      await failed(error);
      reject(told);
    } catch (defect) {
      reject(defect);
    }
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
    this.#assertReady(request.operation);
    const limits = bodyIdleTimeoutMs === undefined ? {} : { bodyIdleTimeoutMs };
    const send: Send<Answer | OpenAnswer> = (sent, attempt, judge) =>
      this.#transport.open(sent, attempt, limits, judge);
    const asked = new RESTCall(this.#parts, request, options, send);
    const onFailure = (error: unknown): void => this.#logFailure(error, asked.scope);
    try {
      const { value, attempts, elapsedMs } = await this.#pipeline.execute(asked);
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
    const limitMs = deadlineOf(options, scope, this.#settings.deadlineMs);
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
}
