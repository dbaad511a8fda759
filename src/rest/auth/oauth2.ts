import { isIP } from "node:net";
import {
  allowInsecureRequests,
  type Client,
  ClientSecretBasic,
  ClientSecretPost,
  clientCredentialsGrantRequest,
  customFetch,
  type CustomFetchOptions,
  processClientCredentialsResponse,
} from "oauth4webapi";
import { headerProblem } from "../../core/headers.ts";
import { silentLogger } from "../../core/logger.ts";
import { OptionReader } from "../../core/options.ts";
import type { Secret } from "../../core/secret.ts";
import { readTls } from "../../core/tls.ts";
import type { RESTServiceOptions } from "../options.ts";
import { RESTService } from "../rest-service.ts";
import { bearerOf } from "./bearer-tokens.ts";
import { CredentialsError } from "../../core/auth/credentials-error.ts";
import { hasControl } from "./fixed-credentials.ts";
import type { AttemptAuth, AuthOwner, OwnedAuth } from "../../core/auth/provider.ts";
import { TokenCache } from "./token-cache.ts";
import type { FreshToken } from "./token-decision.ts";
import { permanent, tokenError, whence } from "./token-error.ts";

/** Where and as whom tokens are asked for. */
export interface OAuth2Options {
  /** `https:`, with its path. `http:` only for this machine itself, for whoever listens reads the client's secret. */
  readonly tokenUrl: string | URL;
  readonly clientId: string;
  readonly clientSecret: string | Secret;
  /** One or several, in a list or with spaces between. @defaultValue none, which leaves it to the server */
  readonly scope?: string | readonly string[] | undefined;
  /** Further parameters of the request: `{ audience: "https://api.example.com" }`. @defaultValue none */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /**
   * How the client proves itself: in an `Authorization` header or in the body (RFC 6749, section 2.3.1).
   * @defaultValue "basic"
   */
  readonly clientAuthentication?: "basic" | "post" | undefined;
  /** For one request for a token, in milliseconds, above 0. @defaultValue 5000 */
  readonly timeoutMs?: number | undefined;
  /** Of the connections to the token endpoint; those of the service do not count for it. */
  readonly tls?: RESTServiceOptions["tls"];
  /** As that of the service, for the token endpoint. */
  readonly dispatcher?: RESTServiceOptions["dispatcher"];
}

/**
 * OAuth 2.0 client credentials (RFC 6749, section 4.4), on `oauth4webapi`.
 *
 * One token serves all calls of a service. It is asked for with the first call, once however many there are; replaced
 * in the background from 2 minutes before its end (or a tenth of its life); waited for in the last 30 seconds. After
 * a 401 it is dropped, asked for anew, once for all, and the call made once more. A token endpoint that fails does not
 * stop calls while the token still holds; then they end as `unavailable-no-credentials`, transient where the
 * endpoint's failure was.
 *
 * @throws ServiceConfigurationError with every problem at once.
 */
export function oauth2ClientCredentials(options: OAuth2Options): OwnedAuth {
  const settings = readOptions(options);
  return { name: "oauth2ClientCredentials", open: (owner) => open(settings, owner) };
}

interface Settings {
  readonly url: URL;
  readonly clientId: string;
  readonly secret: Secret | undefined;
  readonly parameters: Readonly<Record<string, string>>;
  readonly isInBody: boolean;
  readonly timeoutMs: number;
  readonly transport: Pick<RESTServiceOptions, "tls" | "dispatcher">;
}

/** The token endpoint is a service like any other: its connections, limits and faults are dealt with as such. */
class TokenEndpoint extends RESTService {}

function open(settings: Settings, owner: AuthOwner): AttemptAuth {
  const { url, timeoutMs } = settings;
  const { service, clock, random, logger } = owner;
  const endpoint = new TokenEndpoint({
    ...settings.transport,
    name: `${service} token endpoint`,
    baseUrl: url.origin,
    healthEndpoint: false,
    // The call that wants the token does the retrying; the cache sets the limit, and spares an endpoint that fails.
    retry: false,
    circuitBreaker: false,
    concurrency: false,
    rateLimit: false,
    deadlineMs: Number.POSITIVE_INFINITY,
    attemptTimeoutMs: Number.POSITIVE_INFINITY,
    closeTimeoutMs: 0,
    maxConnections: 1,
    // A token is asked for by POST, and not where a redirect makes a GET of it (RFC 6749, section 3.2).
    maxRedirects: 0,
    maxResponseBytes: 1024 * 1024,
    clock,
    random,
    // Whoever asked for the token is told, and logs it.
    logger: silentLogger,
  });
  const cache = new TokenCache({
    ask: (signal) => ask(settings, endpoint, signal),
    whence,
    clock,
    limitMs: timeoutMs,
    onBackgroundFailure: ({ message }) =>
      logger.warn({ reason: message }, "the token could not be refreshed yet; the old one is still good"),
  });
  return bearerOf("oauth2ClientCredentials", cache, () => endpoint.close());
}

async function ask(settings: Settings, endpoint: RESTService, signal: AbortSignal): Promise<FreshToken<string>> {
  const { url, clientId, secret, parameters, isInBody } = settings;
  const server = { issuer: url.origin, token_endpoint: url.href };
  const client: Client = { client_id: clientId };
  const proof = (isInBody ? ClientSecretPost : ClientSecretBasic)(secret?.reveal() ?? "");
  await endpoint.connect();
  try {
    const response = await clientCredentialsGrantRequest(
      server,
      client,
      proof,
      { ...parameters },
      {
        [allowInsecureRequests]: url.protocol === "http:",
        [customFetch]: (_url: string, request: CustomFetchOptions<"POST", URLSearchParams>) =>
          send(endpoint, url.pathname + url.search, request, signal),
      },
    );
    const {
      access_token: value,
      expires_in: expiresInS,
      token_type: type,
    } = await processClientCredentialsResponse(server, client, response);
    if (type !== "bearer") throw new CredentialsError(`${whence} gave a token that is no bearer token`, permanent);
    if (value === "" || headerProblem("authorization", value) !== undefined) {
      throw new CredentialsError(`${whence} gave a token that cannot be sent`, permanent);
    }
    return { value, lifetimeMs: expiresInS === undefined ? Number.POSITIVE_INFINITY : expiresInS * 1000 };
  } catch (error) {
    throw tokenError(error);
  }
}

/** What is not a success is thrown here as our own error, and goes through the library unchanged. */
async function send(
  endpoint: RESTService,
  path: string,
  { headers, body }: CustomFetchOptions<"POST", URLSearchParams>,
  signal: AbortSignal,
): Promise<Response> {
  const answer = await endpoint.post(path, { text: body.toString(), headers, signal });
  const contentType = answer.header("content-type") ?? "";
  return new Response(Buffer.from(answer.bytes()), { status: answer.status, headers: { "content-type": contentType } });
}

function readOptions(options: OAuth2Options): Settings {
  const reader = new OptionReader("oauth2ClientCredentials", options);
  const url = readTokenUrl(reader);
  const clientId = reader.string("clientId", "");
  if (clientId === "") reader.problem("clientId is required");
  const secret = reader.secret("clientSecret");
  if (!reader.isGiven("clientSecret")) reader.problem("clientSecret is required");
  // RFC 6749, appendix A; most often the line end of a file.
  if (hasControl(clientId)) reader.problem("clientId must not contain control characters, such as a line end");
  if (hasControl(secret?.reveal() ?? "")) {
    reader.problem("clientSecret must not contain control characters, such as the line end of a file");
  }
  const scope = readScope(reader);
  const settings: Settings = {
    url,
    clientId,
    secret,
    parameters: { ...(scope === "" ? {} : { scope }), ...readParameters(reader) },
    isInBody: reader.oneOf("clientAuthentication", ["basic", "post"], "basic") === "post",
    timeoutMs: reader.number("timeoutMs", 5_000, { min: 1 }),
    transport: {
      ...(reader.isGiven("tls") ? { tls: readTls(reader) } : {}),
      dispatcher: reader.withMethods<NonNullable<RESTServiceOptions["dispatcher"]>>("dispatcher", ["dispatch"]),
    },
  };
  reader.finish();
  return settings;
}

function readTokenUrl(reader: OptionReader): URL {
  const given = reader.any("tokenUrl");
  const text = given instanceof URL ? given.href : given;
  if (typeof text !== "string" || !URL.canParse(text)) {
    reader.problem("tokenUrl is required: the absolute URL of the token endpoint");
    return new URL("https://token-url.invalid");
  }
  const url = new URL(text);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isThisMachine(url.hostname))) {
    reader.problem("tokenUrl must be https: the client's secret goes over it (http: is for this machine itself)");
  }
  if (url.username !== "" || url.password !== "") {
    reader.problem("tokenUrl must not contain a user name or password: give them as clientId and clientSecret");
  }
  if (url.hash !== "") reader.problem("tokenUrl must not have a fragment");
  return url;
}

// An address, not any name that begins like one: 127.example.com is somebody else's.
const isThisMachine = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || (isIP(host) === 4 && host.startsWith("127."));

function readScope(reader: OptionReader): string {
  const given = reader.any("scope") ?? "";
  const parts = Array.isArray(given) ? (given as readonly unknown[]) : [given];
  if (parts.every((part) => typeof part === "string")) return parts.join(" ");
  reader.problem("scope must be a string or a list of strings");
  return "";
}

const setByOptions = {
  grant_type: "it is client_credentials",
  client_id: "give it as clientId",
  client_secret: "give it as clientSecret",
  scope: "give it as scope",
};

function readParameters(reader: OptionReader): Record<string, string> {
  const given = reader.any("parameters");
  if (given === undefined) return {};
  const isObject = typeof given === "object" && given !== null && !(Symbol.iterator in given);
  if (isObject && Object.values(given).every((value) => typeof value === "string")) {
    for (const [name, option] of Object.entries(setByOptions)) {
      if (Object.hasOwn(given, name)) reader.problem(`parameters.${name} cannot be given: ${option}`);
    }
    return given as Record<string, string>;
  }
  reader.problem("parameters must be an object of names and string values");
  return {};
}
