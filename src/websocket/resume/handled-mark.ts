import type { Position } from "./positions.ts";

interface Received {
  readonly position: Position;
  isHandled: boolean;
  next: Received | undefined;
}

/**
 * Up to where every message was handled. Handlers may end in another order than messages came; the mark stands before
 * the first that is not done, so that going on from it loses none.
 */
export class HandledMark {
  #position: Position | undefined;
  /** Received, in order, and not behind the mark. */
  #first: Received | undefined;
  #last: Received | undefined;

  constructor(position: Position | undefined) {
    this.#position = position;
  }

  /** Undefined before the first. */
  get position(): Position | undefined {
    return this.#position;
  }

  /** @returns what is to be called when all are done with the message; calling it again changes nothing. */
  add(position: Position): () => void {
    const received: Received = { position, isHandled: false, next: undefined };
    if (this.#last === undefined) this.#first = received;
    else this.#last.next = received;
    this.#last = received;
    return () => {
      received.isHandled = true;
      this.#advance();
    };
  }

  /** Received, and not behind the mark yet. */
  *unhandled(): Generator<Position, undefined> {
    for (let one = this.#first; one !== undefined; one = one.next) yield one.position;
  }

  #advance(): void {
    let first = this.#first;
    while (first?.isHandled === true) {
      const { position, next } = first;
      this.#position = position;
      // One that has grown old would hold all that came after it, until the old generation is collected.
      first.next = undefined;
      first = next;
    }
    this.#first = first;
    if (this.#first === undefined) this.#last = undefined;
  }
}
