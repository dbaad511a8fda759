import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type FileHandle, open, rename, unlink } from "node:fs/promises";
import { finished } from "node:stream/promises";
import type { Writable } from "node:stream";

/** Where a download goes. */
export interface Sink {
  /** Forgets what was written, or says that it cannot. */
  restart(): Promise<boolean>;
  /** Takes the piece: from then on it counts as received. */
  write(piece: Uint8Array): Promise<void>;
  /** Resolves when more may be written. @throws What `gaveUp` aborts with, where it takes longer than that. */
  ready(gaveUp: AbortSignal): Promise<void>;
  /** Nothing came, and nothing will. */
  leave(): Promise<void>;
  /** All of it is there. */
  finish(): Promise<void>;
  /** It will not be: gives back what it holds, and leaves nothing behind. Does not throw. */
  discard(reason: unknown): Promise<void>;
}

/** A file that is there under its name when it is whole, and not before. */
export class FileSink implements Sink {
  readonly #path: string;
  readonly #partPath: string;
  readonly #file: FileHandle;
  #position = 0;

  private constructor(path: string, partPath: string, file: FileHandle) {
    this.#path = path;
    this.#partPath = partPath;
    this.#file = file;
  }

  static async open(path: string): Promise<FileSink> {
    // Beside it, for a rename across file systems is a copy; and of its own, so that two downloads do not meet.
    const partPath = `${path}.${randomBytes(6).toString("hex")}.part`;
    return new FileSink(path, partPath, await open(partPath, "wx"));
  }

  async restart(): Promise<boolean> {
    await this.#file.truncate(0);
    this.#position = 0;
    return true;
  }

  async write(piece: Uint8Array): Promise<void> {
    for (let start = 0; start < piece.byteLength; ) {
      const { bytesWritten } = await this.#file.write(piece, start, piece.byteLength - start, this.#position);
      start += bytesWritten;
      this.#position += bytesWritten;
    }
  }

  async ready(): Promise<void> {}

  async leave(): Promise<void> {
    await this.discard();
  }

  async finish(): Promise<void> {
    // Before the rename, or a crash could leave the name on an empty file.
    await this.#file.sync();
    await this.#file.close();
    await rename(this.#partPath, this.#path);
  }

  async discard(): Promise<void> {
    await Promise.allSettled([this.#file.close(), unlink(this.#partPath)]);
  }
}

/** A stream, from which nothing can be taken back. */
export class StreamSink implements Sink {
  readonly #stream: Writable;
  #isBegun = false;

  constructor(stream: Writable) {
    this.#stream = stream;
    // An error that comes between two of our own listeners would end the process; it is read from `errored`.
    stream.on("error", heard);
  }

  async restart(): Promise<boolean> {
    return !this.#isBegun;
  }

  async write(piece: Uint8Array): Promise<void> {
    if (this.#stream.errored !== null) throw this.#stream.errored;
    if (this.#stream.destroyed || this.#stream.writableEnded) {
      throw new Error("the stream was closed before the download was whole");
    }
    this.#isBegun = true;
    this.#stream.write(piece);
  }

  async ready(gaveUp: AbortSignal): Promise<void> {
    if (!this.#stream.writableNeedDrain) return;
    const settled = new AbortController();
    const signal = AbortSignal.any([gaveUp, settled.signal]);
    try {
      // `once` rejects where the stream fails.
      await Promise.race([once(this.#stream, "drain", { signal }), once(this.#stream, "close", { signal })]);
    } catch (error) {
      gaveUp.throwIfAborted();
      throw error;
    } finally {
      settled.abort();
    }
  }

  async leave(): Promise<void> {
    await this.finish();
  }

  async finish(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream, { readable: false });
    this.#stream.off("error", heard);
  }

  async discard(reason: unknown): Promise<void> {
    this.#stream.destroy(reason instanceof Error ? reason : new Error(String(reason)));
  }
}

const heard = (): void => undefined;
