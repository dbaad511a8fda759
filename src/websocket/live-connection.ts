import type { StreamSocket } from "./transport.ts";

/** One connection from its dial to its end, as the shell keeps it. */
export class LiveConnection {
  readonly generation: number;
  /** On the clock's scale. */
  readonly dialledAt: number;
  readonly #abort = new AbortController();
  /** From when it got its turn until it is ready, or has failed. */
  #isAttempted = false;
  socket: StreamSocket | undefined;
  /** Since when it is being read; undefined while it is not, when silence is our own doing. */
  readingSince: number | undefined;
  /** Where it was dialled, without query; undefined until that is known. */
  endpoint: string | undefined;

  constructor(generation: number, dialledAt: number) {
    this.generation = generation;
    this.dialledAt = dialledAt;
  }

  /** Aborts when it is given up. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** It is dialled, at this endpoint. */
  begin(endpoint: string): void {
    this.endpoint = endpoint;
    this.#isAttempted = true;
  }

  /** The attempt is over, well or not. False where it had not begun, or was over already. */
  endAttempt(): boolean {
    const wasAttempted = this.#isAttempted;
    this.#isAttempted = false;
    return wasAttempted;
  }

  setPaused(isPaused: boolean, now: number): void {
    if (this.socket === undefined) return;
    this.readingSince = isPaused ? undefined : now;
    if (isPaused) this.socket.pause();
    else this.socket.resume();
  }

  /** Gives it up at once, however far it has come. */
  destroy(): void {
    this.#abort.abort();
    this.socket?.destroy();
  }
}
