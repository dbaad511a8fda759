/** Opcodes of RFC 6455, section 5.2. */
export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameShape {
  /** @defaultValue true */
  readonly fin?: boolean;
  /** The three reserved bits as a number. @defaultValue 0 */
  readonly rsv?: number;
}

/** A frame as a server sends it, well-formed or not: the shape is not looked at. */
export function frame(code: number, payload: Buffer | string = "", { fin = true, rsv = 0 }: FrameShape = {}): Buffer {
  const body = typeof payload === "string" ? Buffer.from(payload) : payload;
  const first = (fin ? 0x80 : 0) | (rsv << 4) | code;
  return Buffer.concat([headerOf(first, body.length), body]);
}

/** The payload of a Close frame: RFC 6455, section 5.5.1. */
export function closePayload(code: number, reason: Buffer | string = ""): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return Buffer.concat([head, Buffer.from(reason)]);
}

function headerOf(first: number, length: number): Buffer {
  if (length < 126) return Buffer.from([first, length]);
  if (length < 65_536) {
    const header = Buffer.from([first, 126, 0, 0]);
    header.writeUInt16BE(length, 2);
    return header;
  }
  const header = Buffer.alloc(10);
  header[0] = first;
  header[1] = 127;
  header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}
