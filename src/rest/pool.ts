import { isIP, type LookupFunction } from "node:net";
import type { Duplex } from "node:stream";
import type { buildConnector, Dispatcher } from "undici";
// Not from "undici" itself: importing its index replaces the dispatcher of the built-in fetch for the whole process
// (with HTTP/2 on), and takes twice as long.
import connectorOf from "undici/lib/core/connect.js";
import Agent from "undici/lib/dispatcher/agent.js";
import Client from "undici/lib/dispatcher/client.js";
import Pool from "undici/lib/dispatcher/pool.js";
import type { TlsOptions } from "../core/tls.ts";
import { watchingBreaks } from "./broken-connection.ts";
import type { Connector, ConnectLimit } from "./connect-limit.ts";
import type { ConnectionUse } from "./connection-use.ts";
import { IdentityStore } from "./identity-store.ts";
import { PrivateAddressError, privateRuleOf, publicLookup } from "./private-addresses.ts";
import type { ProxyRoute } from "../core/proxy.ts";
import { type RequestPool, SlotPool, type WitnessedOptions } from "./slot-pool.ts";
import type { CacheLimits } from "./transport-options.ts";

/** What the connections of a service are made with. */
export interface PoolSettings {
  readonly origin: string;
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

/**
 * What the pools of a service are made by. What only a proxy needs is loaded only for one.
 *
 * @param limit - of every connection that they make.
 */
export async function poolMaker(settings: PoolSettings, route: ProxyRoute, limit: ConnectLimit): Promise<PoolMaker> {
  const connect = connector(settings);
  const options = agentOptions(settings, connect, limit);
  if (route.kind === "direct") {
    // HTTP/2 shares connections, and a cache hands on requests that do not say when they are over.
    if (settings.http2 || settings.cache !== undefined) return () => new Agent(options);
    // One for all clients: it keeps the TLS sessions that a new connection goes on with.
    const client = { ...clientOptions(settings), connect: made(connect, limit) };
    return () =>
      new SlotPool(
        settings.origin,
        settings.maxConnections,
        () => new Client(settings.origin, client),
        () => new Agent(options),
      );
  }
  const { default: connectTunnel } = await import("undici/lib/api/api-connect.js");
  const { ca, rejectUnauthorized } = settings.tls;
  const proxied = {
    ...options,
    // None of undici's own; a tunnel is made under the one limit as a whole.
    connectTimeout: 0,
    requestTls: { ...(settings.tls as buildConnector.BuildOptions), allowH2: settings.http2 },
    // A proxy is not the service: it is shown no certificate of ours.
    proxyTls: {
      ...(ca === undefined ? {} : { ca }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
      allowH2: false,
    } as buildConnector.BuildOptions,
    clientFactory: (origin: URL, more: Connecting) => {
      const toProxy = limit.within(more.connect);
      const pool = new Pool(origin, { ...more, connect: toProxy, headersTimeout: 0, allowH2: false });
      // undici's index gives this method to every dispatcher; we do not import that.
      return Object.assign(pool, {
        async connect(to: Dispatcher.ConnectOptions & { readonly signal: AbortSignal }) {
          const tunnel = await connectTunnel.call(pool, to);
          endWith(to.signal, tunnel.socket);
          return tunnel;
        },
      });
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
    pipelining: 1,
    allowH2: settings.http2,
    // A peer's shorter Keep-Alive hint wins. undici's own 4 s re-dials nearly every connection of a calm service.
    keepAliveTimeout: 60_000,
    headersTimeout: timeout,
    bodyTimeout: timeout,
  };
}

/** What undici gives to whoever makes a pool or a client for it. */
interface Connecting {
  readonly connect: Connector;
}

function agentOptions(settings: PoolSettings, connect: Connector, limit: ConnectLimit): Agent.Options {
  const own = { ...clientOptions(settings), connections: settings.maxConnections };
  // With HTTP/2, a connection has many requests at a time, and is not idle and stale.
  const client = settings.http2 ? {} : { factory: (origin: URL, more: object) => new CountingClient(origin, more) };
  return {
    ...own,
    connect,
    // Behind a proxy, `connect` is not ours but that of the proxy agent.
    factory: (origin: string | URL, more: object) =>
      new Pool(origin, { ...own, ...more, connect: made((more as Connecting).connect, limit), ...client }),
  };
}

/** How the connections that requests go out on are made: within the limit, and watched for how they end. */
function made(connect: Connector, limit: ConnectLimit): Connector {
  return limit.within(watchingBreaks(connect));
}

/** Ends a tunnel whose TLS handshake takes too long: only the socket of the tunnel is at hand then. */
function endWith(signal: AbortSignal, socket: Duplex): void {
  if (signal.aborted) socket.destroy();
  else signal.addEventListener("abort", () => socket.destroy(), { once: true });
}

function connector({ socketPath, blockPrivateAddresses, http2, tls, lookup: given }: PoolSettings): Connector {
  const lookup = blockPrivateAddresses ? publicLookup(given) : given;
  const connect: Connector = connectorOf({
    timeout: 0,
    allowH2: http2,
    ...(socketPath === undefined ? {} : { socketPath }),
    ...(lookup === undefined ? {} : { lookup }),
    ...tls,
  } as buildConnector.BuildOptions);
  if (!blockPrivateAddresses) return connect;
  return (options, callback) => {
    // An address that is written out is not looked up.
    const rule = isIP(options.hostname) === 0 ? undefined : privateRuleOf(options.hostname);
    if (rule === undefined) return connect(options, callback);
    // Not before the caller has returned: undici takes the answer for one that came later.
    queueMicrotask(() => callback(new PrivateAddressError(rule, options.hostname), null));
    return undefined;
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
