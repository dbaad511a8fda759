import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What is used after everything that can be freed was. */
export class HeapSamples {
  readonly #samples: number[] = [];
  readonly #collect: () => void;

  constructor() {
    setFlagsFromString("--expose-gc");
    this.#collect = runInNewContext("gc") as () => void;
  }

  get bytes(): readonly number[] {
    return this.#samples;
  }

  take(): void {
    // Twice: what a finaliser lets go of is free only then.
    this.#collect();
    this.#collect();
    this.#samples.push(process.memoryUsage().heapUsed);
  }
}

/** The medians of the first and the last third, after the first tenth: until then the code is being compiled. */
export function thirds(samples: readonly number[]): { readonly first: number; readonly last: number } {
  const warm = samples.slice(Math.ceil(samples.length / 10));
  const size = Math.max(1, Math.floor(warm.length / 3));
  return { first: median(warm.slice(0, size)), last: median(warm.slice(-size)) };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
