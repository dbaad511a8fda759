import type { StreamSocket } from "../transport.ts";

/** One connection from its dial to its end, as the shell keeps it. */
export class LiveConnection {
  readonly generation: number;
  /** When its turn came, or, before that, when it began to wait for it. On the clock's scale. */
  dialledAt: number;
  /** Made when it is asked for, and dropped once nothing waits for it any more. */
  #abort: AbortController | undefined;
  #isGivenUp = false;
  /** Let go with the attempt: a connection lives for days, and a controller costs more than all else in here. */
  #attemptAbort: AbortController | undefined = new AbortController();
  /** `under way`: from when its turn came until it is ready, or has failed. */
  #attempt: "waiting" | "under way" | "over" = "waiting";
  socket: StreamSocket | undefined;
  /** Since when it is being read; undefined before it is open, and while we hold the reader. */
  readingSince: number | undefined;
  #isPaused = false;
  /** Where it was dialled, without query; undefined until that is known. */
  endpoint: string | undefined;
  /** The subprotocol that the service chose; undefined before it is open. */
  protocol: string | undefined;

  constructor(generation: number, dialledAt: number) {
    this.generation = generation;
    this.dialledAt = dialledAt;
  }

  /** Aborts when it is given up. One that was asked for before it was ready says nothing after that. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#isGivenUp) this.#abort.abort();
    return this.#abort.signal;
  }

  /** It is ready: nothing that waits for it to become so is under way. */
  ready(): void {
    this.#abort = undefined;
  }

  /** Aborts when the attempt is over, well or not. To be asked for before that. */
  get attemptSignal(): AbortSignal {
    return this.#attemptAbort?.signal ?? this.signal;
  }

  /** Its turn has come; told again, this changes nothing. */
  begin(now: number): void {
    if (this.#attempt !== "waiting") return;
    this.#attempt = "under way";
    this.dialledAt = now;
  }

  /** The attempt is over, well or not. False where it had not begun, or was over already. */
  endAttempt(): boolean {
    const wasUnderWay = this.#attempt === "under way";
    this.#attempt = "over";
    this.#abortAttempt();
    return wasUnderWay;
  }

  /** We hold the reader, so that silence is our own doing. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** When the last byte came, on the clock's scale. */
  get lastByteAt(): number {
    // Not with `??`, for which V8 would make an object of the number of each message.
    return this.socket === undefined ? Number.NEGATIVE_INFINITY : this.socket.lastByteAt;
  }

  setPaused(isPaused: boolean, now: number): void {
    if (this.socket === undefined) return;
    this.#isPaused = isPaused;
    this.readingSince = isPaused ? undefined : now;
    if (isPaused) this.socket.pause();
    else this.socket.resume();
  }

  /** Gives it up at once, however far it has come. */
  destroy(): void {
    this.#isGivenUp = true;
    this.#abortAttempt();
    this.#abort?.abort();
    this.socket?.destroy();
  }

  #abortAttempt(): void {
    this.#attemptAbort?.abort();
    this.#attemptAbort = undefined;
  }
}
