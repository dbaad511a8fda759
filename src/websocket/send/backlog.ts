import { type Outgoing, OutgoingLine } from "./outgoing.ts";

/** How much is kept for callers, and what becomes of more. A single message may exceed `maxBytes` where nothing else is queued. */
export interface OutboxLimits {
  /** Whole, at least 1. @defaultValue 1024 */
  readonly maxMessages: number;
  /** Of the encoded messages, at least 1. @defaultValue 1048576 (1 MiB) */
  readonly maxBytes: number;
  /**
   * What a full outbox does. `wait`: `send` waits for room, within its limit. `reject`: it is refused
   * (`unavailable-queue-full`). `dropOldest`: the oldest that is queued is refused so, and makes room.
   *
   * @defaultValue "wait"
   */
  readonly whenFull: "wait" | "reject" | "dropOldest";
}

/** What no connection has yet: queued within the limits, or waiting for room. */
export class Backlog {
  readonly queued: OutgoingLine = new OutgoingLine();
  /** Empty while there is room: it is what `admit` sees to. */
  readonly waiting: OutgoingLine = new OutgoingLine();
  readonly #limits: OutboxLimits;

  constructor(limits: OutboxLimits) {
    this.#limits = limits;
  }

  /** @returns false where there is no room, and none is waited for. */
  take(entry: Outgoing): boolean {
    if (this.waiting.size === 0 && this.#hasRoomFor(entry)) {
      this.queued.join(entry);
      return true;
    }
    switch (this.#limits.whenFull) {
      case "wait":
        this.waiting.join(entry);
        return true;
      case "reject":
        return false;
      case "dropOldest":
        for (let oldest = this.queued.first; oldest !== undefined; oldest = this.queued.first) {
          if (this.#hasRoomFor(entry)) break;
          oldest.owner.dropped(oldest);
        }
        this.queued.join(entry);
        return true;
    }
  }

  /** Moves up those that wait for room; to be called whenever one has left. */
  admit(): void {
    for (let entry = this.waiting.first; entry !== undefined; entry = this.waiting.first) {
      if (!this.#hasRoomFor(entry)) return;
      this.queued.join(entry);
    }
  }

  #hasRoomFor({ bytes }: Outgoing): boolean {
    const { size, bytes: queuedBytes } = this.queued;
    return size === 0 || (size < this.#limits.maxMessages && queuedBytes + bytes <= this.#limits.maxBytes);
  }
}
