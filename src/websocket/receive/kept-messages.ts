import { Fifo } from "./fifo.ts";

/** What is known of a message beyond its bytes. */
export interface MessageFacts {
  /** The subscription it belongs to: its lanes get it too. */
  readonly topic?: string | undefined;
  /**
   * Called once, when every lane that got it is done with it: handled, dropped by a policy, or its consumer gone. Not
   * called for what `forget` and `end` drop: that was not handled. Must not throw.
   */
  readonly onHandled?: (() => void) | undefined;
}

interface Kept<Message> {
  readonly message: Message;
  readonly bytes: number;
  readonly facts: MessageFacts | undefined;
}

/** Messages that no lane has been given yet, in order. */
export class KeptMessages<Message> {
  /** Made with the first: nothing ever waits in an idle stream. */
  #fifo: Fifo<Kept<Message>> | undefined;
  #bytes = 0;

  get size(): number {
    return this.#fifo?.size ?? 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(message: Message, bytes: number, facts: MessageFacts | undefined): void {
    (this.#fifo ??= new Fifo()).push({ message, bytes, facts });
    this.#bytes += bytes;
  }

  shift(): Kept<Message> | undefined {
    const kept = this.#fifo?.shift();
    if (kept !== undefined) this.#bytes -= kept.bytes;
    return kept;
  }
}

/**
 * The message, fit to be kept: a part of a much larger buffer is copied out, for a message of 20 bytes must not hold on
 * to the 64 KiB that were read from the socket with it. The copies share Node's own pool: a buffer for each costs more
 * than the copy, and a flood of them has V8 double its young generation.
 */
export function fitToKeep<Message>(message: Message): Message {
  if (!(message instanceof Uint8Array)) return message;
  const { byteLength, buffer } = message;
  if (buffer.byteLength <= byteLength * 2) return message;
  const copy = Buffer.allocUnsafe(byteLength);
  copy.set(message);
  // Of the same kind: what a consumer gets must not depend on whether it had to wait.
  const kept = message instanceof Buffer ? copy : new Uint8Array(copy.buffer, copy.byteOffset, byteLength);
  return kept as Message & Uint8Array;
}
