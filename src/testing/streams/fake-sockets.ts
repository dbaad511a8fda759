import { OptionReader } from "../../core/options.ts";
import type { StreamTransport } from "../../websocket/dial/stream-transport.ts";
import { failTest } from "../fail-test.ts";
import type { FarWaitOptions } from "./awaited.ts";
import { FarSide } from "./far-side.ts";
import type { FarMessage, FarSocket } from "./far-socket.ts";
import { MemoryConnection } from "./memory-connection.ts";

/** How {@link fakeSockets} behave. */
export interface FakeSocketsOptions {
  /**
   * Called with each connection as it is asked for, to answer it: `(socket) => socket.accept()`. What it leaves waits
   * for the test. What it throws, or its promise is rejected with, cuts the connection, and is thrown when the sockets
   * are disposed; but for the end of the connection, where it waits for a message.
   *
   * @defaultValue all wait
   */
  readonly onSocket?: ((socket: FarSocket) => unknown) | undefined;
  /** How long `next` and `nextMessage` wait, in milliseconds of real time. @defaultValue 5000 */
  readonly waitMs?: number | undefined;
  /** What each side holds of what it does not read, in bytes, as the kernel does for TCP. @defaultValue 65536 */
  readonly bufferBytes?: number | undefined;
}

/** The far side of streams without a network. Disposing it cuts every connection. */
export class FakeSockets implements Disposable {
  /** For the option `transport` of a stream. */
  readonly transport: StreamTransport;
  readonly #side: FarSide;
  #failure: string | undefined;

  /** @throws ServiceConfigurationError with every problem of the options at once. */
  constructor(options: FakeSocketsOptions = {}) {
    const reader = new OptionReader("fakeSockets", options);
    const onSocket = reader.function<(socket: FarSocket) => unknown>("onSocket");
    const waitMs = reader.number("waitMs", 5_000, { min: 1, max: 2 ** 31 - 1 });
    const bufferBytes = reader.number("bufferBytes", 65_536, { min: 1, whole: true });
    reader.finish();
    this.#side = new FarSide(waitMs, (socket) => onSocket?.(socket));
    this.transport = {
      connect: () => {
        if (this.#failure !== undefined) {
          throw Object.assign(new Error(`connect ${this.#failure}`), { code: this.#failure });
        }
        const [near, far] = MemoryConnection.pair(bufferBytes);
        this.#side.take(far);
        return near;
      },
    };
  }

  /** All connections so far, the first one first. */
  get sockets(): readonly FarSocket[] {
    return this.#side.sockets;
  }

  /** What was said on all connections, in order. */
  get history(): readonly FarMessage[] {
    return this.#side.history;
  }

  /** The next connection that nobody has taken. @throws Error where none comes in time. */
  async next(options: FarWaitOptions = {}): Promise<FarSocket> {
    return this.#side.next(options);
  }

  /**
   * From now on no connection comes about: each attempt fails with this error of the operating system.
   *
   * @defaultValue `code` ECONNREFUSED
   */
  down(code = "ECONNREFUSED"): void {
    this.#failure = code;
  }

  /** Takes {@link FakeSockets.down} back. */
  up(): void {
    this.#failure = undefined;
  }

  /** @throws the first thing that `onSocket` threw. */
  [Symbol.dispose](): void {
    this.down();
    this.#side.end();
    if (this.#side.thrown !== undefined) failTest(this.#side.thrown.error);
  }
}

/**
 * The far side of streams, without a network: their option `transport` takes its `transport`, and each connection that
 * they ask for is a {@link FarSocket} in the hands of the test. The handshake, the frames and the errors are those of a
 * real connection; only the bytes stay in the process. It works on any clock.
 *
 * @throws ServiceConfigurationError with every problem of the options at once.
 */
export function fakeSockets(options: FakeSocketsOptions = {}): FakeSockets {
  return new FakeSockets(options);
}
