import { type BaseUrl, endpointProblem, readBaseUrl } from "../core/endpoint.ts";
import { type ExternalServiceOptions, readServiceParts, type ServiceParts } from "../core/external-service.ts";
import { headerProblem } from "../core/headers.ts";
import { type OptionOrigin, OptionReader } from "../core/options.ts";
import type { Secret } from "../core/secret.ts";
import type { AttemptAuth, AuthProvider } from "../core/auth/provider.ts";
import { type AuthSettings, readAuth } from "../core/auth/read-auth.ts";
import { defaultMaxConnections } from "../resilience/concurrency-limit.ts";
import { readStages, type StageOptions, type StageSettings } from "../resilience/stages.ts";
import { readTransport, type TransportChoices, type TransportOptions } from "./transport-options.ts";

/** What a RESTService is made with. All durations are milliseconds, above 0. */
export interface RESTServiceOptions extends ExternalServiceOptions, StageOptions, TransportOptions {
  /** `http:` or `https:`, without credentials, query or fragment. A path in it stays in front of every endpoint. */
  readonly baseUrl: string | URL;
  /** A path that goes between the base URL and every endpoint: `/v1`. @defaultValue "" */
  readonly endpointBase?: string | undefined;
  /** Sent with every call; those of a call win. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as `Authorization: Bearer …`. Never shown. The short form of `auth: bearer(key)`. */
  readonly apiKey?: string | Secret | undefined;
  /**
   * What proves to the service who calls: `bearer`, `basic`, `apiKeyHeader`, `apiKeyQuery`, `hmac`,
   * `oauth2ClientCredentials` (from `hawser/auth/oauth2`), `awsSigV4` (from `hawser/auth/sigv4`), or one of your own:
   * `{ name, apply }`, or just the function. Instead of `apiKey`. Headers that a call is given win over it.
   */
  readonly auth?: AuthProvider | AttemptAuth["apply"] | undefined;
  /**
   * What `checkHealth` asks, by GET, below the base URL and beside `endpointBase`; `false` where the service has none.
   * @defaultValue "/health"
   */
  readonly healthEndpoint?: string | false | undefined;
  /** For a whole call: waits, attempts, and the answer to its last byte. @defaultValue 30000 */
  readonly deadlineMs?: number | undefined;
  /** For one attempt, to the last byte of its answer; at most `deadlineMs`. @defaultValue 10000 */
  readonly attemptTimeoutMs?: number | undefined;
  /** For one connection: DNS, TCP, TLS and the tunnel of a proxy, all together. @defaultValue 3000 */
  readonly connectTimeoutMs?: number | undefined;
  /** Between two pieces of an answer's body. @defaultValue 15000 */
  readonly bodyIdleTimeoutMs?: number | undefined;
  /**
   * A header in which each attempt says how many milliseconds are left of the call, for a service that stops working
   * when nobody waits any more. @defaultValue none
   */
  readonly deadlineHeader?: string | undefined;
  /**
   * Whether the trace of the request that a call is made in (`withRequest`) is sent on with every attempt, as
   * `traceparent` and `tracestate`; a `traceparent` of the call or the service wins. Off is for where a tracer writes
   * its own, such as OpenTelemetry's instrumentation of undici. @defaultValue true
   */
  readonly propagateTrace?: boolean | undefined;
  /** For calls under way when `close` is called; then they are ended. @defaultValue 5000 */
  readonly closeTimeoutMs?: number | undefined;
  /**
   * Whether the service honours idempotency keys: POST and PATCH then get one per call, the same on every attempt,
   * and may be retried. `true`: in `Idempotency-Key`; or the name of the header. @defaultValue false
   */
  readonly idempotency?: boolean | string | undefined;
}

/** The options, checked and with their defaults. */
export interface RESTSettings extends ServiceParts, StageSettings, AuthSettings, TransportChoices {
  readonly base: BaseUrl;
  /** Without `endpointBase`: a version in front of the endpoints is seldom in front of the health check as well. */
  readonly healthBase: BaseUrl;
  readonly headers: Readonly<Record<string, string>>;
  readonly healthEndpoint: string | false;
  readonly deadlineMs: number;
  readonly attemptTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly bodyIdleTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly deadlineHeader: string | undefined;
  readonly propagateTrace: boolean;
  readonly idempotencyHeader: string | undefined;
  /** Where the value of an option comes from; for `describe()`. */
  readonly origins: (option: string) => OptionOrigin;
}

/** @throws ServiceConfigurationError with every problem of the options at once. */
export function readRESTOptions(options: RESTServiceOptions, fallbackName: string): RESTSettings {
  const given = options as unknown as { name?: unknown } | null | undefined;
  const reader = new OptionReader(typeof given?.name === "string" ? given.name : fallbackName, options);
  const parts = readServiceParts(reader, fallbackName);
  const base = readBaseUrl(reader, "baseUrl", ["https:", "http:"]);
  const endpointBase = readEndpoint(reader, "endpointBase", "");
  if (endpointBase.includes("?")) reader.problem("endpointBase must not have a query: every endpoint goes behind it");
  const limits = readLimits(reader);
  const headers = readHeaders(reader);
  const maxConnections = reader.number("maxConnections", undefined, { min: 1, whole: true });
  const stages = readStages(reader, maxConnections);
  const settings: RESTSettings = {
    ...parts,
    ...limits,
    ...stages,
    ...readTransport(reader, {
      origin: base.origin,
      maxConnections: maxConnections ?? Math.max(defaultMaxConnections, stages.concurrency?.max ?? 0),
    }),
    base: { origin: base.origin, path: base.path + withoutEndSlash(encodePath(endpointBase)) },
    healthBase: base,
    headers,
    ...readAuth(reader, headers),
    healthEndpoint: reader.any("healthEndpoint") === false ? false : readEndpoint(reader, "healthEndpoint", "/health"),
    deadlineHeader: readHeaderName(reader, "deadlineHeader"),
    propagateTrace: reader.boolean("propagateTrace", true),
    idempotencyHeader: readIdempotency(reader),
    origins: reader.origins(),
  };
  reader.finish();
  return settings;
}

function readLimits(
  reader: OptionReader,
): Pick<RESTSettings, "deadlineMs" | "attemptTimeoutMs" | "connectTimeoutMs" | "bodyIdleTimeoutMs" | "closeTimeoutMs"> {
  const positive = (name: string, fallback: number): number => reader.number(name, fallback, { min: 1 });
  const deadlineMs = positive("deadlineMs", 30_000);
  // Only values that the user gave can contradict each other: a default is cut to fit.
  const clipped = (name: string, fallback: number): number => {
    const value = positive(name, Math.min(fallback, deadlineMs));
    if (value > deadlineMs) reader.problem(`${name} (${value}) must not be above deadlineMs (${deadlineMs})`);
    return value;
  };
  return {
    deadlineMs,
    attemptTimeoutMs: clipped("attemptTimeoutMs", 10_000),
    connectTimeoutMs: clipped("connectTimeoutMs", 3_000),
    bodyIdleTimeoutMs: clipped("bodyIdleTimeoutMs", 15_000),
    closeTimeoutMs: reader.number("closeTimeoutMs", 5_000, { min: 0 }),
  };
}

function readEndpoint(reader: OptionReader, name: string, fallback: string): string {
  const endpoint = reader.string(name, fallback);
  const problem = endpointProblem(endpoint);
  if (problem !== undefined) reader.problem(`${name} ${problem}`);
  return endpoint === "" || endpoint.startsWith("/") ? endpoint : `/${endpoint}`;
}

/** Encodes what a path may not hold; what is encoded already stays as it is. */
export function encodePath(path: string): string {
  return encodeURI(path.toWellFormed()).replaceAll("%25", "%");
}

const withoutEndSlash = (path: string): string => path.replace(/\/+$/, "");

function readHeaders(reader: OptionReader): Record<string, string> {
  const given = reader.any("headers");
  if (given === undefined) return {};
  const headers: Record<string, string> = {};
  if (typeof given !== "object" || given === null || Symbol.iterator in given) {
    reader.problem("headers must be an object of names and string values");
    return headers;
  }
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const problem = headerProblem(name, value);
    if (problem === undefined) headers[name.toLowerCase()] = value as string;
    else reader.problem(problem);
  }
  return headers;
}

function readHeaderName(reader: OptionReader, name: string): string | undefined {
  const given = reader.any(name);
  if (given === undefined) return undefined;
  if (typeof given === "string" && headerProblem(given, "") === undefined) return given.toLowerCase();
  reader.problem(`${name} must be the name of a header`);
  return undefined;
}

function readIdempotency(reader: OptionReader): string | undefined {
  const given = reader.any("idempotency");
  if (given === undefined || given === false) return undefined;
  if (given === true) return "idempotency-key";
  if (typeof given === "string" && headerProblem(given, "") === undefined) return given.toLowerCase();
  reader.problem("idempotency must be true, false or the name of a header");
  return undefined;
}
