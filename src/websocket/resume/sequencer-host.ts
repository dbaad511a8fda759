import type { Parcel } from "./held-arrivals.ts";
import type { InboxLimits } from "../receive/inbox.ts";

/** What a sequencer asks of the service around it. */
export interface SequencerHost<Message> {
  /**
   * The message is next. `onHandled` is to be called once every consumer is done with it, also where one dropped it or
   * threw; it is undefined for a message without a position. Where a promise is returned, a fill waits for it with its
   * next message: the consumers have no room.
   */
  readonly deliver: (parcel: Parcel<Message>, onHandled: (() => void) | undefined) => void | PromiseLike<void>;
  /** What `positionOf`, `fill` or `onGap` threw. */
  readonly onError: (thrown: unknown) => void;
  /** The error of a fill that takes longer than its limit. */
  readonly timedOut: (limitMs: number) => unknown;
}

export interface SequencerLimits {
  /** For a fill; and for the doubt whether a service repeats messages or counts anew. Milliseconds. */
  readonly fillTimeoutMs: number;
  /** Of each key, while its messages wait. */
  readonly held: Pick<InboxLimits, "maxMessages" | "maxBytes">;
}

/** Counted since the stream was made, but for what is held now. */
export interface SequencerStats {
  readonly duplicates: number;
  /** Gaps that were told to `onGap`. */
  readonly gaps: number;
  /** Messages that `fill` gave and that were missing. */
  readonly filled: number;
  readonly heldMessages: number;
  readonly heldBytes: number;
}
