/** What a stream has carried so far, over all its connections. */
export class Traffic {
  messagesIn = 0;
  bytesIn = 0;
  messagesOut = 0;
  bytesOut = 0;
  /** Connections that became ready. */
  opens = 0;
  /** Attempts to connect that ended, well or not. */
  attempts = 0;
  failedAttempts = 0;
  /** Messages that the codec refused. */
  undecodable = 0;
  /** Messages that had come before. */
  duplicates = 0;
  /** How often reading was stopped because a consumer was slow. */
  pauses = 0;
  // Always a number: for one that is undefined at first, V8 would make an object of each that follows.
  #lastMessageAt = Number.NEGATIVE_INFINITY;

  /** On the clock's scale; undefined before the first. */
  get lastMessageAt(): number | undefined {
    return this.#lastMessageAt === Number.NEGATIVE_INFINITY ? undefined : this.#lastMessageAt;
  }

  /** A message came. @param at - on the clock's scale. */
  came(bytes: number, at: number): void {
    this.messagesIn++;
    this.bytesIn += bytes;
    this.#lastMessageAt = at;
  }
}
