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
  /** On the clock's scale; undefined before the first. */
  lastMessageAt: number | undefined;
}
