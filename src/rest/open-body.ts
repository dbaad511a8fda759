import { type DecodeFault, ServiceConfigurationError } from "../core/errors.ts";
import type { Interruption } from "../resilience/call.ts";
import { interruptedEnd } from "../resilience/interruption.ts";
import type { Failure, Hold, Remainder } from "../resilience/outcome.ts";
import type { AnswerBody } from "./answer.ts";
import { decodeFailure } from "./decode-failure.ts";

/** The connection that a body comes from, as undici's controller has it. */
export interface BodySource {
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

/** What a body is read under. */
export interface OpenBodyLimits {
  readonly service: string;
  readonly operation: string;
  readonly status: number;
  readonly bodyIdleTimeoutMs: number;
  /** Of the bytes that the reader gets. */
  readonly maxBytes: number;
}

// Past this much that nobody has read, the socket is not read either. One more read of the socket may come (64 KiB).
const maxBufferedBytes = 256 * 1024;

type Result = IteratorResult<Uint8Array, undefined>;

const done: Result = { done: true, value: undefined };

/** `thrown` is told to one reader; after it the iterator is done, as that of a generator is. */
type State =
  | { readonly kind: "flowing" }
  | { readonly kind: "arrived" }
  | { readonly kind: "disposed" }
  | { readonly kind: "failed"; readonly thrown: unknown };

/**
 * The body of an open answer: pieces go in as they come off the wire, and out as they are asked for. A reader that is
 * slower than the service stops the socket, not the memory. It has its own call to keep (see {@link Remainder}) until
 * the last byte has come: what lies here then needs neither a connection nor a limit.
 */
export class OpenBody implements AnswerBody, AsyncIterableIterator<Uint8Array, undefined>, Remainder {
  readonly #source: BodySource;
  readonly #limits: OpenBodyLimits;
  readonly #chunks: Uint8Array[] = [];
  /** Whoever waits for a piece; empty whenever there are pieces. */
  readonly #readers: PromiseWithResolvers<Result>[] = [];
  #state: State = { kind: "flowing" };
  #buffered = 0;
  #total = 0;
  #isPaused = false;
  #isTaken = false;
  #hold: Hold | undefined;
  #onFailure: ((thrown: unknown) => void) | undefined;
  /** How it failed before the executor had handed over the call. */
  #failedEarly: Failure | undefined;

  constructor(source: BodySource, limits: OpenBodyLimits) {
    this.#source = source;
    this.#limits = limits;
  }

  [Symbol.asyncIterator](): this {
    if (this.#isTaken) {
      const { service, operation } = this.#limits;
      throw new ServiceConfigurationError(service, [`${operation}: the body of an open answer can be read once only`]);
    }
    this.#isTaken = true;
    return this;
  }

  next(): Promise<Result> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#buffered -= chunk.byteLength;
      if (this.#isPaused && this.#chunks.length === 0) this.#resume();
      return Promise.resolve({ done: false, value: chunk });
    }
    const state = this.#state;
    if (state.kind === "flowing") {
      const reader = Promise.withResolvers<Result>();
      this.#readers.push(reader);
      return reader.promise;
    }
    if (state.kind !== "failed") return Promise.resolve(done);
    this.#state = { kind: "disposed" };
    // The caller's own abort reason may be anything.
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors
    return Promise.reject(state.thrown);
  }

  whenFailed(listener: (thrown: unknown) => void): void {
    if (this.#state.kind === "failed") listener(this.#state.thrown);
    else this.#onFailure = listener;
  }

  /** What a `for await` calls that is left early. */
  async return(): Promise<Result> {
    this.discard();
    return done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.discard();
  }

  /** Gives the rest of the body up, and its connection with it: reading on to use it again could take for ever. */
  discard(): void {
    const isUnderWay = this.#state.kind === "flowing";
    this.#chunks.length = 0;
    this.#state = { kind: "disposed" };
    if (!isUnderWay) return;
    this.#source.abort(givenUp);
    for (const reader of this.#readers.splice(0)) reader.resolve(done);
    this.#hold?.release();
  }

  begin(hold: Hold): void {
    this.#hold = hold;
    if (this.#failedEarly !== undefined) this.#state = { kind: "failed", thrown: hold.errorOf(this.#failedEarly) };
    if (this.#state.kind !== "flowing") {
      hold.release(this.#state.kind === "failed" ? this.#state : undefined);
      return;
    }
    if (!this.#isPaused) hold.limit("body-idle", this.#limits.bodyIdleTimeoutMs);
    hold.onInterrupt((interruption) => this.#interrupt(interruption));
  }

  /** A piece has come off the wire. */
  push(chunk: Uint8Array): void {
    if (this.#state.kind !== "flowing") return;
    this.#total += chunk.byteLength;
    if (this.#total > this.#limits.maxBytes) {
      this.fail(this.#unusable("too-large", tooLarge(this.#limits.maxBytes)));
      this.#source.abort(givenUp);
      return;
    }
    const reader = this.#readers.shift();
    if (reader === undefined) {
      this.#chunks.push(chunk);
      this.#buffered += chunk.byteLength;
      if (this.#buffered > maxBufferedBytes && !this.#isPaused) this.#pause();
    } else {
      reader.resolve({ done: false, value: chunk });
    }
    if (!this.#isPaused) this.#hold?.limit("body-idle", this.#limits.bodyIdleTimeoutMs);
  }

  /** The last byte has come. */
  end(): void {
    if (this.#state.kind !== "flowing") return;
    this.#state = { kind: "arrived" };
    for (const reader of this.#readers.splice(0)) reader.resolve(done);
    this.#hold?.release();
  }

  /** The rest will not come; what came before can still be read. */
  fail(failure: Failure): void {
    if (this.#state.kind !== "flowing") return;
    if (this.#hold === undefined) this.#failedEarly = failure;
    this.#failWith(this.#hold?.errorOf(failure));
  }

  #interrupt(interruption: Interruption): void {
    if (this.#state.kind !== "flowing") return;
    const { service, operation } = this.#limits;
    const end = interruptedEnd(interruption, { service, operation, phase: "body", outcome: "accepted" });
    // At once, as everywhere: whoever gave the call up is not kept with the pieces that lie here.
    this.#chunks.length = 0;
    this.#failWith(end.kind === "aborted" ? end.reason : this.#hold?.errorOf(end.failure));
    this.#source.abort(givenUp);
  }

  #failWith(thrown: unknown): void {
    const [first, ...others] = this.#readers.splice(0);
    this.#state = first === undefined ? { kind: "failed", thrown } : { kind: "disposed" };
    first?.reject(thrown);
    for (const reader of others) reader.resolve(done);
    this.#hold?.release({ thrown });
    this.#onFailure?.(thrown);
  }

  #pause(): void {
    this.#isPaused = true;
    this.#source.pause();
    // The reader is the one who takes long now, and its patience is the deadline.
    this.#hold?.limit("body-idle", Number.POSITIVE_INFINITY);
  }

  #resume(): void {
    this.#isPaused = false;
    if (this.#state.kind !== "flowing") return;
    this.#hold?.limit("body-idle", this.#limits.bodyIdleTimeoutMs);
    this.#source.resume();
  }

  /** The error of a body that has come, and cannot be used. */
  undecodable(fault: DecodeFault, detail: string): unknown {
    return this.#hold?.errorOf(this.#unusable(fault, detail));
  }

  tooLarge(maxBytes: number): unknown {
    return this.undecodable("too-large", tooLarge(maxBytes));
  }

  #unusable(fault: DecodeFault, detail: string): Failure {
    const { service, operation, status } = this.#limits;
    return decodeFailure(fault, { service, operation, phase: "body", status }, detail);
  }
}

const tooLarge = (maxBytes: number): string => `the answer is larger than the ${maxBytes} bytes that it may have`;

/** Made once: an Error for each abort would cost more than the abort. */
export const givenUp: Error = new Error("hawser gave this attempt up");
