import { pipeline, Readable } from "node:stream";
import type { AnswerBody } from "./answer.ts";
import { type Codings, decodersFor, problemOf } from "./decode.ts";
import type { OpenBody } from "./open-body.ts";

type Result = IteratorResult<Uint8Array, undefined>;

const done: Result = { done: true, value: undefined };

/**
 * An open body that is decoded as it flows. Whoever reads slowly stops the decoder, and the decoder the socket, so a
 * body that grows without end fills no memory; `maxBytes` counts what comes out.
 */
export class DecodedBody implements AnswerBody, AsyncIterableIterator<Uint8Array, undefined> {
  readonly #raw: OpenBody;
  readonly #codings: Codings;
  readonly #maxBytes: number;
  #decoded: (Readable & AsyncIterable<Uint8Array>) | undefined;
  #pieces: AsyncIterator<Uint8Array, undefined> | undefined;
  #total = 0;
  #isOver = false;
  /** What the body itself failed with, which is told as it is. */
  #thrown: { readonly value: unknown } | undefined;

  constructor(raw: OpenBody, codings: Codings, maxBytes: number) {
    this.#raw = raw;
    this.#codings = codings;
    this.#maxBytes = maxBytes;
  }

  [Symbol.asyncIterator](): this {
    this.#raw[Symbol.asyncIterator]();
    return this;
  }

  whenFailed(listener: (thrown: unknown) => void): void {
    this.#raw.whenFailed(listener);
  }

  async next(): Promise<Result> {
    if (this.#isOver) return done;
    try {
      const result = await (this.#pieces ??= this.#begin()).next();
      if (result.done === true) return done;
      this.#total += result.value.byteLength;
      if (this.#total <= this.#maxBytes) return result;
    } catch (error) {
      if (this.#isOver) return done;
      this.#discard();
      // oxlint-disable-next-line typescript/only-throw-error
      if (this.#thrown !== undefined) throw this.#thrown.value;
      throw this.#raw.undecodable("encoding", problemOf(this.#codings.toReversed().join(", "), error));
    }
    this.#discard();
    throw this.#raw.tooLarge(this.#maxBytes);
  }

  async return(): Promise<Result> {
    this.#discard();
    return done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#discard();
  }

  #begin(): AsyncIterator<Uint8Array, undefined> {
    const decoders = decodersFor(this.#codings);
    // Its end is told by the iterator, errors included.
    pipeline([Readable.from(this.#source(), { objectMode: false, highWaterMark: 1 }), ...decoders], () => undefined);
    const last = decoders.at(-1) as Readable;
    this.#decoded = last;
    return last[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
  }

  async *#source(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const result = await this.#raw.next();
        if (result.done === true) return;
        yield result.value;
      }
    } catch (error) {
      this.#thrown = { value: error };
      throw new Error("the body failed", { cause: error });
    }
  }

  #discard(): void {
    this.#isOver = true;
    this.#raw.discard();
    this.#decoded?.destroy();
  }
}
