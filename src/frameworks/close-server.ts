import { EventEmitter } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { ServiceConfigurationError } from "../core/errors.ts";
import { OptionReader } from "../core/options.ts";

/** What is closed: a server of `node:http`, `node:https` or `node:http2`. */
export interface ClosableServer {
  close(closed: (error?: Error) => void): unknown;
  closeIdleConnections?(): void;
  closeAllConnections?(): void;
}

export interface CloseServerOptions {
  /** For the requests under way; then their connections are cut. Milliseconds, 0 or more. @defaultValue 10000 */
  readonly timeoutMs?: number | undefined;
}

// Node closes the connections that are idle when it is asked to close, and leaves those that become idle later to
// their keep-alive time.
const idleEveryMs = 50;

/**
 * Closes a server for an orderly end: takes no new connections, lets the requests under way be answered, and resolves
 * when every connection is closed, or the limit has passed. The services are stopped after it, for those requests still
 * need them. A server that does not listen is closed already.
 *
 * @throws ServiceConfigurationError for options that are wrong.
 */
export async function closeServer(server: ClosableServer, options: CloseServerOptions = {}): Promise<void> {
  const timeoutMs = readTimeout(server, options);
  const closed = new Promise<void>((resolve, reject) => {
    server.close((error) => {
      if (error === undefined || isNotRunning(error)) resolve();
      else reject(error);
    });
  });
  const connections = endConnections(server);
  const cut = Promise.withResolvers<void>();
  const limit = setTimeout(() => {
    server.closeAllConnections?.();
    // It leaves alone what is no HTTP any more, such as a WebSocket, and a server of HTTP/2 has none.
    cut.resolve();
  }, timeoutMs);
  try {
    await Promise.race([closed, cut.promise]);
  } finally {
    connections.dispose();
    clearTimeout(limit);
  }
}

/** For a server that somebody else closes: ends by itself when it is. */
export function endConnectionsUntilClosed(server: Server): void {
  if (!server.listening) return;
  const connections = endConnections(server);
  server.once("close", () => connections.dispose());
}

function endConnections(server: ClosableServer & { readonly listening?: boolean }): { readonly dispose: () => void } {
  const idle = setInterval(() => {
    if (server.listening !== true) server.closeIdleConnections?.();
  }, idleEveryMs).unref();
  const requests = server instanceof EventEmitter ? server : undefined;
  requests?.prependListener("request", closeAfter);
  return {
    dispose: () => {
      clearInterval(idle);
      requests?.off("request", closeAfter);
    },
  };
}

/** A client that always has a next request is never found idle: it is told that this one is the last. */
function closeAfter({ httpVersionMajor }: IncomingMessage, response: ServerResponse): void {
  if (httpVersionMajor === 1) response.setHeader("connection", "close");
}

function readTimeout(server: unknown, options: CloseServerOptions): number {
  const reader = new OptionReader("closeServer", options);
  const timeoutMs = reader.number("timeoutMs", 10_000, { min: 0, max: 2 ** 31 - 1 });
  const isServer = typeof server === "object" && server !== null && "close" in server;
  if (!isServer) throw new ServiceConfigurationError("closeServer", ["takes the server that is to be closed"]);
  reader.finish();
  return timeoutMs;
}

const isNotRunning = (error: Error): boolean => "code" in error && error.code === "ERR_SERVER_NOT_RUNNING";
