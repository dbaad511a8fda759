/** Told when the lanes have had enough, and when they have room again. */
export interface PressureHooks {
  onFull(): void;
  onRelief(): void;
}

/**
 * Whether the lanes of an inbox have had enough: from the moment at which one is full until all are at half or less.
 *
 * Lanes tell when they pass half of their bound; there may be a thousand of them, and a message must not ask each.
 */
export class Pressure {
  readonly #hooks: PressureHooks;
  /** How many lanes hold more than half of a bound. */
  #heavyLanes = 0;
  #isFull = false;

  constructor(hooks: PressureHooks) {
    this.#hooks = hooks;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** A lane passed half of its bound. */
  rise(): void {
    this.#heavyLanes++;
  }

  /** A lane is at half of its bound again, or gone. */
  fall(): void {
    this.#heavyLanes--;
    // Half, not just below the bound: a reader that is switched at every message costs more than it saves.
    if (this.#heavyLanes > 0 || !this.#isFull) return;
    this.#isFull = false;
    this.#hooks.onRelief();
  }

  /** A lane, which has risen, is full. */
  reach(): void {
    if (this.#isFull) return;
    this.#isFull = true;
    this.#hooks.onFull();
  }
}
