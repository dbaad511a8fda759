import { Duplex } from "node:stream";

/**
 * One end of a connection within the process. As over TCP, what is written arrives later and in order, waits in a
 * bounded buffer for whoever does not read, and an end that goes away is a FIN or a reset for the other.
 */
export class MemoryConnection extends Duplex {
  #peer: MemoryConnection | undefined;
  readonly #bufferBytes: number;
  /** Taken from the peer, and not here yet. */
  #arrivingBytes = 0;
  /** Tells the peer that there is room again, where there was none left. */
  #roomMade: ((error?: Error) => void) | undefined;
  #hasEnded = false;

  private constructor(bufferBytes: number) {
    super({ allowHalfOpen: true, readableHighWaterMark: bufferBytes, decodeStrings: true });
    this.#bufferBytes = bufferBytes;
  }

  /** @param bufferBytes - how much an end holds of what it does not read. */
  static pair(bufferBytes: number): readonly [MemoryConnection, MemoryConnection] {
    const one = new MemoryConnection(bufferBytes);
    const other = new MemoryConnection(bufferBytes);
    one.#peer = other;
    other.#peer = one;
    return [one, other];
  }

  /** The end of a process that was killed, or of a network that answers with a reset. */
  reset(): void {
    this.#peer?.destroy(broken("read", "ECONNRESET"));
    this.destroy();
  }

  override _read(): void {
    const roomMade = this.#roomMade;
    this.#roomMade = undefined;
    roomMade?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const peer = this.#peer;
    if (peer === undefined || peer.destroyed) done(broken("write", "EPIPE"));
    // At once, as a kernel does: what it has taken arrives, also where the writer is destroyed in the same turn.
    else if (peer.#take(Buffer.from(chunk))) done();
    else peer.#roomMade = done;
  }

  override _final(done: (error?: Error | null) => void): void {
    process.nextTick(() => {
      this.#peer?.finish();
      done();
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const roomMade = this.#roomMade;
    this.#roomMade = undefined;
    roomMade?.(broken("write", "ECONNRESET"));
    process.nextTick(() => this.#peer?.finish());
    done(error);
  }

  /** Nothing more comes from the other end. */
  finish(): void {
    if (this.destroyed || this.#hasEnded) return;
    this.#hasEnded = true;
    this.push(null);
    // As a socket does: the end is told although nobody reads, where nothing is left to be read.
    this.read(0);
  }

  /** @returns whether there is room for more. */
  #take(chunk: Buffer): boolean {
    this.#arrivingBytes += chunk.length;
    // Never within the write: the other end is another program to this one.
    process.nextTick(() => {
      this.#arrivingBytes -= chunk.length;
      this.push(chunk);
    });
    return this.readableLength + this.#arrivingBytes < this.#bufferBytes;
  }
}

function broken(syscall: string, code: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { syscall, code });
}
