/** Opcodes (RFC 6455, section 5.2). */
export const op = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** How a frame departs from the plain one: whole, unmasked, its length in as few bytes as will do. */
export interface FrameShape {
  /** @defaultValue true */
  readonly fin?: boolean;
  /** The three reserved bits, 4 for the first. @defaultValue 0 */
  readonly rsv?: number;
  /** @defaultValue false, as a server has to */
  readonly isMasked?: boolean;
  /** How many bits the length takes. @defaultValue as few as will do */
  readonly lengthBits?: 7 | 16 | 64;
  /** The length that is said. @defaultValue that of the payload */
  readonly length?: bigint;
}

const key = Buffer.from([1, 2, 3, 4]);

/** A frame, byte by byte as told. */
export function frame(opcode: number, payload: string | Buffer = "", shape: FrameShape = {}): Buffer {
  const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
  const { fin = true, rsv = 0, isMasked = false, length = BigInt(bytes.length) } = shape;
  const bits = shape.lengthBits ?? (length < 126n ? 7 : length < 65_536n ? 16 : 64);
  const mark = isMasked ? 0x80 : 0;
  const head = Buffer.alloc(bits === 7 ? 2 : bits === 16 ? 4 : 10);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = mark | (bits === 7 ? Number(length) : bits === 16 ? 126 : 127);
  if (bits === 16) head.writeUInt16BE(Number(length), 2);
  if (bits === 64) head.writeBigUInt64BE(length, 2);
  return Buffer.concat(isMasked ? [head, key, masked(bytes, key)] : [head, bytes]);
}

export const text = (payload: string | Buffer, shape?: FrameShape): Buffer => frame(op.text, payload, shape);
export const ping = (payload: string | Buffer = "", shape?: FrameShape): Buffer => frame(op.ping, payload, shape);
export const pong = (payload: string | Buffer = ""): Buffer => frame(op.pong, payload);

/** A Close frame; without a code it has no payload. */
export function close(code?: number, reason: string | Buffer = ""): Buffer {
  if (code === undefined) return frame(op.close);
  const said = Buffer.alloc(2);
  said.writeUInt16BE(code);
  return frame(op.close, Buffer.concat([said, typeof reason === "string" ? Buffer.from(reason) : reason]));
}

/** One message in fragments of so many bytes, the last one final. */
export function fragments(payload: Buffer, size: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < payload.length; at += size) {
    const fin = at + size >= payload.length;
    parts.push(frame(at === 0 ? op.text : op.continuation, payload.subarray(at, at + size), { fin }));
  }
  return Buffer.concat(parts);
}

/** A frame that the client sent, unmasked. */
export interface ClientFrame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly rsv: number;
  readonly isMasked: boolean;
  readonly payload: Buffer;
}

/** Reads the client's frames out of its bytes. */
export class FrameReader {
  readonly #onFrame: (frame: ClientFrame) => void;
  #chunks: Buffer[] = [];
  #length = 0;
  /** How many bytes the frame under way has to have before it is worth looking at. */
  #wanted = 2;

  constructor(onFrame: (frame: ClientFrame) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= this.#wanted && this.#take());
  }

  /** Takes one frame out; false where it is not whole. */
  #take(): boolean {
    const [only, ...more] = this.#chunks;
    const bytes = only !== undefined && more.length === 0 ? only : Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    const [first = 0, second = 0] = bytes;
    const bits = second & 0x7f;
    const start = bits === 127 ? 10 : bits === 126 ? 4 : 2;
    const isMasked = (second & 0x80) !== 0;
    const body = start + (isMasked ? 4 : 0);
    this.#wanted = body;
    if (bytes.length < body) return false;
    const length = bits === 127 ? Number(bytes.readBigUInt64BE(2)) : bits === 126 ? bytes.readUInt16BE(2) : bits;
    this.#wanted = body + length;
    if (bytes.length < body + length) return false;
    const payload = bytes.subarray(body, body + length);
    this.#chunks = [bytes.subarray(body + length)];
    this.#length = bytes.length - body - length;
    this.#wanted = 2;
    this.#onFrame({
      opcode: first & 0x0f,
      fin: (first & 0x80) !== 0,
      rsv: (first >> 4) & 7,
      isMasked,
      payload: isMasked ? masked(payload, bytes.subarray(start, body)) : payload,
    });
    return true;
  }
}

function masked(bytes: Buffer, mask: Buffer): Buffer {
  const out = Buffer.alloc(bytes.length);
  for (let i = 0; i < bytes.length; i++) out[i] = (bytes[i] ?? 0) ^ (mask[i % 4] ?? 0);
  return out;
}
