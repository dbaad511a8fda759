import type { Dispatcher } from "undici";
// Not from "undici" itself: importing its index replaces the dispatcher of the built-in fetch for the whole process
// (with HTTP/2 on), and takes twice as long.
import Agent from "undici/lib/dispatcher/agent.js";
import Client from "undici/lib/dispatcher/client.js";
import Pool from "undici/lib/dispatcher/pool.js";
import type { TlsOptions } from "../core/tls.ts";
import type { ConnectionUse, ConnectionWitness } from "./connection-use.ts";

/** What the connections of a service are made with. */
export interface PoolSettings {
  readonly connectTimeoutMs: number;
  readonly maxConnections: number;
  readonly tls: TlsOptions;
}

/** What is dispatched: with `witness`, it is told which connection takes it. */
export interface WitnessedOptions extends Dispatcher.DispatchOptions {
  readonly witness?: ConnectionWitness | undefined;
}

/** The pool of connections of one service. */
export function makePool(settings: PoolSettings): Dispatcher {
  return new Agent({
    connections: settings.maxConnections,
    pipelining: 1,
    allowH2: false,
    // A peer's shorter Keep-Alive hint wins. undici's own 4 s re-dials nearly every connection of a calm service.
    keepAliveTimeout: 60_000,
    connect: { timeout: settings.connectTimeoutMs, ...settings.tls },
    // Both are ours: one deadline list instead of two timers per request, and limits that hold in every phase.
    headersTimeout: 0,
    bodyTimeout: 0,
    factory: (origin, options: object) =>
      new Pool(origin, { ...options, factory: (own, more) => new CountingClient(own, more) }),
  });
}

/**
 * A client that knows how much its connection has served. A pool hands a request to a client only when that is free,
 * and a client has one connection at a time, which takes one request at a time (`pipelining: 1`): so the connection
 * that the client has when the request starts is the one that the request goes out on.
 */
class CountingClient extends Client {
  readonly #use: ConnectionUse = { answers: 0 };

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
