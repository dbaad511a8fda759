import { withoutDeadline } from "hawser";

/** How many pieces of background work there were. */
export interface BackgroundCounts {
  readonly running: number;
  readonly done: number;
  readonly failed: number;
}

/** Work that goes on after the answer to the request that began it. It lives in memory: it does not survive a crash. */
export class BackgroundWork {
  readonly #running = new Set<Promise<void>>();
  #done = 0;
  #failed = 0;

  get counts(): BackgroundCounts {
    return { running: this.#running.size, done: this.#done, failed: this.#failed };
  }

  /** Begins the work, outside of the deadline and the abort signal of the request. What fails was logged by Hawser. */
  run(work: () => Promise<void>): void {
    const running = withoutDeadline(work)
      .then(
        () => void (this.#done += 1),
        () => void (this.#failed += 1),
      )
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Resolves when nothing is running, or after `limitMs`: what is left then ends with its service. */
  async drain(limitMs: number): Promise<void> {
    const { promise: limit, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, limitMs);
    await Promise.race([limit, Promise.all(this.#running)]);
    clearTimeout(timer);
  }
}
