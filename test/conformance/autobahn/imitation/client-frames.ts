import type { DeflateContext } from "./deflate.ts";
import { opcode } from "./frames.ts";

/** What a client sent, whole: fragments are joined. */
export interface ClientMessage {
  readonly kind: "text" | "binary" | "close" | "ping" | "pong";
  readonly payload: Buffer;
}

/** The client broke RFC 6455 with what it sent. */
export class ClientFault extends Error {
  override readonly name = "ClientFault";
}

interface Head {
  readonly fin: boolean;
  readonly rsv: number;
  readonly code: number;
  readonly length: number;
  readonly bytes: number;
  readonly mask: Buffer;
}

const kinds: Readonly<Record<number, ClientMessage["kind"]>> = {
  [opcode.text]: "text",
  [opcode.binary]: "binary",
  [opcode.close]: "close",
  [opcode.ping]: "ping",
  [opcode.pong]: "pong",
};

/** Reads the frames of a client, and objects to those that a client must not send. */
export class ClientFrames {
  #chunks: Buffer[] = [];
  #size = 0;
  /** Bytes without which another look is in vain: a message of 16 MiB comes in hundreds of pieces. */
  #wanted = 2;
  #fragments: { readonly kind: "text" | "binary"; readonly rsv: number; readonly parts: Buffer[] } | undefined;
  readonly #inflater: DeflateContext | undefined;

  /** @param inflater - where permessage-deflate was negotiated. */
  constructor(inflater?: DeflateContext) {
    this.#inflater = inflater;
  }

  /** Takes a chunk and returns what is complete with it. @throws ClientFault */
  push(chunk: Buffer): ClientMessage[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const messages: ClientMessage[] = [];
    while (this.#size >= this.#wanted) {
      const bytes = this.#joined();
      const head = readHead(bytes);
      if (head === undefined || bytes.length < head.bytes + head.length) {
        this.#wanted = head === undefined ? bytes.length + 1 : head.bytes + head.length;
        continue;
      }
      this.#keep(bytes.subarray(head.bytes + head.length));
      this.#wanted = 2;
      const message = this.#assemble(head, unmasked(bytes.subarray(head.bytes, head.bytes + head.length), head.mask));
      if (message !== undefined) messages.push(message);
    }
    return messages;
  }

  #joined(): Buffer {
    const bytes = this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    return bytes;
  }

  #keep(rest: Buffer): void {
    this.#chunks = [rest];
    this.#size = rest.length;
  }

  #assemble({ fin, rsv, code }: Head, payload: Buffer): ClientMessage | undefined {
    const isCompressible = this.#inflater !== undefined && (code === opcode.text || code === opcode.binary);
    if (rsv !== 0 && !(rsv === 4 && isCompressible)) throw new ClientFault("a reserved bit is set");
    if (code === opcode.continuation) {
      if (this.#fragments === undefined) throw new ClientFault("a continuation of nothing");
      this.#fragments.parts.push(payload);
      if (!fin) return undefined;
      const { kind, parts, rsv: first } = this.#fragments;
      this.#fragments = undefined;
      return { kind, payload: this.#plain(first, Buffer.concat(parts)) };
    }
    const kind = kinds[code];
    if (kind === undefined) throw new ClientFault(`opcode ${code}`);
    if (code >= 8) {
      if (!fin || payload.length > 125) throw new ClientFault("a control frame that is long or fragmented");
      return { kind, payload };
    }
    if (this.#fragments !== undefined) throw new ClientFault("a message within another");
    if (fin) return { kind, payload: this.#plain(rsv, payload) };
    this.#fragments = { kind: kind as "text" | "binary", rsv, parts: [payload] };
    return undefined;
  }

  #plain(rsv: number, payload: Buffer): Buffer {
    if (rsv === 0 || this.#inflater === undefined) return payload;
    try {
      return this.#inflater.inflate(payload);
    } catch (error) {
      throw new ClientFault(`what it compressed cannot be read: ${(error as Error).message}`);
    }
  }
}

function readHead(bytes: Buffer): Head | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  if ((second & 0x80) === 0) throw new ClientFault("a frame is not masked (RFC 6455, section 5.1)");
  const short = second & 0x7f;
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  if (bytes.length < 2 + extended + 4) return undefined;
  const length = extended === 0 ? short : extended === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const mask = bytes.subarray(2 + extended, 6 + extended);
  return { fin: (first & 0x80) !== 0, rsv: (first & 0x70) >> 4, code: first & 0x0f, length, bytes: 6 + extended, mask };
}

function unmasked(payload: Buffer, mask: Buffer): Buffer {
  const plain = Buffer.allocUnsafe(payload.length);
  for (let index = 0; index < payload.length; index++) {
    plain[index] = (payload[index] ?? 0) ^ (mask[index & 3] ?? 0);
  }
  return plain;
}
