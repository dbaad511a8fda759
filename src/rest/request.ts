import { randomUUID } from "node:crypto";
import { endpointProblem, joinPath } from "../core/endpoint.ts";
import { ServiceConfigurationError } from "../core/errors.ts";
import { headerProblem } from "../core/headers.ts";
import type { CredentialNames } from "../core/auth/read-auth.ts";
import { type BodyOptions, bodyOptions, prepareBody } from "./body.ts";
import { encodeFields, type Fields } from "./fields.ts";
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

// RFC 9110, section 9.2.2.
const idempotentMethods = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);
const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);
const keyedMethods = new Set(["POST", "PATCH"]);

const knownOptions = new Set<string>(
  bodyOptions.concat("params", "path", "headers", "signal", "deadlineMs", "maxRetries", "idempotencyKey"),
);

/**
 * Makes a request of what a call was given, and checks all of it.
 *
 * @param defaults - the headers that go with every call of the service, names in lower case.
 * @throws ServiceConfigurationError with every problem at once, before any I/O.
 */
export function prepareRequest(
  settings: RESTSettings,
  defaults: Readonly<Record<string, string>>,
  method: string,
  endpoint: string,
  options: RequestOptions,
): PreparedRequest {
  if (typeof endpoint !== "string" || typeof options !== "object" || options === null) {
    throw new ServiceConfigurationError(settings.name, [
      `${method}: takes an endpoint (a string) and an options object`,
    ]);
  }
  const problems: string[] = [];
  const report = (problem: string): void => void problems.push(problem);
  if (headerProblem(method, "") !== undefined) report("the method is not a valid HTTP method");
  checkOptions(options, report);
  const filled = fillTemplate(endpoint, options.path ?? {}, report);
  const problem = endpointProblem(filled);
  if (problem !== undefined) report(`endpoint ${problem}`);
  const body = prepareBody(options, report);
  const { headers, isKeyed, hasOwnKey } = prepareHeaders(settings, defaults, method, options, body, report);
  const query = options.params === undefined ? "" : encodeFields("params", options.params, report);

  const operation = `${method} ${withoutQuery(joinPath(settings.base.path, endpoint))}`;
  if (problems.length > 0) {
    throw new ServiceConfigurationError(
      settings.name,
      problems.map((text) => `${problem === undefined ? operation : method}: ${text}`),
    );
  }
  const isIdempotent = idempotentMethods.has(method);
  const path = withQuery(joinPath(settings.base.path, encodePath(filled)), query);
  const isShareable = settings.coalesce && safeMethods.has(method) && body.contentType === undefined;
  return {
    method,
    path,
    operation,
    headers,
    body,
    isRepeatable: isIdempotent || isKeyed,
    isRepeatableLater: isIdempotent || hasOwnKey,
    credentials: settings.credentials,
    isSigned: false,
    identity: isShareable ? JSON.stringify([method, path, headers]) : undefined,
  };
}

const withoutQuery = (path: string): string => path.split("?", 1)[0] ?? "";

function withQuery(path: string, query: string): string {
  if (query === "") return path;
  return `${path}${path.includes("?") ? "&" : "?"}${query}`;
}

function checkOptions(options: RequestOptions, report: (problem: string) => void): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || knownOptions.has(name)) continue;
    if (name === "schema") report("schema goes with getJson and the like, or with json(schema) of the response");
    else report(`unknown option ${name}; known are ${[...knownOptions].toSorted().join(", ")}`);
  }
  const { deadlineMs, maxRetries, signal } = options;
  if (deadlineMs !== undefined && !(typeof deadlineMs === "number" && deadlineMs > 0)) {
    report(`deadlineMs must be a number above 0, not ${String(deadlineMs)}`);
  }
  if (maxRetries !== undefined && !(Number.isInteger(maxRetries) && maxRetries >= 0)) {
    report(`maxRetries must be a whole number of at least 0, not ${String(maxRetries)}`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) report("signal must be an AbortSignal");
  const { headers } = options;
  if (headers !== undefined && (typeof headers !== "object" || headers === null || Symbol.iterator in headers)) {
    // A Headers object has no properties of its own: it would be dropped without a word.
    report("headers must be an object of names and string values");
  }
}

function fillTemplate(
  endpoint: string,
  values: Readonly<Record<string, unknown>>,
  report: (problem: string) => void,
): string {
  const unused = new Set(Object.keys(values));
  const filled = endpoint.replaceAll(/\{([^{}]*)\}/g, (_all, name: string) => {
    unused.delete(name);
    const value = values[name];
    const text = typeof value === "string" || typeof value === "number" || typeof value === "bigint" ? `${value}` : "";
    if (text === "") {
      report(`path.${name} is needed for {${name}}, as a string or number that is not empty`);
    } else if (text === "." || text === "..") {
      // No encoding saves these: servers undo it and then climb.
      report(`path.${name} must not be "." or ".."`);
      return "";
    }
    return encodeURIComponent(text.toWellFormed());
  });
  for (const name of unused) report(`path.${name} is given, but the endpoint has no {${name}}`);
  return filled;
}

function prepareHeaders(
  settings: RESTSettings,
  defaults: Readonly<Record<string, string>>,
  method: string,
  options: RequestOptions,
  body: PreparedBody,
  report: (problem: string) => void,
): { headers: Readonly<Record<string, string>>; isKeyed: boolean; hasOwnKey: boolean } {
  const own = keyOf(settings, options);
  const key = own ?? (settings.idempotencyHeader !== undefined && keyedMethods.has(method) ? randomUUID() : undefined);
  const isKeyed = key !== undefined;
  const hasOwnKey = own !== undefined;
  if (options.headers === undefined && !isKeyed && body.contentType === undefined) {
    return { headers: defaults, isKeyed, hasOwnKey };
  }
  const headers: Record<string, string> = { ...defaults };
  if (body.contentType !== undefined) headers["content-type"] = body.contentType;
  if (body.contentLength !== undefined) headers["content-length"] = String(body.contentLength);
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    const problem = headerProblem(name, value ?? "");
    if (problem !== undefined) report(problem);
    else if (value === undefined) delete headers[name.toLowerCase()];
    else headers[name.toLowerCase()] = value;
  }
  if (key !== undefined) {
    const name = settings.idempotencyHeader ?? "idempotency-key";
    const problem = key === "" ? "idempotencyKey must not be empty" : headerProblem(name, key);
    if (problem === undefined) headers[name] = key;
    else report(problem);
  }
  return { headers, isKeyed, hasOwnKey };
}

/** The key that the caller chose, as the option or as the header itself. */
function keyOf(settings: RESTSettings, options: RequestOptions): string | undefined {
  if (options.idempotencyKey !== undefined) return options.idempotencyKey;
  const name = settings.idempotencyHeader ?? "idempotency-key";
  const entry = Object.entries(options.headers ?? {}).find(([given]) => given.toLowerCase() === name);
  return entry?.[1];
}
