import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ServiceDescription } from "../core/description.ts";
import type { ExternalServiceError } from "../core/errors.ts";
import type { BaseExternalService } from "../core/external-service.ts";
import type { HealthReport } from "../core/health.ts";
import type { Explanation } from "../resilience/explain.ts";
import type { Downloaded, DownloadOptions } from "./download.ts";
import type { EventsOptions } from "./events.ts";
import type { AnswerBy, OperationCall } from "./openapi-answer.ts";
import type {
  AnySchema,
  ByGet,
  ByPost,
  CallArgument,
  Checked,
  JsonCall,
  LinesArgument,
  OwnOptions,
  Read,
  ReadArgument,
  WithOwnSchema,
} from "./openapi-arguments.ts";
import type { OperationOf, OperationOptions, PathWith } from "./openapi-operation.ts";
import type { RESTServiceOptions } from "./options.ts";
import type { ItemOf, PaginateOptions, Pagination } from "./pagination.ts";
import { RESTService as PlainRESTService } from "./rest-service.ts";
import type { RequestOptions } from "./request.ts";
import type { ServiceResponse } from "./response.ts";
import type { ServiceCall } from "./service-call.ts";
import type { ServerSentEvent } from "./sse.ts";
import type { StreamedResponse } from "./streamed-response.ts";
import type { WaitForOptions, WaitOptions } from "./wait-for.ts";

/**
 * What a RESTService has whatever its document is. A declaration alone, for an interface cannot say that the abstract
 * members of BaseExternalService are there.
 */
export declare abstract class RESTServiceOfAny extends BaseExternalService {
  /** Makes any call, also one that is not in the document. */
  request(method: string, endpoint: string, options?: RequestOptions): ServiceCall<ServiceResponse>;

  /** Asks `healthEndpoint`, once and without retries, within 5 s or the service's deadline. */
  override checkHealth(options?: { readonly signal?: AbortSignal }): Promise<HealthReport>;

  /** What every call goes through: each stage in its order, with every number and where it comes from. */
  describe(): ServiceDescription;

  /** Why a call failed as it did, and why it was or was not retried. */
  explain(error: ExternalServiceError): Explanation;

  protected override open(signal: AbortSignal): Promise<void>;
  protected override shut(): Promise<void>;
}

/**
 * A REST service whose calls are those of an OpenAPI document: what RESTService is when it is given the
 * `paths` that openapi-typescript writes. Where the document says nothing of a call, `request()` makes it.
 *
 * At run time it is a RESTService like any other.
 */
export interface OpenAPIService<Paths extends object> extends RESTServiceOfAny {
  get<Path extends PathWith<Paths, "get">>(
    endpoint: Path,
    ...options: CallArgument<Paths, Path, "get">
  ): NoInfer<OperationCall<OperationOf<Paths, Path, "get">, ServiceResponse>>;

  post<Path extends PathWith<Paths, "post">>(
    endpoint: Path,
    ...options: CallArgument<Paths, Path, "post">
  ): NoInfer<OperationCall<OperationOf<Paths, Path, "post">, ServiceResponse>>;

  put<Path extends PathWith<Paths, "put">>(
    endpoint: Path,
    ...options: CallArgument<Paths, Path, "put">
  ): NoInfer<OperationCall<OperationOf<Paths, Path, "put">, ServiceResponse>>;

  patch<Path extends PathWith<Paths, "patch">>(
    endpoint: Path,
    ...options: CallArgument<Paths, Path, "patch">
  ): NoInfer<OperationCall<OperationOf<Paths, Path, "patch">, ServiceResponse>>;

  delete<Path extends PathWith<Paths, "delete">>(
    endpoint: Path,
    ...options: CallArgument<Paths, Path, "delete">
  ): NoInfer<OperationCall<OperationOf<Paths, Path, "delete">, ServiceResponse>>;

  head<Path extends PathWith<Paths, "head">>(
    endpoint: Path,
    ...options: CallArgument<Paths, Path, "head">
  ): NoInfer<OperationCall<OperationOf<Paths, Path, "head">, ServiceResponse>>;

  options<Path extends PathWith<Paths, "options">>(
    endpoint: Path,
    ...options: CallArgument<Paths, Path, "options">
  ): NoInfer<OperationCall<OperationOf<Paths, Path, "options">, ServiceResponse>>;

  /** The answer's JSON, of the type that the document says, or that `schema` makes of it. Likewise the other `…Json` methods. */
  getJson<Path extends PathWith<Paths, "get">, Schema extends AnySchema = undefined>(
    endpoint: Path,
    ...options: CallArgument<Paths, Path, "get", WithOwnSchema<Schema>>
  ): NoInfer<JsonCall<OperationOf<Paths, Path, "get">, Schema>>;

  postJson<Path extends PathWith<Paths, "post">, Schema extends AnySchema = undefined>(
    endpoint: Path,
    ...options: CallArgument<Paths, Path, "post", WithOwnSchema<Schema>>
  ): NoInfer<JsonCall<OperationOf<Paths, Path, "post">, Schema>>;

  putJson<Path extends PathWith<Paths, "put">, Schema extends AnySchema = undefined>(
    endpoint: Path,
    ...options: CallArgument<Paths, Path, "put", WithOwnSchema<Schema>>
  ): NoInfer<JsonCall<OperationOf<Paths, Path, "put">, Schema>>;

  patchJson<Path extends PathWith<Paths, "patch">, Schema extends AnySchema = undefined>(
    endpoint: Path,
    ...options: CallArgument<Paths, Path, "patch", WithOwnSchema<Schema>>
  ): NoInfer<JsonCall<OperationOf<Paths, Path, "patch">, Schema>>;

  deleteJson<Path extends PathWith<Paths, "delete">, Schema extends AnySchema = undefined>(
    endpoint: Path,
    ...options: CallArgument<Paths, Path, "delete", WithOwnSchema<Schema>>
  ): NoInfer<JsonCall<OperationOf<Paths, Path, "delete">, Schema>>;

  stream<Path extends PathWith<Paths, "get">>(
    endpoint: Path,
    ...options: CallArgument<Paths, Path, "get", ByGet>
  ): Promise<StreamedResponse>;
  stream<Path extends PathWith<Paths, "post">>(
    endpoint: Path,
    options: OperationOptions<OperationOf<Paths, Path, "post">> & ByPost,
  ): Promise<StreamedResponse>;

  events<Path extends PathWith<Paths, "get">, Schema extends StandardSchemaV1 | undefined = undefined>(
    endpoint: Path,
    ...options: CallArgument<Paths, Path, "get", ByGet & OwnOptions<EventsOptions> & WithOwnSchema<Schema>>
  ): AsyncGenerator<ServerSentEvent<Checked<Schema, string>>, undefined>;
  events<Path extends PathWith<Paths, "post">, Schema extends StandardSchemaV1 | undefined = undefined>(
    endpoint: Path,
    options: OperationOptions<OperationOf<Paths, Path, "post">> &
      ByPost &
      OwnOptions<EventsOptions> &
      WithOwnSchema<Schema>,
  ): AsyncGenerator<ServerSentEvent<Checked<Schema, string>>, undefined>;

  lines<Path extends PathWith<Paths, "get">, Schema extends StandardSchemaV1 | undefined = undefined>(
    endpoint: Path,
    ...options: CallArgument<Paths, Path, "get", ByGet & LinesArgument<Schema>>
  ): AsyncGenerator<Checked<Schema, unknown>, undefined>;
  lines<Path extends PathWith<Paths, "post">, Schema extends StandardSchemaV1 | undefined = undefined>(
    endpoint: Path,
    options: OperationOptions<OperationOf<Paths, Path, "post">> & ByPost & LinesArgument<Schema>,
  ): AsyncGenerator<Checked<Schema, unknown>, undefined>;

  download<Path extends PathWith<Paths, "get">>(
    endpoint: Path,
    options: Read<Paths, Path, DownloadOptions>,
  ): Promise<Downloaded>;

  paginate<
    Path extends PathWith<Paths, "get">,
    Schema extends StandardSchemaV1 | undefined = undefined,
    Body = AnswerBy<OperationOf<Paths, Path, "get">, Schema>,
    Item = ItemOf<Body>,
  >(
    endpoint: Path,
    ...options: ReadArgument<Paths, Path, PaginateOptions<Body, Item> & WithOwnSchema<Schema>>
  ): Pagination<Body, Item>;

  waitFor<
    Path extends PathWith<Paths, "get">,
    Schema extends StandardSchemaV1 | undefined = undefined,
    Body = AnswerBy<OperationOf<Paths, Path, "get">, Schema>,
  >(endpoint: Path, options: Read<Paths, Path, WaitForOptions<Body> & WithOwnSchema<Schema>>): Promise<Body>;
  waitFor<T>(poll: () => PromiseLike<T>, options: WaitOptions<T>): Promise<T>;
}

/** A RESTService, with the types of whatever document, or of none. */
export type AnyRESTService = BaseExternalService & Pick<PlainRESTService, "request" | "describe" | "explain">;

/** The class, to be extended as it is, or with the `paths` of a document. */
export type RESTServiceClass = typeof PlainRESTService &
  (abstract new <Paths extends object>(
    options: RESTServiceOptions,
  ) => OpenAPIService<Paths>);

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
 * With the `paths` that openapi-typescript writes for an OpenAPI document, `extends RESTService<paths>`, the compiler
 * checks and completes every call: paths, parameters, bodies and answers.
 *
 * Every method makes one call: under one deadline that reaches to the last byte of the answer, with as many attempts
 * as the pipeline allows, and throws an ExternalServiceError for everything that is not a 2xx.
 */
// The types of a document are gone at run time: there is but one class.
export const RESTService: RESTServiceClass = PlainRESTService as RESTServiceClass;
export type RESTService<Paths extends object | undefined = undefined> = Paths extends object
  ? OpenAPIService<Paths>
  : PlainRESTService;
