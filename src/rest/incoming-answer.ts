import type { AnswerHeaders } from "./answer.ts";
import { type Codings, codingsOf, type Decoded, decodeWhole, headersOfDecoded } from "./decode.ts";

/** An answer that is coming in: its head, and of its body what has come. It knows of no connection and no limit of time. */
export class IncomingAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** When its head had come, on the clock's scale. */
  readonly headAt: number;
  readonly hasBody: boolean;
  readonly #maxBytes: number;
  /** By its `content-length`; NaN where there is none, or none that is a number. */
  readonly #announced: number;
  /** What has come of the body: most answers are one piece. */
  #pieces: Uint8Array | Uint8Array[] | undefined;
  #bytes = 0;
  #codings: Codings | undefined;

  constructor(
    head: { readonly status: number; readonly headers: AnswerHeaders; readonly at: number },
    to: { readonly method: string; readonly maxBytes: number },
  ) {
    this.status = head.status;
    this.headers = head.headers;
    this.headAt = head.at;
    this.#maxBytes = to.maxBytes;
    this.#announced = Number(head.headers["content-length"]);
    // These have no body; what their headers say of one is about the answer to a GET (RFC 9110, section 8.6).
    this.hasBody = to.method !== "HEAD" && head.status !== 204 && head.status !== 304;
  }

  /** How the body is encoded, as far as it is to be decoded; known after {@link IncomingAnswer.readEncoding}. */
  get codings(): Codings | undefined {
    return this.#codings;
  }

  /** The headers once the body is decoded. */
  get decodedHeaders(): AnswerHeaders {
    return this.#codings === undefined ? this.headers : headersOfDecoded(this.headers);
  }

  get isAnnouncedTooLarge(): boolean {
    // Of an error, what can be read must do: what it says is in its status and headers.
    return this.status < 400 && this.#announced > this.#maxBytes;
  }

  /** All has come that was announced; unknown, and false, where nothing was. */
  get isWhole(): boolean {
    return this.#bytes === this.#announced;
  }

  /**
   * Learns how the body is encoded.
   *
   * @param asked - the `accept-encoding` of the request.
   * @returns why the body cannot be used, where that is so.
   */
  readEncoding(decompress: boolean, asked: string | undefined): string | undefined {
    const transferCoding = this.headers["transfer-encoding"];
    // undici undoes chunks and nothing else: what else was done to the body would pass for the body itself.
    if (transferCoding !== undefined && String(transferCoding).toLowerCase() !== "chunked") {
      return 'the transfer coding of the answer is not "chunked", and no other was asked for';
    }
    const codings = codingsOf(this.headers);
    if (codings === undefined) return undefined;
    if (decompress) {
      if ("problem" in codings) return codings.problem;
      this.#codings = codings;
      return undefined;
    }
    // Whoever asked for an encoding, and wants none undone, gets what came.
    if (asked !== "identity") return undefined;
    return `the answer is encoded (${String(this.headers["content-encoding"]).slice(0, 40)}) although no encoding was asked for`;
  }

  /** Takes a piece of the body; false where that would be too much of it, and it was left. */
  take(chunk: Uint8Array): boolean {
    if (this.#bytes + chunk.byteLength > this.#maxBytes) return false;
    this.#bytes += chunk.byteLength;
    const pieces = this.#pieces;
    if (pieces === undefined) this.#pieces = chunk;
    else if (Array.isArray(pieces)) pieces.push(chunk);
    else this.#pieces = [pieces, chunk];
    return true;
  }

  /** What has come, as it came. */
  whole(): Uint8Array {
    const pieces = this.#pieces ?? Buffer.alloc(0);
    return Array.isArray(pieces) ? Buffer.concat(pieces, this.#bytes) : pieces;
  }

  /** What can be read of a body that is not whole. */
  readable(): Uint8Array {
    return this.#codings === undefined ? this.whole() : new Uint8Array();
  }

  /** The whole body, decoded; what had come is then let go of. */
  async decoded(codings: Codings): Promise<Decoded> {
    const decoded = await decodeWhole(this.whole(), codings, this.#maxBytes);
    this.#pieces = undefined;
    this.#bytes = 0;
    return decoded;
  }
}
