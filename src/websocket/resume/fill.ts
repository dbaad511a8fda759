import type { Clock, Timer } from "../../core/clock.ts";
import { isServiceConnectionError } from "../../core/errors.ts";
import type { Filling } from "./resume-options.ts";

/** What a fill is read within. */
export interface FillReading<Message> {
  readonly clock: Clock;
  /** Milliseconds that are spent waiting for it, in all. */
  readonly limitMs: number;
  /** Aborting it ends the reading; its reason is thrown. */
  readonly controller: AbortController;
  readonly timedOut: (limitMs: number) => unknown;
  /** Gets each message; the next one is not asked for before the promise that it may return has settled. */
  readonly take: (message: Message) => void | PromiseLike<void>;
}

/**
 * Reads what a fill gives, to its end. One that fails since a connection broke is begun once more: it may have asked over
 * one that was replaced by then, and the service can still give it.
 *
 * @throws what it throws; what `timedOut` made; the signal's reason.
 */
export async function readFill<Message>(
  begin: (signal: AbortSignal) => Filling<Message> | Promise<Filling<Message>>,
  reading: FillReading<Message>,
): Promise<void> {
  const wait = new LimitedWait(reading);
  const { signal } = reading.controller;
  const read = async (): Promise<void> => {
    const begun = async (): Promise<Filling<Message>> => begin(signal);
    const filling: unknown = await wait.for(begun());
    if (isAsync<Message>(filling)) await readAsync(filling[Symbol.asyncIterator](), wait, reading.take);
    else if (isSync<Message>(filling)) await readSync(filling, wait, reading.take);
    else throw new TypeError("resume.fill must give an iterable of messages");
  };
  try {
    await read().catch((thrown: unknown) => {
      if (signal.aborted || !isServiceConnectionError(thrown)) throw thrown;
      return read();
    });
  } finally {
    wait.end();
  }
}

type Take<Message> = FillReading<Message>["take"];

async function readSync<M>(messages: Iterable<M>, wait: LimitedWait<M>, take: Take<M>): Promise<void> {
  for (const message of messages) {
    await wait.forRoom(take(message));
    wait.throwIfAborted();
  }
}

async function readAsync<M>(messages: AsyncIterator<M>, wait: LimitedWait<M>, take: Take<M>): Promise<void> {
  try {
    for (;;) {
      const result = await wait.for(messages.next());
      if (result.done === true) return;
      await wait.forRoom(take(result.value));
      wait.throwIfAborted();
    }
  } catch (thrown) {
    // Not waited for: a generator that hangs in its own await does not hear of it before that ends.
    const leave = async (): Promise<unknown> => messages.return?.();
    leave().catch(() => undefined);
    throw thrown;
  }
}

/** Waits for the fill no longer than is left of its limit, and for anything no longer than it is wanted. */
class LimitedWait<Message> {
  readonly #reading: FillReading<Message>;
  #leftMs: number;
  /** Of the promise that is waited for just now. One for each, since a race against one for all would keep them all. */
  #reject: ((reason: unknown) => void) | undefined;
  #timer: Timer | undefined;

  constructor(reading: FillReading<Message>) {
    this.#reading = reading;
    this.#leftMs = reading.limitMs;
    reading.controller.signal.addEventListener("abort", this.#abort);
  }

  async for<T>(work: PromiseLike<T>): Promise<T> {
    const { clock, controller, limitMs, timedOut } = this.#reading;
    const startedAt = clock.now();
    this.#timer = clock.setTimer(this.#leftMs, () => controller.abort(timedOut(limitMs)));
    try {
      return await this.#unlessAborted(work);
    } finally {
      this.#timer.cancel();
      this.#leftMs -= clock.now() - startedAt;
    }
  }

  /** For the consumers, whose time is not the fill's. */
  async forRoom(room: void | PromiseLike<void>): Promise<void> {
    if (room !== undefined) await this.#unlessAborted(room);
  }

  throwIfAborted(): void {
    this.#reading.controller.signal.throwIfAborted();
  }

  end(): void {
    this.#reading.controller.signal.removeEventListener("abort", this.#abort);
  }

  async #unlessAborted<T>(work: PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      work.then(resolve, reject);
      if (this.#reading.controller.signal.aborted) this.#abort();
    });
  }

  readonly #abort = (): void => {
    this.#timer?.cancel();
    this.#reject?.(this.#reading.controller.signal.reason);
  };
}

const isAsync = <T>(value: unknown): value is AsyncIterable<T> =>
  typeof (value as Partial<AsyncIterable<T>> | null | undefined)?.[Symbol.asyncIterator] === "function";

const isSync = <T>(value: unknown): value is Iterable<T> =>
  typeof (value as Partial<Iterable<T>> | null | undefined)?.[Symbol.iterator] === "function";
