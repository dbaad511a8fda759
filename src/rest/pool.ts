import { isIP, type LookupFunction } from "node:net";
import type { buildConnector, Dispatcher } from "undici";
// Not from "undici" itself: importing its index replaces the dispatcher of the built-in fetch for the whole process
// (with HTTP/2 on), and takes twice as long.
import connectorOf from "undici/lib/core/connect.js";
import Agent from "undici/lib/dispatcher/agent.js";
import Client from "undici/lib/dispatcher/client.js";
import Pool from "undici/lib/dispatcher/pool.js";
import type { TlsOptions } from "../core/tls.ts";
import { watchingBreaks } from "./broken-connection.ts";
import type { ConnectionUse } from "./connection-use.ts";
import { IdentityStore } from "./identity-store.ts";
import { PrivateAddressError, privateRuleOf, publicLookup } from "./private-addresses.ts";
import type { ProxyRoute } from "./proxy.ts";
import { type RequestPool, SlotPool, type WitnessedOptions } from "./slot-pool.ts";
import type { CacheLimits } from "./transport-options.ts";

/** What the connections of a service are made with. */
export interface PoolSettings {
  readonly origin: string;
  readonly connectTimeoutMs: number;
  readonly deadlineMs: number;
  readonly maxConnections: number;
  readonly http2: boolean;
  readonly socketPath: string | undefined;
  readonly blockPrivateAddresses: boolean;
  readonly cache: CacheLimits | undefined;
  readonly tls: TlsOptions;
  /** Instead of the system's. */
  readonly lookup?: LookupFunction | undefined;
}

/** Makes pools that are all alike, one after the other as they grow old. */
export type PoolMaker = () => RequestPool;

/** What the pools of a service are made by. What only a proxy needs is loaded only for one. */
export async function poolMaker(settings: PoolSettings, route: ProxyRoute): Promise<PoolMaker> {
  const options = agentOptions(settings);
  if (route.kind === "direct") {
    // HTTP/2 shares connections, and a cache hands on requests that do not say when they are over.
    if (settings.http2 || settings.cache !== undefined) return () => new Agent(options);
    return () =>
      new SlotPool(
        settings.origin,
        settings.maxConnections,
        () => new Client(settings.origin, clientOptions(settings)),
        () => new Agent(options),
      );
  }
  const { default: tunnel } = await import("undici/lib/api/api-connect.js");
  const { ca, rejectUnauthorized } = settings.tls;
  const proxied = {
    ...options,
    connectTimeout: settings.connectTimeoutMs,
    requestTls: { ...(settings.tls as buildConnector.BuildOptions), allowH2: settings.http2 },
    // A proxy is not the service: it is shown no certificate of ours.
    proxyTls: {
      ...(ca === undefined ? {} : { ca }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
      allowH2: false,
    } as buildConnector.BuildOptions,
    clientFactory: (origin: URL, more: object) => {
      // A proxy that accepts and then says nothing is one that cannot be connected to.
      const pool = new Pool(origin, { ...more, headersTimeout: settings.connectTimeoutMs, allowH2: false });
      // undici's index gives this method to every dispatcher; we do not import that.
      return Object.assign(pool, { connect: tunnel });
    },
  };
  if (route.kind === "proxy") {
    const { default: ProxyAgent } = await import("undici/lib/dispatcher/proxy-agent.js");
    return () => new ProxyAgent({ ...proxied, uri: route.url.reveal() });
  }
  const { default: EnvHttpProxyAgent } = await import("undici/lib/dispatcher/env-http-proxy-agent.js");
  const httpProxy = route.http?.reveal() ?? "";
  const httpsProxy = route.https?.reveal() ?? "";
  return () => new EnvHttpProxyAgent({ ...proxied, httpProxy, httpsProxy, noProxy: route.except });
}

/** A cache in front of whatever takes requests; it outlives the pools. */
export async function cacheMaker({
  maxBytes,
  maxEntries,
}: CacheLimits): Promise<Dispatcher.DispatcherComposeInterceptor> {
  const { default: cache } = await import("undici/lib/interceptor/cache.js");
  const { default: MemoryCacheStore } = await import("undici/lib/cache/memory-cache-store.js");
  const inner = new MemoryCacheStore({
    maxSize: maxBytes,
    maxCount: maxEntries,
    maxEntrySize: Math.min(maxBytes, 5 * 1024 * 1024),
  });
  return cache({ store: new IdentityStore(inner), type: "private" });
}

function clientOptions(settings: PoolSettings): Client.Options {
  // Ours hold in every phase, from one deadline list instead of two timers per request. What a cache asks for behind
  // our back (stale-while-revalidate) has no call of ours; so that it ends all the same, it has the longest of them.
  const timeout = settings.cache === undefined ? 0 : settings.deadlineMs;
  return {
    connect: connector(settings),
    pipelining: 1,
    allowH2: settings.http2,
    // A peer's shorter Keep-Alive hint wins. undici's own 4 s re-dials nearly every connection of a calm service.
    keepAliveTimeout: 60_000,
    headersTimeout: timeout,
    bodyTimeout: timeout,
  };
}

function agentOptions(settings: PoolSettings): Agent.Options {
  const own = { ...clientOptions(settings), connections: settings.maxConnections };
  // With HTTP/2, a connection has many requests at a time, and is not idle and stale.
  const client = settings.http2 ? {} : { factory: (origin: URL, more: object) => new CountingClient(origin, more) };
  return {
    ...own,
    factory: (origin: string | URL, more: object) => new Pool(origin, { ...own, ...more, ...client }),
  };
}

function connector(settings: PoolSettings): buildConnector.connector {
  const { connectTimeoutMs, socketPath, blockPrivateAddresses, http2, tls } = settings;
  const lookup = blockPrivateAddresses ? publicLookup(settings.lookup) : settings.lookup;
  const connect = watchingBreaks(
    connectorOf({
      timeout: connectTimeoutMs,
      allowH2: http2,
      ...(socketPath === undefined ? {} : { socketPath }),
      ...(lookup === undefined ? {} : { lookup }),
      ...tls,
    } as buildConnector.BuildOptions),
  );
  if (!blockPrivateAddresses) return connect;
  return (options, callback) => {
    // An address that is written out is not looked up.
    const rule = isIP(options.hostname) === 0 ? undefined : privateRuleOf(options.hostname);
    if (rule === undefined) connect(options, callback);
    // Not before the caller has returned: undici takes the answer for one that came later.
    else queueMicrotask(() => callback(new PrivateAddressError(rule, options.hostname), null));
  };
}

/**
 * A client that knows how much its connection has served. A pool hands a request to a client only when that is free,
 * and a client has one connection at a time, which takes one request at a time (`pipelining: 1`): so the connection
 * that the client has when the request starts is the one that the request goes out on.
 */
class CountingClient extends Client {
  readonly #use: ConnectionUse = { answers: 0, free: () => undefined };

  constructor(origin: URL, options: object) {
    super(origin, options);
    // Told before the first request is written to the new connection.
    this.on("connect", () => {
      this.#use.answers = 0;
    });
  }

  override dispatch(options: WitnessedOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (options.witness !== undefined) options.witness.use = this.#use;
    return super.dispatch(options, handler);
  }
}
