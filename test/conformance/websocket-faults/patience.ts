/** Waits for what is to come about, up to a cut-off. */
export class Patience {
  readonly #cutOffMs: number;
  readonly #watchers = new Set<() => void>();

  constructor(cutOffMs: number) {
    this.#cutOffMs = cutOffMs;
  }

  /** Something has changed that a condition may depend on. */
  lookAgain(): void {
    for (const watcher of this.#watchers) watcher();
  }

  /** False where it does not hold by the cut-off. */
  async comesAbout(holds: () => boolean): Promise<boolean> {
    if (holds()) return true;
    const done = Promise.withResolvers<void>();
    const watcher = (): void => {
      if (holds()) done.resolve();
    };
    this.#watchers.add(watcher);
    try {
      return await this.isDone(done.promise);
    } finally {
      this.#watchers.delete(watcher);
    }
  }

  /** False where it has not settled by the cut-off. */
  async isDone(work: Promise<void>): Promise<boolean> {
    const cutOff = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => cutOff.resolve(false), this.#cutOffMs);
    try {
      return await Promise.race([work.then(() => true), cutOff.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}
