import type { ConsumerName, Lane } from "./lane.ts";
import type { Receipt } from "./receipt.ts";
import type { WaitingLine } from "./waiting-line.ts";

interface Waiter<Message> {
  resolve(result: IteratorResult<Message, undefined>): void;
  reject(reason: unknown): void;
}

/** The messages of a stream for one reader, from the moment it was made. */
export type MessageIterator<Message> = AsyncIterableIterator<Message, undefined> & AsyncDisposable;

type Ending = { readonly kind: "done" } | { readonly kind: "error"; readonly error: unknown };

/** A lane whose consumer takes messages when it wants them. It is done with one when it asks for the next, or leaves. */
export class IteratorLane<Message> implements Lane<Message>, MessageIterator<Message> {
  readonly from: ConsumerName;
  readonly line: WaitingLine<Message>;
  readonly scope: undefined = undefined;
  readonly #waiters: Waiter<Message>[] = [];
  readonly #signal: AbortSignal | undefined;
  readonly #onRest: () => void;
  readonly #onLeave: () => void;
  /** Of what the reader was given and may still be busy with. */
  #given: Receipt[] = [];
  #ending: Ending | undefined;

  /**
   * @param hooks - `onRest`: the last message that waited was taken. `onLeave`: the reader is done with it. `signal`:
   * ends it; its reason is thrown unchanged.
   */
  constructor(
    from: ConsumerName,
    line: WaitingLine<Message>,
    hooks: { readonly onRest: () => void; readonly onLeave: () => void; readonly signal?: AbortSignal | undefined },
  ) {
    this.from = from;
    this.line = line;
    this.#onRest = hooks.onRest;
    this.#onLeave = hooks.onLeave;
    this.#signal = hooks.signal;
    if (this.#signal?.aborted) this.end(this.#signal.reason);
    else this.#signal?.addEventListener("abort", this.#abort, { once: true });
  }

  get isAtRest(): boolean {
    return this.line.size === 0;
  }

  get isCalling(): boolean {
    return false;
  }

  offer(message: Message, receipt: Receipt | undefined): boolean {
    if (this.#ending !== undefined) return true;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) return false;
    receipt?.take();
    this.#give(receipt);
    waiter.resolve({ value: message, done: false });
    return true;
  }

  wait(message: Message, bytes: number, receipt: Receipt | undefined, key: unknown): void {
    this.line.push(message, bytes, receipt, key);
  }

  /** Nothing comes any more; it ends after what it holds, and holds the reader of the socket no longer. */
  end(error?: unknown): void {
    if (this.#ending !== undefined) return;
    this.#ending = error === undefined ? { kind: "done" } : { kind: "error", error };
    this.#signal?.removeEventListener("abort", this.#abort);
    this.line.leavePressure();
    for (const waiter of this.#waiters.splice(0)) this.#finish(waiter);
  }

  async next(): Promise<IteratorResult<Message, undefined>> {
    this.#handled();
    const waiting = this.line.shift();
    if (waiting !== undefined) {
      this.#give(waiting.receipt);
      if (this.line.size === 0) this.#onRest();
      return { value: waiting.message, done: false };
    }
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

  #give(receipt: Receipt | undefined): void {
    if (receipt !== undefined) this.#given.push(receipt);
  }

  #handled(): void {
    if (this.#given.length === 0) return;
    const given = this.#given;
    this.#given = [];
    for (const receipt of given) receipt.done();
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
    if (ending.kind === "error") this.end(ending.error);
    else this.end();
    if (ending.kind === "done") this.#ending = ending;
    this.line.clear(true);
    this.#handled();
    this.#onLeave();
  }
}
