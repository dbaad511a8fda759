import { Fifo } from "../receive/fifo.ts";
import type { SocketListener } from "./stream-socket.ts";

interface HeldMessage {
  readonly data: string | Uint8Array;
  readonly bytes: number;
}

type Teller = Pick<SocketListener, "message">;

/** What the codec had parsed already when the pause came: the rest of one chunk, kept in order. */
export class HeldMessages {
  readonly #messages = new Fifo<HeldMessage>();
  #isPaused = true;

  push(data: string | Uint8Array, bytes: number): void {
    this.#messages.push({ data, bytes });
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  /** Tells them, until the next pause. @returns true when all are told, and messages may flow again. */
  tell(teller: Teller): boolean {
    while (!this.#isPaused && this.#messages.size > 0) this.#tellNext(teller);
    return !this.#isPaused;
  }

  /** Tells them whatever the pause says: nothing will follow, and what came belongs to the listener. */
  tellAll(teller: Teller): void {
    while (this.#messages.size > 0) this.#tellNext(teller);
  }

  clear(): void {
    this.#messages.clear();
  }

  #tellNext(teller: Teller): void {
    const message = this.#messages.shift();
    if (message !== undefined) teller.message(message.data, message.bytes);
  }
}
