import { type Lane, MeasuredFifo, type Parcel } from "./lane.ts";

interface Waiter<Message> {
  resolve(result: IteratorResult<Message, undefined>): void;
  reject(reason: unknown): void;
}

/** The messages of a stream for one reader, from the moment it was made. */
export type MessageIterator<Message> = AsyncIterableIterator<Message, undefined> & AsyncDisposable;

type Ending = { readonly kind: "done" } | { readonly kind: "error"; readonly error: unknown };

/** A lane whose consumer takes messages when it wants them. */
export class IteratorLane<Message> implements Lane<Message>, MessageIterator<Message> {
  readonly #queue: MeasuredFifo<Message>;
  readonly #waiters: Waiter<Message>[] = [];
  readonly #signal: AbortSignal | undefined;
  readonly #onLeave: () => void;
  #ending: Ending | undefined;

  /**
   * @param hooks - `onTaken`: a message left the lane. `onLeave`: the reader is done with it. `signal`: ends it; its
   * reason is thrown unchanged.
   */
  constructor(hooks: {
    readonly onTaken: () => void;
    readonly onLeave: () => void;
    readonly signal?: AbortSignal | undefined;
  }) {
    this.#queue = new MeasuredFifo(hooks.onTaken);
    this.#onLeave = hooks.onLeave;
    this.#signal = hooks.signal;
    if (this.#signal?.aborted) this.end(this.#signal.reason);
    else this.#signal?.addEventListener("abort", this.#abort, { once: true });
  }

  get size(): number {
    return this.#queue.size;
  }

  get bytes(): number {
    return this.#queue.bytes;
  }

  push(parcel: Parcel<Message>): void {
    if (this.#ending !== undefined) return;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#queue.push(parcel);
    else waiter.resolve({ value: parcel.message, done: false });
  }

  end(error?: unknown): void {
    if (this.#ending !== undefined) return;
    this.#ending = error === undefined ? { kind: "done" } : { kind: "error", error };
    this.#signal?.removeEventListener("abort", this.#abort);
    for (const waiter of this.#waiters.splice(0)) this.#finish(waiter);
  }

  async next(): Promise<IteratorResult<Message, undefined>> {
    const parcel = this.#queue.take();
    if (parcel !== undefined) return { value: parcel.message, done: false };
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      if (this.#ending === undefined) this.#waiters.push(waiter);
      else this.#finish(waiter);
    });
  }

  /** Called by `for await` when it is left early. */
  async return(): Promise<IteratorResult<Message, undefined>> {
    this.#leave({ kind: "done" });
    return { value: undefined, done: true };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  // Thrown once, as an async generator does; after that the iterator is done.
  #finish(waiter: Waiter<Message>): void {
    if (this.#ending?.kind !== "error") {
      waiter.resolve({ value: undefined, done: true });
      return;
    }
    const { error } = this.#ending;
    this.#ending = { kind: "done" };
    waiter.reject(error);
  }

  readonly #abort = (): void => this.#leave({ kind: "error", error: this.#signal?.reason });

  #leave(ending: Ending): void {
    this.#queue.clear();
    if (ending.kind === "error") this.end(ending.error);
    else this.end();
    if (ending.kind === "done") this.#ending = ending;
    this.#onLeave();
  }
}
