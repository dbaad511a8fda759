/**
 * Answers pings: the newest alone, at most once per turn of the event loop (RFC 6455, section 5.5.3), and not before
 * the last pong is with the kernel. So no flood of pings fills the memory, even where the peer does not read.
 */
export class PongDuty {
  /** Sends a pong; calls back when it is with the kernel, or failed. */
  readonly #send: (payload: Uint8Array, sent: () => void) => void;
  #due: Uint8Array | undefined;
  #isScheduled = false;
  #isUnsent = false;

  constructor(send: (payload: Uint8Array, sent: () => void) => void) {
    this.#send = send;
  }

  /** A ping came. */
  ping(payload: Uint8Array): void {
    this.#due = payload;
    this.#schedule();
  }

  /** The connection is gone: nothing is sent any more. */
  end(): void {
    this.#due = undefined;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isUnsent) return;
    this.#isScheduled = true;
    // What was read is handled in the poll phase; this comes right after it, in the same turn.
    setImmediate(this.#answer);
  }

  readonly #answer = (): void => {
    this.#isScheduled = false;
    const payload = this.#due;
    if (payload === undefined) return;
    this.#due = undefined;
    this.#isUnsent = true;
    this.#send(payload, this.#sent);
  };

  readonly #sent = (): void => {
    this.#isUnsent = false;
    if (this.#due !== undefined) this.#schedule();
  };
}
