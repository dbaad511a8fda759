import type { Readable } from "node:stream";

/** A body as the transport takes it. */
export interface PreparedBody {
  readonly contentType: string | undefined;
  /** In bytes, of a stream whose length is known; strings and bytes tell theirs themselves. */
  readonly contentLength?: number | undefined;
  /** Whether {@link PreparedBody.open} may be called again for another attempt. */
  readonly isReplayable: boolean;
  open(): string | Uint8Array | Readable | null;
}
