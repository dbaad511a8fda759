import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Clock } from "../../core/clock.ts";
import { OptionReader } from "../../core/options.ts";
import { Secret } from "../../core/secret.ts";
import { CredentialsError } from "../../core/auth/credentials-error.ts";
import { hasControl } from "./fixed-credentials.ts";
import type { AttemptAuth, AuthOwner, AuthRequest, Credentials, OwnedAuth } from "../../core/auth/provider.ts";
import { TokenCache } from "./token-cache.ts";

/** Long-lived or temporary credentials of AWS. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string | Secret;
  readonly sessionToken?: string | Secret | undefined;
  /** When they pass away. Only of those that a function gives: they are asked for anew before. */
  readonly expiration?: Date | undefined;
}

/** How requests to AWS, or to what speaks its signature (S3-compatible stores), are signed. */
export interface AwsSigV4Options {
  /** `eu-central-1` */
  readonly region: string;
  /** The signing name: `s3`, `execute-api`, `es`. */
  readonly service: string;
  /**
   * The credentials, or a function that gives them: any provider of `@aws-sdk/credential-providers` fits. What it
   * gives is kept until 2 minutes before its `expiration`, for good where it has none.
   */
  readonly credentials: AwsCredentials | ((about: { readonly signal: AbortSignal }) => Promise<AwsCredentials>);
  /**
   * Lets a body that is a stream go unsigned (`UNSIGNED-PAYLOAD`), which S3 takes over https. Without it, such a call
   * fails with nothing sent; bodies in memory are signed either way. @defaultValue false
   */
  readonly unsignedStreams?: boolean | undefined;
}

const name = "awsSigV4";
const limitMs = 10_000;

/**
 * AWS Signature Version 4, on `@smithy/signature-v4`. Each attempt is signed anew. Signed are method, path, query,
 * body, and of the headers `host`, `content-type`, `content-md5`, `range` and all `x-amz-*`: others may be changed on
 * the way, by a proxy or a tracer, without breaking the signature.
 *
 * @throws ServiceConfigurationError with every problem at once.
 */
export function awsSigV4(options: AwsSigV4Options): OwnedAuth {
  const reader = new OptionReader(name, options);
  const region = readName(reader, "region");
  const service = readName(reader, "service");
  const isUnsignedAllowed = reader.boolean("unsignedStreams", false);
  const given = reader.any("credentials");
  const source = typeof given === "function" ? (given as CredentialSource) : undefined;
  const fixed = source === undefined ? usable(given) : undefined;
  if (source === undefined && fixed === undefined) {
    reader.problem(
      "credentials must be { accessKeyId, secretAccessKey }, strings without a line end, or a function that gives them",
    );
  }
  if (fixed !== undefined && (given as AwsCredentials).expiration !== undefined) {
    reader.problem("credentials that have an expiration must come from a function, which is asked for the next ones");
  }
  reader.finish();

  const signed = (request: AuthRequest, keys: Keys): Promise<Credentials> =>
    sign(request, keys, { region, service, isUnsignedAllowed });
  return {
    name,
    open(owner) {
      if (source === undefined) return { name, apply: (request) => signed(request, fixed as Keys) };
      return rotating(source, owner, signed);
    },
  };
}

type CredentialSource = Exclude<AwsSigV4Options["credentials"], AwsCredentials>;

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

function rotating(
  source: CredentialSource,
  { clock, logger }: AuthOwner,
  signed: (request: AuthRequest, keys: Keys) => Promise<Credentials>,
): AttemptAuth {
  const cache = new TokenCache<Keys>({
    async ask(signal) {
      const given = await source({ signal });
      const value = usable(given);
      if (value === undefined) throw new CredentialsError("the function of awsSigV4() gave no credentials", permanent);
      return { value, lifetimeMs: lifetimeOf(given.expiration, clock) };
    },
    whence: "the function of awsSigV4()",
    clock,
    limitMs,
    onBackgroundFailure: ({ message }) =>
      logger.warn({ reason: message }, "the credentials could not be refreshed yet; the old ones are still good"),
  });
  return {
    name,
    apply: async (request) => signed(request, await cache.get()),
    close: async () => cache.close(),
  };
}

const permanent = { kind: "permanent" } as const;
const misuse = { kind: "misuse" } as const;

function lifetimeOf(expiration: unknown, clock: Clock): number {
  if (expiration === undefined) return Number.POSITIVE_INFINITY;
  const endsAt = expiration instanceof Date ? expiration.getTime() : Number.NaN;
  if (Number.isNaN(endsAt)) {
    throw new CredentialsError("the function of awsSigV4() gave an expiration that is no valid Date", permanent);
  }
  const lifetimeMs = endsAt - clock.wallNow();
  if (lifetimeMs > 0) return lifetimeMs;
  const why = "by the clock of this machine, the function of awsSigV4() gave credentials that have expired";
  throw new CredentialsError(why, { kind: "transient" });
}

/** The credentials as the signer takes them; undefined where they cannot be used. */
function usable(given: unknown): Keys | undefined {
  const { accessKeyId, secretAccessKey, sessionToken } = (given ?? {}) as Partial<AwsCredentials>;
  const secret = plain(secretAccessKey);
  const session = plain(sessionToken);
  if (typeof accessKeyId !== "string" || accessKeyId === "" || secret === undefined || secret === "") return undefined;
  if (sessionToken !== undefined && session === undefined) return undefined;
  // A line end would make a signature that is wrong, or a header that cannot be sent.
  if ([accessKeyId, secret, session ?? ""].some(hasControl)) return undefined;
  return { accessKeyId, secretAccessKey: secret, ...(session === undefined ? {} : { sessionToken: session }) };
}

const plain = (value: unknown): string | undefined =>
  value instanceof Secret ? value.reveal() : typeof value === "string" ? value : undefined;

function readName(reader: OptionReader, option: string): string {
  const value = reader.string(option, "");
  if (!reader.isGiven(option) || reader.any(option) === "") reader.problem(`${option} is required`);
  return value;
}

async function sign(
  request: AuthRequest,
  keys: Keys,
  how: { readonly region: string; readonly service: string; readonly isUnsignedAllowed: boolean },
): Promise<Credentials> {
  const { region, service, isUnsignedAllowed } = how;
  if (request.body === undefined && !isUnsignedAllowed) {
    const wanted = "give it as bytes or text, or set unsignedStreams where the service takes UNSIGNED-PAYLOAD";
    throw new CredentialsError(`awsSigV4 cannot sign a body that is a stream: ${wanted}`, misuse);
  }
  // S3 takes the path as it is, every other service encodes it once more.
  const isS3 = service === "s3";
  const signer = new SignatureV4({ region, service, credentials: keys, sha256: Sha256, uriEscapePath: !isS3 });
  const { hostname, port, protocol, host } = new URL(request.origin);
  const start = request.path.indexOf("?");
  const path = start === -1 ? request.path : request.path.slice(0, start);
  const { headers } = await signer.sign(
    {
      method: request.method,
      protocol,
      hostname,
      ...(port === "" ? {} : { port: Number(port) }),
      path: isS3 ? strictlyEncoded(path) : path,
      query: start === -1 ? {} : parseQuery(request.path.slice(start + 1)),
      headers: {
        ...Object.fromEntries(Object.entries(request.headers).filter(([header]) => isSigned(header))),
        host,
        ...(request.body === undefined ? { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" } : {}),
      },
      body: request.body,
    },
    { signingDate: new Date(request.clock.wallNow()) },
  );
  return {
    headers: Object.fromEntries(Object.entries(headers).filter(([header]) => added.has(header.toLowerCase()))),
    isSignature: true,
  };
}

const added = new Set(["authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"]);
const isSigned = (header: string): boolean => /^(?:content-type|content-md5|range|x-amz-.*)$/.test(header);

/** RFC 3986, section 2.3: everything but the unreserved characters, which `encodeURI` is more lenient about. */
function strictlyEncoded(path: string): string {
  return path
    .split("/")
    .map((segment) =>
      encodeURIComponent(decoded(segment)).replaceAll(
        /[!'()*]/g,
        (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
    .join("/");
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new CredentialsError(
      "awsSigV4 cannot sign the path: it has a % that encodes nothing (send it as %25)",
      misuse,
    );
  }
}

/** The query as the signer takes it: decoded, with the values of a repeated name in a list. */
function parseQuery(query: string): Record<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [key, value] of new URLSearchParams(query)) values.set(key, [...(values.get(key) ?? []), value]);
  return Object.fromEntries(values);
}

/** What the signer hashes with: Node's own, so that no other implementation is needed. */
class Sha256 {
  readonly #secret: string | Uint8Array | undefined;
  #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = typeof secret === "string" || secret === undefined ? secret : bytesOf(secret);
    this.#hash = this.#made();
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(typeof data === "string" ? data : bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#made();
  }

  #made(): Hash | Hmac {
    return this.#secret === undefined ? createHash("sha256") : createHmac("sha256", this.#secret);
  }
}

const bytesOf = (data: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
