/** What one consumer was given: every number is to come once and in order. */
export class Sequence {
  #last = 0;
  #repeats = 0;
  #gaps = 0;
  #worstGapMs = 0;
  #lastAt: number;

  /** @param now - milliseconds. */
  constructor(now: number) {
    this.#lastAt = now;
  }

  /** The number that was taken last; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** Numbers that came although they, or later ones, had come before. */
  get repeats(): number {
    return this.#repeats;
  }

  /** How often a number came that was not the next one. */
  get gaps(): number {
    return this.#gaps;
  }

  /** The longest time between two numbers. */
  get worstGapMs(): number {
    return this.#worstGapMs;
  }

  take(number: number, now: number): void {
    if (number <= this.#last) {
      this.#repeats += 1;
      return;
    }
    if (number !== this.#last + 1) this.#gaps += 1;
    this.#last = number;
    this.#worstGapMs = Math.max(this.#worstGapMs, now - this.#lastAt);
    this.#lastAt = now;
  }
}
