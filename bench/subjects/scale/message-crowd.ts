import type { Crowd } from "../../suites/scale-crowd.ts";
import { payloadOf } from "../../websocket-frames.ts";

/** An open stream. */
export interface OpenStream {
  send(text: string): Promise<void>;
  close(): Promise<void>;
}

const text = payloadOf("text-32B") as string;
// More at a time than this, and the kernel's queue of those that wait to be accepted is what is measured.
const atATime = 10;

/** Streams whose operation is a message, and the one that answers it. */
export class MessageCrowd implements Crowd {
  readonly #open: (onText: (text: unknown) => void) => Promise<OpenStream>;
  readonly #streams: OpenStream[] = [];
  readonly #answered: (((text: unknown) => void) | undefined)[] = [];

  constructor(open: (onText: (text: unknown) => void) => Promise<OpenStream>) {
    this.#open = open;
  }

  async grow(size: number): Promise<void> {
    while (this.#streams.length < size) {
      const from = this.#streams.length;
      const some = Array.from({ length: Math.min(atATime, size - from) }, (_, index) =>
        this.#open((answer) => this.#answered[from + index]?.(answer)),
      );
      this.#streams.push(...(await Promise.all(some)));
    }
  }

  operate(index: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#answered[index] = resolve;
      // Rejects with what the stream could not do; the answer alone resolves it.
      this.#streams[index]?.send(text).catch(reject);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#streams.map((stream) => stream.close()));
  }
}
