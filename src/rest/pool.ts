// Not from "undici" itself: importing its index replaces the dispatcher of the built-in fetch for the whole process
// (with HTTP/2 on), and takes twice as long.
import Agent from "undici/lib/dispatcher/agent.js";
import type { TlsOptions } from "../core/tls.ts";

/** What the connections of a service are made with. */
export interface PoolSettings {
  readonly connectTimeoutMs: number;
  readonly maxConnections: number;
  readonly tls: TlsOptions;
}

/** The pool of connections of one service. */
export function makePool(settings: PoolSettings): Agent {
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
  });
}
