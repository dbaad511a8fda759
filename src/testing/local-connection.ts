import type { Duplex } from "node:stream";
import { MemoryConnection } from "./streams/memory-connection.ts";

/** The two ends of a connection within the process. */
export interface LocalConnection {
  readonly client: Duplex;
  readonly server: Duplex;
  /** Breaks it, as the service does that resets the connection. */
  readonly reset: () => void;
}

// What a kernel holds for a socket that nobody reads, about.
const bufferBytes = 65_536;

/** Makes a connection that needs no network. */
export function localConnection(): LocalConnection {
  const [client, server] = MemoryConnection.pair(bufferBytes);
  return { client, server, reset: () => server.reset() };
}
