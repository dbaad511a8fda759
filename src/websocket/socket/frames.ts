import { randomFillSync } from "node:crypto";

// As ws does: one call for two thousand masks.
const maskPoolBytes = 8 * 1_024;
let masks: Buffer | undefined;
let masksUsed = maskPoolBytes;

/** Four bytes that nobody can foresee (RFC 6455, section 5.3). */
function nextMask(): number {
  masks ??= Buffer.allocUnsafeSlow(maskPoolBytes);
  if (masksUsed === maskPoolBytes) {
    randomFillSync(masks);
    masksUsed = 0;
  }
  const mask = masks.readInt32LE(masksUsed);
  masksUsed += 4;
  return mask;
}

/** What the frame of a client has in front of a payload of so many bytes, below 64 KiB: its head, and the mask. */
export function headBytes(payloadBytes: number): number {
  return payloadBytes < 126 ? 6 : 8;
}

/** Where frames are written. */
export interface FrameMemory {
  readonly buffer: Buffer;
  /** Of the same bytes. */
  readonly view: DataView;
}

/** Memory for so many bytes, with whatever was in it before. */
export function frameMemory(bytes: number): FrameMemory {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  return { buffer, view: new DataView(buffer.buffer, buffer.byteOffset, bytes) };
}

/**
 * Writes a whole message as one masked frame (RFC 6455, section 5.2).
 *
 * @param bytes - of the payload, below 64 KiB: for a string, of its UTF-8.
 * @returns where it ends.
 */
export function writeFrame(
  { buffer: target, view }: FrameMemory,
  at: number,
  data: string | Uint8Array,
  bytes: number,
  mask: number,
): number {
  const payloadAt = at + headBytes(bytes);
  target[at] = typeof data === "string" ? 0x81 : 0x82;
  if (bytes < 126) {
    target[at + 1] = 0x80 | bytes;
  } else {
    target[at + 1] = 0x80 | 126;
    target.writeUInt16BE(bytes, at + 2);
  }
  target.writeInt32LE(mask, payloadAt - 4);
  if (typeof data !== "string") target.set(data, payloadAt);
  // As many bytes as characters: all of it is ASCII, which is copied faster than it is encoded.
  else target.write(data, payloadAt, bytes, bytes === data.length ? "latin1" : "utf8");
  applyMask(target, view, payloadAt, bytes, mask);
  return payloadAt + bytes;
}

function applyMask(target: Buffer, view: DataView, at: number, bytes: number, mask: number): void {
  const end = at + bytes;
  let next = at;
  // Four bytes at a time, wherever they begin: V8 makes one instruction of each access.
  for (; next + 4 <= end; next += 4) view.setInt32(next, view.getInt32(next, true) ^ mask, true);
  for (let shift = 0; next < end; next++, shift += 8) target[next] = (target[next] ?? 0) ^ ((mask >>> shift) & 0xff);
}

/** The longest payload that is copied; a longer one costs less as a write of its own. */
export const maxBatchedBytes: number = 16 * 1_024;

// Shared by all sockets, as Buffer's own pool is: an idle stream holds none of it. Never used twice, since the kernel may
// still read what was written before; what nobody refers to any more is collected.
const poolBytes = 64 * 1_024;
let pool: FrameMemory | undefined;
let poolUsed = 0;

/** Frames that go to the kernel together, and whom to tell. */
export class FrameBatch {
  #parts: Buffer[] = [];
  /** The part that grows, up to `poolUsed` where it is the last one that anybody has of the pool. */
  #pool: FrameMemory | undefined;
  #from = 0;
  #to = 0;
  #dones: ((error?: Error) => void)[] = [];
  #bytes = 0;

  /** Of all frames in it. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param bytes - of the payload, at most {@link maxBatchedBytes}. */
  add(data: string | Uint8Array, bytes: number, done: (error?: Error) => void): void {
    const length = headBytes(bytes) + bytes;
    if (pool === undefined || poolUsed + length > poolBytes) {
      pool = frameMemory(poolBytes);
      poolUsed = 0;
    }
    // Another socket may have taken what came after it.
    if (this.#pool !== pool || this.#to !== poolUsed) {
      this.#closePart();
      this.#pool = pool;
      this.#from = poolUsed;
    }
    poolUsed = writeFrame(pool, poolUsed, data, bytes, nextMask());
    this.#to = poolUsed;
    this.#bytes += length;
    this.#dones.push(done);
  }

  /** Empties it. The parts are to be written in this order. */
  take(): { readonly parts: readonly Buffer[]; readonly dones: readonly ((error?: Error) => void)[] } {
    this.#closePart();
    const parts = this.#parts;
    const dones = this.#dones;
    this.#parts = [];
    this.#dones = [];
    this.#bytes = 0;
    return { parts, dones };
  }

  #closePart(): void {
    if (this.#pool !== undefined) this.#parts.push(this.#pool.buffer.subarray(this.#from, this.#to));
    this.#pool = undefined;
  }
}
