import type { Duplex } from "node:stream";
import { ServiceConfigurationError } from "../../core/errors.ts";
import { socketError, type StreamName } from "./socket-errors.ts";

/** What one attempt of a stream is to be connected to. */
export interface StreamTransportTarget {
  /** `ws:` or `wss:`, with its query, which may hold a secret. */
  readonly url: string;
}

/**
 * What the WebSocket of a stream goes over, in the place of name resolution, proxy, TCP and TLS: the handshake and the
 * frames are the same. A tunnel of your own, say, or `fakeSockets()` of `hawser/testing`.
 */
export interface StreamTransport {
  /**
   * Makes the connection of one attempt; the upgrade request is written to it at once. What it throws, or what the
   * connection is destroyed with before the answer, is told as a connection that could not be made.
   */
  connect(target: StreamTransportTarget): Duplex;
}

/**
 * The connection of one attempt.
 *
 * @throws ServiceConnectionError where the transport throws; ServiceConfigurationError where it gives no stream.
 */
export function connectionOver(
  transport: StreamTransport,
  target: StreamTransportTarget,
  about: StreamName & { readonly wallNow: number },
): Duplex {
  const broken = (thrown: unknown): Error => {
    const error = thrown instanceof Error ? thrown : new Error("the transport threw what is no error");
    return socketError({ kind: "failed", error, wasOpen: false }, about, about.wallNow);
  };
  let connection: unknown;
  try {
    connection = transport.connect(target);
  } catch (error) {
    throw broken(error);
  }
  if (!isDuplex(connection)) {
    throw new ServiceConfigurationError(about.service, ["transport.connect must return a Duplex stream"]);
  }
  // Before the request is on it nobody else listens, and an error without a listener ends the process.
  connection.on("error", () => undefined);
  if (connection.destroyed) throw broken(connection.errored ?? new Error("the connection is destroyed already"));
  return connection;
}

function isDuplex(given: unknown): given is Duplex {
  if (typeof given !== "object" || given === null) return false;
  return ["on", "write", "end", "read", "destroy"].every(
    (method) => typeof (given as Record<string, unknown>)[method] === "function",
  );
}
