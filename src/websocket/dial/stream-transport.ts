import type { Duplex } from "node:stream";
import { ServiceConfigurationError } from "../../core/errors.ts";
import { unlessAborted } from "./per-attempt.ts";
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
   * Makes the connection of one attempt, within its limit; the upgrade request is written to it at once. What it throws,
   * or what the connection is destroyed with before the answer, is told as a connection that could not be made. One that
   * comes when the attempt is over is destroyed.
   */
  connect(target: StreamTransportTarget): Duplex | Promise<Duplex>;
}

/** What an attempt asks a transport with. */
export interface TransportContext extends StreamName {
  /** Of the attempt. */
  readonly signal: AbortSignal;
  readonly wallNow: () => number;
}

/**
 * The connection of one attempt.
 *
 * @throws ServiceConnectionError where the transport throws; ServiceConfigurationError where it gives no stream; the
 * signal's reason where that aborts first.
 */
export async function connectionOver(
  transport: StreamTransport,
  target: StreamTransportTarget,
  { signal, wallNow, ...about }: TransportContext,
): Promise<Duplex> {
  const broken = (thrown: unknown): Error => {
    const error = thrown instanceof Error ? thrown : new Error("the transport threw what is no error");
    return socketError({ kind: "failed", error, wasOpen: false }, about, wallNow());
  };
  let connection: unknown;
  try {
    connection = await unlessAborted(signal, async () => {
      const made: unknown = await transport.connect(target);
      if (!isDuplex(made)) return made;
      // Before the request is on it nobody else listens, and an error without a listener ends the process.
      made.on("error", () => undefined);
      // Nobody waits for it any more.
      if (signal.aborted) made.destroy();
      return made;
    });
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    throw broken(thrown);
  }
  if (!isDuplex(connection)) {
    throw new ServiceConfigurationError(about.service, ["transport.connect must return a Duplex stream"]);
  }
  if (connection.destroyed) throw broken(connection.errored ?? new Error("the connection is destroyed already"));
  return connection;
}

function isDuplex(given: unknown): given is Duplex {
  if (typeof given !== "object" || given === null) return false;
  return ["on", "write", "end", "read", "destroy"].every(
    (method) => typeof (given as Record<string, unknown>)[method] === "function",
  );
}
