import { constants, deflateRawSync, inflateRawSync } from "node:zlib";

// RFC 7692, section 7.2.1: what a flush leaves at the end is left off on the wire.
const tail = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** One direction of permessage-deflate: keeps the window from one message to the next, as either side may. */
export class DeflateContext {
  readonly #windowBits: number;
  #window: Buffer = Buffer.alloc(0);

  /** @param windowBits - 8 to 15. */
  constructor(windowBits = 15) {
    this.#windowBits = windowBits;
  }

  deflate(payload: Buffer): Buffer {
    const compressed = deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH, ...this.#options() });
    this.#slide(payload);
    return compressed.subarray(0, -tail.length);
  }

  /** @throws Error for what is not compressed data */
  inflate(compressed: Buffer): Buffer {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, ...this.#options() };
    const payload = inflateRawSync(Buffer.concat([compressed, tail]), options);
    this.#slide(payload);
    return payload;
  }

  // A dictionary is to a single call what the window is to a stream.
  #options(): { windowBits: number; dictionary?: Buffer } {
    const windowBits = this.#windowBits;
    return this.#window.length === 0 ? { windowBits } : { windowBits, dictionary: this.#window };
  }

  #slide(payload: Buffer): void {
    this.#window = Buffer.from(Buffer.concat([this.#window, payload]).subarray(-(2 ** this.#windowBits)));
  }
}

/** What a server answers to an offer of permessage-deflate. */
export interface DeflateAnswer {
  /** Asks the client to begin each message anew. */
  readonly clientNoContextTakeover: boolean;
  /** Asks the client for a window of so many bits. */
  readonly clientMaxWindowBits: number | undefined;
}

/**
 * The header for the first of the answers that the client's offer allows; undefined where it allows none. A client may
 * be asked only for what it offers (RFC 7692, section 7.1.2), but for `client_no_context_takeover`.
 */
export function negotiate(offers: string, answers: readonly DeflateAnswer[]): Negotiated | undefined {
  const offer = offers.split(",").find((one) => one.trim().startsWith("permessage-deflate"));
  // The script's messages lean on each other.
  if (offer === undefined || offer.includes("server_no_context_takeover")) return undefined;
  const answer = answers.find(({ clientMaxWindowBits }) => {
    return clientMaxWindowBits === undefined || offer.includes("client_max_window_bits");
  });
  if (answer === undefined) return undefined;
  const parameters = [
    "permessage-deflate",
    ...(answer.clientNoContextTakeover ? ["client_no_context_takeover"] : []),
    ...(answer.clientMaxWindowBits === undefined ? [] : [`client_max_window_bits=${answer.clientMaxWindowBits}`]),
  ];
  return { header: parameters.join("; "), answer };
}

export interface Negotiated {
  readonly header: string;
  readonly answer: DeflateAnswer;
}
