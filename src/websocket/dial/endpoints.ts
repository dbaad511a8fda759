import { type BaseUrl, endpointProblem, joinPath, readBaseUrl } from "../../core/endpoint.ts";
import type { OptionReader } from "../../core/options.ts";
import { type AttemptContext, isComputed, type PerAttempt, valueFor } from "./per-attempt.ts";
import type { StreamName } from "./socket-errors.ts";

/** Where a stream may be dialled. */
export type Endpoints =
  | { readonly kind: "below"; readonly base: BaseUrl; readonly endpoint: PerAttempt<string> }
  | { readonly kind: "listed"; readonly urls: PerAttempt<readonly string[]> };

/** Where one attempt dials. */
export interface DialedEndpoint {
  /** `ws:` or `wss:`, with its query, which may hold a secret. */
  readonly url: string;
  /** The same as it may be shown: without its query. */
  readonly shown: string;
  /** How many there are to choose from. */
  readonly count: number;
}

const schemes = ["wss:", "ws:", "https:", "http:"];

/**
 * Reads `baseUrl` and `endpoint`, or `endpoints` in the place of both.
 *
 * @returns with the path of the stream for errors and logs, as far as it is known before the first attempt.
 */
export function readEndpoints(reader: OptionReader): { readonly endpoints: Endpoints; readonly path: string } {
  const urls = reader.any("endpoints");
  if (urls === undefined) return readBelow(reader);
  for (const other of ["baseUrl", "endpoint"]) {
    if (reader.any(other) !== undefined) {
      reader.problem(`endpoints and ${other} are both given: endpoints are whole URLs, and need no other`);
    }
  }
  if (typeof urls === "function") {
    return { endpoints: { kind: "listed", urls: urls as PerAttempt<readonly string[]> }, path: "/" };
  }
  const problems = urlProblems(urls);
  for (const problem of problems) reader.problem(problem);
  const list = problems.length > 0 ? [] : (urls as readonly string[]);
  const [first] = list;
  const path = first === undefined ? "/" : new URL(first).pathname;
  // A copy: what somebody does to their list later has been checked by nobody.
  return { endpoints: { kind: "listed", urls: [...list] }, path };
}

function readBelow(reader: OptionReader): { readonly endpoints: Endpoints; readonly path: string } {
  const base = readBase(reader);
  const given = reader.any("endpoint") ?? "/";
  if (typeof given === "function") {
    const endpoint = given as PerAttempt<string>;
    return { endpoints: { kind: "below", base, endpoint }, path: base.path === "" ? "/" : base.path };
  }
  const problems = pathProblems(given);
  for (const problem of problems) reader.problem(problem);
  const endpoint = problems.length > 0 ? "/" : (given as string);
  return { endpoints: { kind: "below", base, endpoint }, path: pathOf(joinPath(base.path, endpoint)) };
}

function readBase(reader: OptionReader): BaseUrl {
  if (reader.any("baseUrl") !== undefined) return readBaseUrl(reader, "baseUrl", schemes);
  reader.problem("baseUrl is required, a URL that starts with wss:// or ws://; or endpoints, a list of whole URLs");
  return { origin: "", path: "" };
}

const pathOf = (pathAndQuery: string): string => pathAndQuery.split("?", 1)[0] ?? "/";

/** What is wrong with a path below the base URL, given or from a provider. */
function pathProblems(endpoint: unknown): string[] {
  if (typeof endpoint !== "string") return ["endpoint must be a string, or a function that makes one"];
  const problem = endpointProblem(endpoint);
  return problem === undefined ? [] : [`endpoint ${problem}`];
}

/** What is wrong with a list of URLs, given or from a provider. No URL is shown: its query may hold a token. */
function urlProblems(urls: unknown): string[] {
  if (!Array.isArray(urls)) return ["endpoints must be an array of URLs, or a function that makes one"];
  if (urls.length === 0) return ["endpoints must name at least one URL"];
  return urls.flatMap((url: unknown, index) => {
    const problem = urlProblem(url);
    return problem === undefined ? [] : [`endpoints[${index}] ${problem}`];
  });
}

function urlProblem(text: unknown): string | undefined {
  const url = typeof text === "string" && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !schemes.includes(url.protocol)) return "must be a URL that starts with wss:// or ws://";
  if (url.username !== "" || url.password !== "") {
    return "must not contain a user name or password: give them as apiKey, auth, or a header";
  }
  return url.hash === "" ? undefined : "must not have a fragment: it would not be sent";
}

/**
 * Where this attempt dials.
 *
 * @throws as {@link valueFor}.
 */
export async function endpointFor(
  about: StreamName,
  endpoints: Endpoints,
  context: AttemptContext,
): Promise<DialedEndpoint> {
  if (endpoints.kind === "below") {
    const { base } = endpoints;
    const endpoint = await valueFor(about, "endpoint", endpoints.endpoint, pathProblems, context);
    return dialed(base.origin + joinPath(base.path, endpoint), 1);
  }
  const urls = await valueFor(about, "endpoints", endpoints.urls, urlProblems, context);
  return dialed(chosen(urls, context.endpoint), urls.length);
}

function dialed(given: string, count: number): DialedEndpoint {
  const url = new URL(given);
  // "http:" and "https:" mean the same with this in their place (RFC 6455, section 3).
  url.protocol = url.protocol === "https:" || url.protocol === "wss:" ? "wss:" : "ws:";
  return { url: url.href, shown: `${url.protocol}//${url.host}${url.pathname}`, count };
}

const chosen = (urls: readonly string[], endpoint: number): string => urls[endpoint % urls.length] ?? "";

/** How many endpoints there are, where that is known without asking. */
export function knownCount(endpoints: Endpoints): number | undefined {
  if (endpoints.kind === "below") return 1;
  return isComputed(endpoints.urls) ? undefined : endpoints.urls.length;
}

/**
 * Whom this attempt shares its turns with: all who dial the same host. Before a function that makes the list was
 * asked the host is not known, and asking belongs to the attempt; then it is the streams of the same name.
 */
export function turnKey(service: string, endpoints: Endpoints, endpoint: number): string {
  if (endpoints.kind === "below") return hostAndPort(endpoints.base.origin);
  return isComputed(endpoints.urls) ? `streams named ${service}` : hostAndPort(chosen(endpoints.urls, endpoint));
}

function hostAndPort(url: string): string {
  const { protocol, hostname, port } = new URL(url);
  return `${hostname}:${port === "" ? defaultPort(protocol) : port}`;
}

/** The port that a URL of this scheme means where it names none. */
export function defaultPort(protocol: string): string {
  return protocol === "wss:" || protocol === "https:" ? "443" : "80";
}
