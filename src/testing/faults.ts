import undiciErrors from "undici/lib/core/errors.js";

/**
 * What can go wrong instead of an answer:
 *
 * - `refused`, `dns`, `tls`, `connect-timeout`: no connection is made, and nothing is sent.
 * - `reset`: the connection breaks when the request has arrived; `closed`: it is closed then, in good order.
 * - `hang`: the request arrives, and is never answered: a limit of the call ends it.
 * - `malformed`: what comes back is not HTTP.
 */
export type MockFault = "refused" | "dns" | "tls" | "connect-timeout" | "reset" | "closed" | "hang" | "malformed";

export const mockFaults: readonly MockFault[] = [
  "refused",
  "dns",
  "tls",
  "connect-timeout",
  "reset",
  "closed",
  "hang",
  "malformed",
];

/** The error that Node or undici gives where no connection is made; undefined for a fault that comes later. */
export function connectError(fault: MockFault, origin: string): Error | undefined {
  const { hostname, port, protocol } = new URL(origin);
  const place = { address: hostname, port: Number(port || (protocol === "https:" ? 443 : 80)) };
  switch (fault) {
    case "refused":
      return coded(`connect ECONNREFUSED ${place.address}:${place.port}`, {
        code: "ECONNREFUSED",
        errno: -111,
        syscall: "connect",
        ...place,
      });
    case "dns":
      return coded(`getaddrinfo ENOTFOUND ${hostname}`, {
        code: "ENOTFOUND",
        errno: -3008,
        syscall: "getaddrinfo",
        hostname,
      });
    case "tls":
      return coded("unable to verify the first certificate", { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
    case "connect-timeout":
      return new undiciErrors.ConnectTimeoutError(`Connect Timeout Error (attempted address: ${hostname})`);
    default:
      return undefined;
  }
}

const coded = (message: string, facts: object): Error => Object.assign(new Error(message), facts);
