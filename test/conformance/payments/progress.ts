/** How far the shop has come, over all its processes. */
export class Progress {
  readonly #total: number;
  readonly #waiting = new Set<{ readonly confirmed: number; readonly resolve: () => void }>();
  #steps = 0;
  #confirmed = 0;

  constructor(total: number) {
    this.#total = total;
  }

  /** Calls that were begun and payments that were confirmed. */
  get steps(): number {
    return this.#steps;
  }

  get confirmed(): number {
    return this.#confirmed;
  }

  get isComplete(): boolean {
    return this.#confirmed >= this.#total;
  }

  step(): void {
    this.#steps += 1;
  }

  /** So many payments are confirmed: as a process counts them that has just read the journal, or one more. */
  confirm(confirmed: number = this.#confirmed + 1): void {
    this.#confirmed = Math.max(this.#confirmed, confirmed);
    for (const waiting of this.#waiting) {
      if (waiting.confirmed > this.#confirmed) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }

  /** Resolves when so many payments are confirmed. */
  reaches(confirmed: number, signal: AbortSignal): Promise<void> {
    if (this.#confirmed >= confirmed) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason as Error);
      const finish = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      this.#waiting.add({ confirmed, resolve: finish });
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}
