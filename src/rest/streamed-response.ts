import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type AttemptRecord, ServiceConfigurationError, ServiceDecodeError } from "../core/errors.ts";
import { type Answer, type AnswerBody, type AnswerHeaders, headerOf, isOpen, type OpenAnswer } from "./answer.ts";
import { type ResponseTimings, ServiceResponse } from "./response.ts";
import type { StatusSchemas, SuccessOf } from "./status-schemas.ts";

/** What a streamed response must know of its call. */
export interface StreamedCall {
  readonly service: string;
  readonly operation: string;
  readonly attempts: readonly AttemptRecord[];
  readonly elapsedMs: number;
  readonly maxResponseBytes: number;
  /** Told of the error that reading ends with, to be logged. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * An answer whose head has come, and whose body is read as it comes. It holds a connection until it is read to its
 * end or disposed, and stays under the deadline of its call; so it is taken with `await using`.
 *
 * The body can be read once, by one of these: iterating `body`, `bytes()`, `text()`, `json()`, `pipeTo()`,
 * `toReadable()`, `toReadableStream()`.
 */
export class StreamedResponse implements AsyncDisposable {
  readonly status: number;
  /** Names in lower case; a header that came more than once is a list. */
  readonly headers: AnswerHeaders;
  /** One record for each attempt, oldest first. A body that breaks off is not attempted again. */
  readonly attempts: readonly AttemptRecord[];
  /** Up to the head of the answer. */
  readonly timings: Omit<ResponseTimings, "readMs">;
  /** In pieces as they come. A reader that is slower than the service stops the service. */
  readonly body: AsyncIterable<Uint8Array>;
  /** @internal */
  readonly isDecoded: boolean;
  readonly #body: AnswerBody;
  readonly #call: StreamedCall;
  #isDisposed = false;

  /** @internal */
  constructor(answer: Answer | OpenAnswer, call: StreamedCall) {
    const { status, headers, timings } = answer;
    this.status = status;
    this.headers = headers;
    this.attempts = call.attempts;
    this.timings = { queueMs: timings.queueMs, waitMs: timings.waitMs, totalMs: call.elapsedMs };
    this.#call = call;
    this.isDecoded = isOpen(answer) && answer.isDecoded;
    this.#body = isOpen(answer) ? answer.body : readBefore(answer.body);
    this.body = { [Symbol.asyncIterator]: () => this.#pieces() };
  }

  /** The value of a header, whatever the case of the name; the first of several. */
  header(name: string): string | undefined {
    return headerOf(this.headers, name.toLowerCase());
  }

  /**
   * Reads the rest, and answers as a method that does not stream would have.
   *
   * @throws ServiceDecodeError `decode-too-large` past `maxResponseBytes`.
   */
  async read(): Promise<ServiceResponse> {
    const { attempts, elapsedMs, service, operation } = this.#call;
    const body = await this.bytes();
    const answer = { status: this.status, headers: this.headers, body, timings: { ...this.timings, readMs: 0 } };
    return new ServiceResponse({ value: answer, attempts, elapsedMs }, { service, operation });
  }

  /** @throws ServiceDecodeError `decode-too-large` past `maxResponseBytes`. */
  async bytes(): Promise<Uint8Array> {
    const { maxResponseBytes } = this.#call;
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of this.body) {
      bytes += piece.byteLength;
      if (bytes > maxResponseBytes) throw this.#tooLarge();
      pieces.push(piece);
    }
    return Buffer.concat(pieces, bytes);
  }

  /** As UTF-8. @throws ServiceDecodeError `decode-too-large` past `maxResponseBytes`. */
  async text(): Promise<string> {
    return (await this.read()).text();
  }

  /** As `json()` of a buffered response. @throws ServiceDecodeError `decode-json | decode-schema | decode-too-large` */
  json(): Promise<unknown>;
  json<S extends StandardSchemaV1>(schema: S): Promise<StandardSchemaV1.InferOutput<S>>;
  json<S extends StatusSchemas>(schemas: S): Promise<SuccessOf<S>>;
  async json(schema?: StandardSchemaV1 | StatusSchemas): Promise<unknown> {
    const response = await this.read();
    return schema === undefined ? response.json() : response.json(schema);
  }

  /** Writes the rest into a stream and ends it, no faster than it takes it; on any failure, both are closed. */
  async pipeTo(destination: Writable | WritableStream<Uint8Array>): Promise<void> {
    const failed = new AbortController();
    // The destination may take nothing for ever; the deadline of the call holds all the same.
    this.#body.whenFailed((thrown) => failed.abort(thrown));
    const { signal } = failed;
    try {
      if (destination instanceof WritableStream) await this.toReadableStream().pipeTo(destination, { signal });
      else await pipeline(this.body, destination, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      await this.#body[Symbol.asyncDispose]();
    }
  }

  /** As a stream of Node. Destroying it gives the connection back; the call's failure destroys it. */
  toReadable(): Readable {
    const readable = Readable.from(this.body, { objectMode: false });
    readable.once("close", () => void this.#body[Symbol.asyncDispose]());
    this.#body.whenFailed((thrown) => readable.destroy(thrown instanceof Error ? thrown : new Error(String(thrown))));
    return readable;
  }

  /** As a stream of the web platform. Cancelling it gives the connection back. */
  toReadableStream(): ReadableStream<Uint8Array> {
    const pieces = this.#pieces();
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const { done, value } = await pieces.next();
          if (done === true) controller.close();
          else controller.enqueue(value);
        },
        cancel: () => this.#body[Symbol.asyncDispose](),
      },
      // Nothing is read ahead of who reads.
      { highWaterMark: 0 },
    );
  }

  /**
   * Tells who waits for a destination, and not for the next piece, that none will come.
   * @internal
   */
  whenFailed(listener: (thrown: unknown) => void): void {
    this.#body.whenFailed(listener);
  }

  /** Gives the rest of the body up, and the connection with it. Whoever is still reading it gets an error. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.#body[Symbol.asyncDispose]();
  }

  async *#pieces(): AsyncGenerator<Uint8Array, undefined> {
    try {
      yield* this.#body;
    } catch (error) {
      this.#call.onFailure(error);
      throw error;
    }
    // The body ends there as well, and its beginning would be taken for the whole.
    if (this.#isDisposed) throw this.#disposedTooEarly();
    return undefined;
  }

  #disposedTooEarly(): ServiceConfigurationError {
    const { service, operation } = this.#call;
    const problem = `${operation}: the response was disposed before its body was read to its end`;
    return new ServiceConfigurationError(service, [problem]);
  }

  #tooLarge(): ServiceDecodeError {
    const { maxResponseBytes, service, operation, attempts, elapsedMs } = this.#call;
    const detail = `the answer is larger than maxResponseBytes (${maxResponseBytes}); read it piece by piece`;
    const { status } = this;
    const at = { service, operation, attempts, elapsedMs, phase: "body", outcome: "accepted" } as const;
    return new ServiceDecodeError("too-large", { ...at, status, detail });
  }
}

/** The body of an answer that was read to its end, since there is no reading it piece by piece: a 304, say. */
function readBefore(bytes: Uint8Array): AnswerBody {
  return {
    async *[Symbol.asyncIterator]() {
      if (bytes.byteLength > 0) yield bytes;
      return undefined;
    },
    whenFailed: () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}
