import type { Connector } from "./connect-limit.ts";

// The first error of the connection whose listeners are being told of its end; sockets tell one after the other.
let current: Error | undefined;

/**
 * Watches the connections that are made for how they end. undici takes a reset for the end of a body that has no
 * length, though it cuts the body short (RFC 9112, section 8), and puts an error of its own in the place of an alert
 * that came before the end, such as the refusal of our certificate in TLS 1.3. Only the socket tells.
 */
export function watchingBreaks(connect: Connector): Connector {
  return (options, callback) =>
    connect(options, (...ends: Parameters<typeof callback>) => {
      const [, socket] = ends;
      let first: Error | undefined;
      const clear = (): void => {
        current = undefined;
      };
      // One listener before undici's own, which ends the answer then and there, and one after.
      socket?.on("error", (error) => {
        current = first ??= error;
      });
      socket?.on("close", () => {
        current = first;
      });
      callback(...ends);
      socket?.on("error", clear);
      socket?.on("close", clear);
    });
}

/** The error of the connection that is breaking at this very moment, from within the end of an answer on it. */
export function breakingError(): Error | undefined {
  return current;
}

/** What is behind an error that undici tells, from within its telling: the error of the socket, where that came first. */
export function whatBroke(told: Error): Error {
  return (told as { code?: unknown }).code === "UND_ERR_SOCKET" ? (current ?? told) : told;
}
