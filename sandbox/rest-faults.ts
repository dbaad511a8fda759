import { type FaultKinds, anything, matching, milliseconds, striking, whole } from "./fault-kinds.ts";
import type { Fault } from "./faults.ts";

/** What a REST server can be told to do wrong. */
export type RestFault =
  /** The work takes this long: the charge is made at once, the answer comes late. */
  | (Fault & { readonly kind: "latency"; readonly ms: number })
  /** Answered with an error; nothing is done. */
  | (Fault & {
      readonly kind: "error";
      readonly status: number;
      readonly body?: unknown;
      readonly retryAfterS?: number;
    })
  /** Answered with the same error after all was done and recorded: a gateway in front of the service that lost it. */
  | (Fault & {
      readonly kind: "error-after-read";
      readonly status: number;
      readonly body?: unknown;
      readonly retryAfterS?: number;
    })
  /** Answered with 429 and `Retry-After`; nothing is done. */
  | (Fault & { readonly kind: "rate-limit"; readonly retryAfterS: number })
  /** RST before the body is read: nothing is done and the ledger does not know of the request. */
  | (Fault & { readonly kind: "reset-before-read" })
  /** RST after all was done and recorded: the caller cannot tell it from the one above. */
  | (Fault & { readonly kind: "reset-after-read" })
  /** All is done; status, headers and half the body are sent, the rest only when the fault is cleared. */
  | (Fault & { readonly kind: "stalled-body" })
  /** Nobody listens on the port, and the sockets that were open are cut. */
  | (Fault & { readonly kind: "refused" });

const request = { ...striking, ...matching };
const error = { status: whole(400, 599, { default: 500 }), body: anything, retryAfterS: whole(0, 86_400) };

/** The fields of each kind. */
export const restFaultKinds: FaultKinds<RestFault> = {
  latency: { acts: "on-request", fields: { ms: milliseconds({ required: true }), ...request } },
  error: { acts: "on-request", fields: { ...error, ...request } },
  "error-after-read": { acts: "on-request", fields: { ...error, ...request } },
  "rate-limit": { acts: "on-request", fields: { retryAfterS: whole(0, 86_400, { default: 1 }), ...request } },
  "reset-before-read": { acts: "on-request", fields: request },
  "reset-after-read": { acts: "on-request", fields: request },
  "stalled-body": { acts: "on-request", fields: request },
  refused: { acts: "while-active", fields: { forMs: milliseconds() } },
};
