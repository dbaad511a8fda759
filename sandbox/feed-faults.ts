import { type FaultKinds, flag, milliseconds, striking, text, whole } from "./fault-kinds.ts";
import type { Fault } from "./faults.ts";

/** What the price feed can be told to do wrong. */
export type FeedFault =
  /** The handshake is answered late. */
  | (Fault & { readonly kind: "latency"; readonly ms: number })
  /** The handshake is answered with an error. */
  | (Fault & { readonly kind: "refused"; readonly status: number; readonly retryAfterS?: number })
  /** The 101 goes out byte by byte, over this long. */
  | (Fault & { readonly kind: "slow-handshake"; readonly ms: number })
  /** Nobody listens on the port, and the sockets that were open are cut. */
  | (Fault & { readonly kind: "unreachable" })
  /** Every stream that is open is cut without a Close frame. */
  | (Fault & { readonly kind: "drop" })
  /** Every stream that is open is sent a Close frame. */
  | (Fault & { readonly kind: "close"; readonly code: number; readonly reason: string })
  /** Open streams stay open, but nothing is read, written or ponged; with `alsoNew`, handshakes are not answered either. */
  | (Fault & { readonly kind: "black-hole"; readonly alsoNew?: boolean });

// RFC 6455 section 7.4: 1004 is reserved; 1005, 1006 and 1015 never stand in a frame; 3000 to 4999 are free for use.
const isCloseCode = (code: unknown): boolean =>
  typeof code === "number" &&
  Number.isInteger(code) &&
  ((code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999));

/** The fields of each kind. */
export const feedFaultKinds: FaultKinds<FeedFault> = {
  latency: { acts: "on-request", fields: { ms: milliseconds({ required: true }), ...striking } },
  refused: {
    acts: "on-request",
    fields: { status: whole(400, 599, { default: 503 }), retryAfterS: whole(0, 86_400), ...striking },
  },
  "slow-handshake": { acts: "on-request", fields: { ms: milliseconds({ required: true }), ...striking } },
  unreachable: { acts: "while-active", fields: { forMs: milliseconds() } },
  drop: { acts: "at-once", fields: {} },
  close: {
    acts: "at-once",
    fields: {
      code: { expects: "a close code: 1000-1003, 1007-1014 or 3000-4999", accepts: isCloseCode, default: 1001 },
      // A Close frame holds 125 bytes, of which two are the code; printable ASCII keeps characters and bytes the same.
      reason: text("at most 123 characters of ASCII", /^[ -~]{0,123}$/, { default: "" }),
    },
  },
  "black-hole": { acts: "while-active", fields: { forMs: milliseconds(), alsoNew: flag } },
};
