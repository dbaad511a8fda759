import { Fifo } from "./fifo.ts";

/** Who consumes messages, as `onError` is told. */
export interface ConsumerName {
  readonly consumer: "onConnect" | "onDisconnect" | "onMessage" | "handler" | "codec" | "connection";
  /** The name of the function, where it has one. */
  readonly handler?: string;
}

export interface Parcel<Message> {
  readonly message: Message;
  /** Of its frame. */
  readonly bytes: number;
}

/** What the inbox knows of a lane. */
export interface Lane<Message> {
  /** Messages that came and were not taken yet. */
  readonly size: number;
  readonly bytes: number;
  push(parcel: Parcel<Message>): void;
  /** Nothing comes any more; an iterator throws the error, after what it holds. */
  end(error?: unknown): void;
}

/** A queue that knows its bytes and tells when something was taken out. */
export class MeasuredFifo<Message> {
  readonly #fifo = new Fifo<Parcel<Message>>();
  readonly #onTaken: () => void;
  #bytes = 0;

  constructor(onTaken: () => void) {
    this.#onTaken = onTaken;
  }

  get size(): number {
    return this.#fifo.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(parcel: Parcel<Message>): void {
    this.#fifo.push(parcel);
    this.#bytes += parcel.bytes;
  }

  take(): Parcel<Message> | undefined {
    const parcel = this.#fifo.shift();
    if (parcel === undefined) return undefined;
    this.#bytes -= parcel.bytes;
    this.#onTaken();
    return parcel;
  }

  clear(): void {
    this.#fifo.clear();
    this.#bytes = 0;
    this.#onTaken();
  }
}

/**
 * Hands messages to one handler, one at a time and in order. A handler that returns no promise is called in the tick
 * in which its message came; a slow one holds up its own lane alone.
 */
export class HandlerLane<Message> implements Lane<Message> {
  readonly #handler: (message: Message) => unknown;
  readonly #onError: (thrown: unknown) => void;
  readonly #queue: MeasuredFifo<Message>;
  #state: "idle" | "busy" | "ended" = "idle";

  constructor(handler: (message: Message) => unknown, onError: (thrown: unknown) => void, onTaken: () => void) {
    this.#handler = handler;
    this.#onError = onError;
    this.#queue = new MeasuredFifo(onTaken);
  }

  get size(): number {
    return this.#queue.size;
  }

  get bytes(): number {
    return this.#queue.bytes;
  }

  push(parcel: Parcel<Message>): void {
    if (this.#state === "ended") return;
    if (this.#state === "idle" && this.#queue.size === 0) this.#hand(parcel.message);
    else this.#queue.push(parcel);
  }

  end(): void {
    this.#state = "ended";
    this.#queue.clear();
  }

  #hand(message: Message): void {
    try {
      const result = this.#handler(message);
      if (!isPromiseLike(result)) return;
      this.#state = "busy";
      // Through a promise of our own: a foreign one may settle twice, or throw.
      Promise.resolve(result).then(
        () => this.#next(),
        (thrown: unknown) => {
          this.#onError(thrown);
          this.#next();
        },
      );
    } catch (thrown) {
      this.#onError(thrown);
    }
  }

  #next(): void {
    if (this.#state !== "busy") return;
    this.#state = "idle";
    this.#drain();
  }

  // A loop and not a recursion: a thousand handlers that return nothing must not be a thousand frames deep.
  #drain(): void {
    while (this.#state === "idle") {
      const parcel = this.#queue.take();
      if (parcel === undefined) return;
      this.#hand(parcel.message);
    }
  }
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
