// A client that mostly waits ends all the same; one that gets a tenth of a core has come to its span by then.
const maxWallTimes = 10;
// Reading the CPU time may take a tenth of a millisecond and more, and is charged to the subject.
const readEveryMs = 50;

/**
 * A span of CPU time. By the clock, a busy machine would give each process less of what it is to be measured by, and
 * end a warm-up before anything is compiled.
 */
export class CpuSpan implements Disposable {
  isOver = false;
  readonly #over: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  readonly #timer: NodeJS.Timeout;

  constructor(cpuMs: number) {
    const before = process.cpuUsage();
    const startedAt = performance.now();
    this.#timer = setInterval(() => {
      const { user, system } = process.cpuUsage(before);
      this.isOver = user + system >= cpuMs * 1_000 || performance.now() - startedAt >= cpuMs * maxWallTimes;
      if (this.isOver) this.#over.resolve();
    }, readEveryMs);
  }

  /** Resolves when it is over. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
