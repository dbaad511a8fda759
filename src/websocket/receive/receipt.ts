/** Counts the lanes that are not done with a message, and tells once when none is left. */
export class Receipt {
  readonly #onHandled: () => void;
  /** The one who hands the message round counts too, so that it is not told before the last lane has it. */
  #open = 1;

  /** @param onHandled - must not throw. */
  constructor(onHandled: () => void) {
    this.#onHandled = onHandled;
  }

  /** A lane has it. */
  take(): void {
    this.#open++;
  }

  /** A lane is done with it. To be called once for each {@link Receipt.take}, and once by the one who hands it round. */
  done(): void {
    if (--this.#open === 0) this.#onHandled();
  }
}
