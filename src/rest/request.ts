import { randomUUID } from "node:crypto";
import { type BaseUrl, endpointProblem, joinPath } from "../core/endpoint.ts";
import { ServiceConfigurationError } from "../core/errors.ts";
import { headerProblem } from "../core/headers.ts";
import type { CredentialNames } from "../core/auth/read-auth.ts";
import { type BodyOptions, bodyOptions, noBody, prepareBody } from "./body.ts";
import { type EndpointTemplate, fillEndpoint, filledPath, templateOf } from "./endpoint-template.ts";
import { encodeFields, type Fields } from "./fields.ts";
import { KnownEndpoints } from "./known-endpoints.ts";
import { encodePath, type RESTSettings } from "./options.ts";
import type { PreparedBody } from "./prepared-body.ts";

/** What every call can be given. */
export interface CallOptions {
  /** Query parameters: a list repeats the name; undefined and null are left out. */
  readonly params?: Fields | undefined;
  /** Values for the `{names}` in the endpoint; each is encoded, so none can add a segment. */
  readonly path?: Readonly<Record<string, string | number | bigint>> | undefined;
  /** For this call; they win over those of the service. An undefined one takes the service's own away. */
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  /** Ends the call, wherever it is; its reason is thrown unchanged. */
  readonly signal?: AbortSignal | undefined;
  /** Instead of the service's own, in milliseconds, above 0. An inherited deadline still wins where it is earlier. */
  readonly deadlineMs?: number | undefined;
  /** Instead of the service's own. */
  readonly maxRetries?: number | undefined;
  /** The key under which this call takes effect once, for a service that honours it. Makes the call repeatable. */
  readonly idempotencyKey?: string | undefined;
}

/** A call of any method, with or without a body. */
export interface RequestOptions extends CallOptions, BodyOptions {}

/** A request as the transport takes it; the same for every attempt. */
export interface PreparedRequest {
  readonly method: string;
  /** With the query, encoded. */
  readonly path: string;
  /** Method and path without query and with the template's names in place of values: fit for errors and logs. */
  readonly operation: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: PreparedBody;
  readonly isRepeatable: boolean;
  readonly isRepeatableLater: boolean;
  /** What of the headers and of the query is a credential: hidden in logs, and not for any other origin. */
  readonly credentials: CredentialNames | undefined;
  /** The credentials are a signature of this very request: a redirect within the origin would break it. */
  readonly isSigned: boolean;
  /** What makes two calls the same, for safe ones without a body; see the option `coalesce`. */
  readonly identity: string | undefined;
}

/** What the requests of a service depend on. */
export type RequestSettings = Pick<RESTSettings, "name" | "base" | "idempotencyHeader" | "coalesce" | "credentials">;

type Headers = Readonly<Record<string, string>>;
type Report = (problem: string) => void;

/** What calls to an endpoint by one method have in common. */
interface Known {
  readonly template: EndpointTemplate;
  /** Without values in its path, and without what a call may add. */
  readonly request: PreparedRequest;
  /** Nothing is missing of it, for a call that adds nothing. */
  readonly isWhole: boolean;
}

// RFC 9110, section 9.2.2.
const idempotentMethods = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);
const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);
const keyedMethods = new Set(["POST", "PATCH"]);

const knownOptions = new Set<string>(
  bodyOptions.concat("params", "path", "headers", "signal", "deadlineMs", "maxRetries", "idempotencyKey"),
);

/**
 * Makes requests of what calls are given, and checks all of it. What calls have in common is made and checked once: a
 * call that adds nothing to its endpoint gets a request that others have had before it.
 */
export class Requests {
  readonly #settings: RequestSettings;
  readonly #headers: Headers;
  /** With the content type of a body. */
  readonly #headersByType = new Map<string, Headers>();
  readonly #known = new KnownEndpoints<Known>();

  /** @param headers - those that go with every call, names in lower case. */
  constructor(settings: RequestSettings, headers: Headers) {
    this.#settings = settings;
    this.#headers = headers;
  }

  /** Those of the same service below another base. */
  below(base: BaseUrl): Requests {
    return new Requests({ ...this.#settings, base }, this.#headers);
  }

  /**
   * @param name - of the method, in either case.
   * @throws ServiceConfigurationError with every problem at once, before any I/O.
   */
  prepare(name: string, endpoint: string, options: RequestOptions): PreparedRequest {
    if (typeof name !== "string") {
      throw new ServiceConfigurationError(this.#settings.name, ["the method must be a string, such as GET"]);
    }
    const method = name.toUpperCase();
    if (typeof endpoint !== "string" || typeof options !== "object" || options === null) {
      throw new ServiceConfigurationError(this.#settings.name, [
        `${method}: takes an endpoint (a string) and an options object`,
      ]);
    }
    const known = this.#known.get(method, endpoint) ?? this.#learn(method, endpoint);
    if (known?.isWhole === true && addsNothing(options)) return known.request;
    return this.#prepareFor(known, method, endpoint, options);
  }

  #prepareFor(known: Known | undefined, method: string, endpoint: string, options: RequestOptions): PreparedRequest {
    const { name: service, base } = this.#settings;
    const problems: string[] = [];
    const report = (problem: string): void => void problems.push(problem);
    if (known === undefined && headerProblem(method, "") !== undefined) report("the method is not a valid HTTP method");
    checkOptions(options, report);
    const values = options.path ?? {};
    let path = known === undefined ? undefined : filledPath(known.template, values);
    let problem: string | undefined;
    if (path === undefined) {
      const filled = fillEndpoint(endpoint, values, report);
      problem = endpointProblem(filled);
      if (problem !== undefined) report(`endpoint ${problem}`);
      path = joinPath(base.path, encodePath(filled));
    }
    const body = prepareBody(options, report);
    const ownKey = this.#ownKey(options);
    const key = ownKey ?? (this.#isKeyed(method) ? randomUUID() : undefined);
    const headers = this.#headersFor(options.headers, key, body, report);
    const query = options.params === undefined ? "" : encodeFields("params", options.params, report);
    if (problems.length > 0) {
      const place = problem === undefined ? this.#operation(method, endpoint) : method;
      throw new ServiceConfigurationError(
        service,
        problems.map((text) => `${place}: ${text}`),
      );
    }
    const operation = known?.request.operation ?? this.#operation(method, endpoint);
    return this.#request(
      method,
      withQuery(path, query),
      operation,
      headers,
      body,
      key !== undefined,
      ownKey !== undefined,
    );
  }

  /** What can be known of an endpoint without a call; undefined where that depends on the call, or it is refused. */
  #learn(method: string, endpoint: string): Known | undefined {
    if (headerProblem(method, "") !== undefined) return undefined;
    const template = templateOf(endpoint, this.#settings.base.path);
    if (template === undefined) return undefined;
    const path = template.pieces[0] ?? "";
    const operation = this.#operation(method, endpoint);
    const request = this.#request(method, path, operation, this.#headers, noBody, false, false);
    const known = { template, request, isWhole: template.names.length === 0 && !this.#isKeyed(method) };
    this.#known.add(method, endpoint, known);
    return known;
  }

  #request(
    method: string,
    path: string,
    operation: string,
    headers: Headers,
    body: PreparedBody,
    isKeyed: boolean,
    hasOwnKey: boolean,
  ): PreparedRequest {
    const { coalesce, credentials } = this.#settings;
    const isIdempotent = idempotentMethods.has(method);
    const isShareable = coalesce && safeMethods.has(method) && body.contentType === undefined;
    return {
      method,
      path,
      operation,
      headers,
      body,
      isRepeatable: isIdempotent || isKeyed,
      isRepeatableLater: isIdempotent || hasOwnKey,
      credentials,
      isSigned: false,
      identity: isShareable ? JSON.stringify([method, path, headers]) : undefined,
    };
  }

  #operation(method: string, endpoint: string): string {
    return `${method} ${withoutQuery(joinPath(this.#settings.base.path, endpoint))}`;
  }

  /** Whether a call without a key of its own gets one. */
  #isKeyed(method: string): boolean {
    return this.#settings.idempotencyHeader !== undefined && keyedMethods.has(method);
  }

  get #keyHeader(): string {
    return this.#settings.idempotencyHeader ?? "idempotency-key";
  }

  /** The key that the caller chose, as the option or as the header itself. */
  #ownKey({ idempotencyKey, headers }: RequestOptions): string | undefined {
    if (idempotencyKey !== undefined || headers === undefined) return idempotencyKey;
    const name = Object.keys(headers ?? {}).find((given) => given.toLowerCase() === this.#keyHeader);
    return name === undefined ? undefined : headers[name];
  }

  #headersFor(own: RequestOptions["headers"], key: string | undefined, body: PreparedBody, report: Report): Headers {
    const common = this.#headersWith(body);
    if (own === undefined && key === undefined) return common;
    const headers: Record<string, string> = { ...common };
    for (const [name, value] of Object.entries(own ?? {})) {
      const problem = headerProblem(name, value ?? "");
      if (problem !== undefined) report(problem);
      else if (value === undefined) delete headers[name.toLowerCase()];
      else headers[name.toLowerCase()] = value;
    }
    if (key !== undefined) {
      const name = this.#keyHeader;
      const problem = key === "" ? "idempotencyKey must not be empty" : headerProblem(name, key);
      if (problem === undefined) headers[name] = key;
      else report(problem);
    }
    return headers;
  }

  #headersWith({ contentType, contentLength, payload }: PreparedBody): Headers {
    if (contentType === undefined) return this.#headers;
    const made = this.#headersByType.get(contentType);
    if (made !== undefined && contentLength === undefined) return made;
    const length = contentLength === undefined ? {} : { "content-length": String(contentLength) };
    const headers = { ...this.#headers, "content-type": contentType, ...length };
    // A multipart body has a type of its own, with its boundary, and no payload.
    if (contentLength === undefined && payload !== undefined) this.#headersByType.set(contentType, headers);
    return headers;
  }
}

const withoutQuery = (path: string): string => path.split("?", 1)[0] ?? "";

function withQuery(path: string, query: string): string {
  if (query === "") return path;
  return `${path}${path.includes("?") ? "&" : "?"}${query}`;
}

/** Whether nothing in the options changes the request, or is to be refused. What inherits is left to a closer look. */
function addsNothing(options: RequestOptions): boolean {
  if (Object.getPrototypeOf(options) !== Object.prototype) return false;
  for (const name in options) {
    const value: unknown = options[name as keyof RequestOptions];
    if (value !== undefined && !isLimit(name, value)) return false;
  }
  return true;
}

/** Whether this is an option that ends a call, and valid. */
function isLimit(name: string, value: unknown): boolean {
  switch (name) {
    case "deadlineMs":
      return typeof value === "number" && value > 0;
    case "maxRetries":
      return Number.isInteger(value) && (value as number) >= 0;
    case "signal":
      return value instanceof AbortSignal;
    default:
      return false;
  }
}

function checkOptions(options: RequestOptions, report: Report): void {
  for (const name in options) {
    if (knownOptions.has(name) || !Object.hasOwn(options, name)) continue;
    if (options[name as keyof RequestOptions] === undefined) continue;
    if (name === "schema") report("schema goes with getJson and the like, or with json(schema) of the response");
    else report(`unknown option ${name}; known are ${[...knownOptions].toSorted().join(", ")}`);
  }
  const { deadlineMs, maxRetries, signal, headers } = options;
  if (deadlineMs !== undefined && !isLimit("deadlineMs", deadlineMs)) {
    report(`deadlineMs must be a number above 0, not ${String(deadlineMs)}`);
  }
  if (maxRetries !== undefined && !isLimit("maxRetries", maxRetries)) {
    report(`maxRetries must be a whole number of at least 0, not ${String(maxRetries)}`);
  }
  if (signal !== undefined && !isLimit("signal", signal)) report("signal must be an AbortSignal");
  if (headers !== undefined && (typeof headers !== "object" || headers === null || Symbol.iterator in headers)) {
    // A Headers object has no properties of its own: it would be dropped without a word.
    report("headers must be an object of names and string values");
  }
}
