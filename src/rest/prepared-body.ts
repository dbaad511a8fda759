import type { Readable } from "node:stream";

/** A body as the transport takes it. */
export interface PreparedBody {
  readonly contentType: string | undefined;
  /** In bytes, of a stream whose length is known; strings and bytes tell theirs themselves. */
  readonly contentLength?: number | undefined;
  /** Whether {@link PreparedBody.open} may be called again for another attempt. */
  readonly isReplayable: boolean;
  /** What `open` gives, where that can be looked at before it is sent: for who signs it. Absent for a stream. */
  readonly payload?: string | Uint8Array;
  open(): string | Uint8Array | Readable | null;
}
