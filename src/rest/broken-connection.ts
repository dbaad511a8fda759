import type { Connector } from "./connect-limit.ts";

// The error of the socket whose listeners are being told of it; sockets tell one after the other.
let current: Error | undefined;

/**
 * Watches the connections that are made for how they end. undici takes a reset for the end of a body that has no
 * length, though it cuts the body short (RFC 9112, section 8); only the socket tells the one from the other.
 */
export function watchingBreaks(connect: Connector): Connector {
  return (options, callback) =>
    connect(options, (...ends: Parameters<typeof callback>) => {
      // One listener before undici's own, which ends the answer then and there, and one after.
      ends[1]?.on("error", (error) => (current = error));
      callback(...ends);
      ends[1]?.on("error", () => (current = undefined));
    });
}

/** The error of the connection that is breaking at this very moment, from within the end of an answer on it. */
export function breakingError(): Error | undefined {
  return current;
}
