/** Round-trip times of the last pongs, in milliseconds. */
export interface RttSummary {
  /** How many the percentiles are of: 1 to 100. */
  readonly samples: number;
  /** Of the latest pong. */
  readonly lastMs: number;
  readonly minMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

const size = 100;

/** The last 100 round-trip times. Keeping one costs a store; they are sorted when somebody asks. */
export class RttSamples {
  // Grows with the pongs: a thousand idle streams do not each reserve room for a hundred.
  readonly #samples: number[] = [];
  #taken = 0;

  add(rttMs: number): void {
    this.#samples[this.#taken++ % size] = rttMs;
  }

  /** Undefined before the first. */
  get lastMs(): number | undefined {
    return this.#taken === 0 ? undefined : this.#samples[(this.#taken - 1) % size];
  }

  /** Percentiles by nearest rank: each is a time that was measured. Undefined before the first sample. */
  summary(): RttSummary | undefined {
    const { lastMs } = this;
    if (lastMs === undefined) return undefined;
    const sorted = this.#samples.toSorted((a, b) => a - b);
    const rank = (percent: number): number => sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? lastMs;
    return {
      samples: sorted.length,
      lastMs,
      minMs: sorted[0] ?? lastMs,
      p50Ms: rank(50),
      p95Ms: rank(95),
      p99Ms: rank(99),
    };
  }
}
