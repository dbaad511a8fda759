// ws ends a connection without a word when 60 pongs wait to be written; a program that pings in earnest needs two.
const maxUnsent = 16;

/**
 * Answers pings: each at once, in its place among the messages, while fewer than 16 pongs are not yet with the kernel;
 * of the others the newest alone (RFC 6455, section 5.5.3). So no flood of pings fills the memory, even where the peer
 * does not read.
 */
export class PongDuty {
  /** Sends a pong; calls back when it is with the kernel, or failed. */
  readonly #send: (payload: Uint8Array, sent: () => void) => void;
  #due: Uint8Array | undefined;
  #unsent = 0;
  #isOver = false;

  constructor(send: (payload: Uint8Array, sent: () => void) => void) {
    this.#send = send;
  }

  /** A ping came. */
  ping(payload: Uint8Array): void {
    if (this.#unsent < maxUnsent) this.#answer(payload);
    else this.#due = payload;
  }

  /** The connection is gone: nothing is sent any more. */
  end(): void {
    this.#isOver = true;
    this.#due = undefined;
  }

  #answer(payload: Uint8Array): void {
    if (this.#isOver) return;
    this.#unsent += 1;
    this.#send(payload, this.#sent);
  }

  readonly #sent = (): void => {
    this.#unsent -= 1;
    const payload = this.#due;
    if (payload === undefined) return;
    this.#due = undefined;
    this.#answer(payload);
  };
}
