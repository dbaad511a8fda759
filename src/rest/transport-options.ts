import type { Dispatcher } from "undici";
import type { OptionReader } from "../core/options.ts";
import { readTls, type TlsOptions } from "../core/tls.ts";
import { type ProxyOption, readProxy } from "../core/proxy.ts";

/** How much a cache may hold. */
export interface CacheOptions {
  /** @defaultValue 52428800 (50 MiB) */
  readonly maxBytes?: number | undefined;
  /** @defaultValue 1024 */
  readonly maxEntries?: number | undefined;
}

/** How a service's requests get onto the wire. All durations are milliseconds, above 0. */
export interface TransportOptions {
  /** Connections at the same time. @defaultValue 64, or `concurrency.limit` where that is more */
  readonly maxConnections?: number | undefined;
  /**
   * After how long the connections are replaced by new ones, which look the host up anew; give or take a tenth, so that
   * the processes of a fleet do not do it all at once. Calls under way keep theirs. `false` for never.
   * @defaultValue 600000
   */
  readonly maxConnectionAgeMs?: number | false | undefined;
  /** Of one answer, as it comes and decoded; a larger one is an error. @defaultValue 10485760 (10 MiB) */
  readonly maxResponseBytes?: number | undefined;
  /**
   * How many redirects of an answer are followed, from 0 for none. Credentials do not go along to another origin, and
   * from https no redirect leads to http. @defaultValue 5
   */
  readonly maxRedirects?: number | undefined;
  /** Asks for encoded answers (gzip, br, zstd) and decodes them. @defaultValue true */
  readonly decompress?: boolean | undefined;
  /**
   * Refuses to connect to an address that is not of the public internet: loopback, private, link-local and the like,
   * also behind a name or a redirect. For base URLs that somebody else may choose. @defaultValue false
   */
  readonly blockPrivateAddresses?: boolean | undefined;
  /** Offers HTTP/2 to the service (over TLS), which may take it. @defaultValue false */
  readonly http2?: boolean | undefined;
  /**
   * The proxy to connect through: a URL, `false` for none, or `"environment"`: what `HTTP_PROXY`, `HTTPS_PROXY` and
   * `NO_PROXY` say when the service starts. Never shown. @defaultValue "environment"
   */
  readonly proxy?: string | false | undefined;
  /** A unix socket that all connections are made to; the base URL still says what is asked for. */
  readonly socketPath?: string | undefined;
  /**
   * Keeps answers as their headers allow (RFC 9111), for this service alone and for the same credentials alone.
   * @defaultValue false
   */
  readonly cache?: boolean | CacheOptions | undefined;
  readonly tls?: TlsOptions | undefined;
  /**
   * An undici dispatcher (a `MockAgent`, a proxy agent), or a mock or cassette of `hawser/testing`, instead of the own
   * pool. It is not closed by us.
   */
  readonly dispatcher?: Pick<Dispatcher, "dispatch"> | undefined;
}

export interface CacheLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** The options, checked and with their defaults. */
export interface TransportChoices {
  readonly maxConnections: number;
  /** Infinity for never. */
  readonly maxConnectionAgeMs: number;
  readonly maxResponseBytes: number;
  readonly maxRedirects: number;
  readonly decompress: boolean;
  readonly blockPrivateAddresses: boolean;
  readonly http2: boolean;
  readonly proxy: ProxyOption;
  readonly socketPath: string | undefined;
  readonly cache: CacheLimits | undefined;
  readonly tls: TlsOptions;
  readonly dispatcher: Pick<Dispatcher, "dispatch"> | undefined;
}

/** Reads the options, and reports those that contradict each other. */
export function readTransport(
  reader: OptionReader,
  service: { readonly origin: string; readonly maxConnections: number },
): TransportChoices {
  const proxy = readProxy(reader);
  const socketPath = reader.any("socketPath") === undefined ? undefined : reader.string("socketPath", "");
  if (socketPath === "") reader.problem("socketPath must not be empty");
  const choices: TransportChoices = {
    maxConnections: service.maxConnections,
    maxConnectionAgeMs:
      reader.any("maxConnectionAgeMs") === false
        ? Number.POSITIVE_INFINITY
        : reader.number("maxConnectionAgeMs", 600_000, { min: 1 }),
    maxResponseBytes: reader.number("maxResponseBytes", 10 * 1024 * 1024, { min: 1, whole: true }),
    maxRedirects: reader.number("maxRedirects", 5, { min: 0, whole: true }),
    decompress: reader.boolean("decompress", true),
    blockPrivateAddresses: reader.boolean("blockPrivateAddresses", false),
    http2: reader.boolean("http2", false),
    // A socket of this machine is not reached through a proxy, whatever the environment says of others.
    proxy: proxy ?? (socketPath === undefined ? "environment" : false),
    socketPath,
    cache: readCache(reader),
    tls: readTls(reader),
    dispatcher: reader.withMethods<Dispatcher>("dispatcher", ["dispatch"]),
  };
  reportContradictions(reader, choices, proxy, service.origin);
  return choices;
}

function readCache(reader: OptionReader): CacheLimits | undefined {
  const given = reader.any("cache");
  if (given === undefined || given === false) return undefined;
  const nested = given === true ? undefined : reader.nested("cache");
  const limits = {
    maxBytes: nested?.number("maxBytes", 50 * 1024 * 1024, { min: 1, whole: true }) ?? 50 * 1024 * 1024,
    maxEntries: nested?.number("maxEntries", 1024, { min: 1, whole: true }) ?? 1024,
  };
  nested?.rejectUnknown();
  return limits;
}

function reportContradictions(
  reader: OptionReader,
  choices: TransportChoices,
  proxy: ProxyOption | undefined,
  origin: string,
): void {
  const { blockPrivateAddresses, http2, socketPath, dispatcher } = choices;
  const isProxied = proxy !== undefined && proxy !== false && proxy !== "environment";
  if (dispatcher !== undefined) {
    // What makes the connections is the caller's, and so is how.
    const idle = ["maxConnectionAgeMs", "blockPrivateAddresses", "http2", "proxy", "socketPath", "tls"].filter(
      (name) => reader.any(name) !== undefined && reader.any(name) !== false,
    );
    if (idle.length > 0) reader.problem(`${idle.join(", ")} cannot be given with dispatcher: it makes the connections`);
    return;
  }
  if (blockPrivateAddresses && isProxied) {
    reader.problem(
      "blockPrivateAddresses cannot be given with proxy: the proxy looks the host up and connects, out of our sight",
    );
  }
  if (blockPrivateAddresses && socketPath !== undefined) {
    reader.problem("blockPrivateAddresses cannot be given with socketPath, which is no address");
  }
  if (socketPath !== undefined && proxy !== undefined && proxy !== false) {
    reader.problem("socketPath cannot be given with proxy: a socket of this machine is not reached through one");
  }
  if (http2 && origin.startsWith("http:")) {
    reader.problem("http2 needs a base URL with https: the two sides agree on it in the TLS handshake");
  }
}
