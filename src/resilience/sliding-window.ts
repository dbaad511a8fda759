/**
 * How often two things happened within the last `windowMs`, in ten buckets: exact to a tenth of the window, in constant
 * space, and cleared by time alone. A window that turns once per call instead of with the clock takes one failure after
 * an hour of silence for the last of many.
 */
export class SlidingWindow {
  readonly #bucketMs: number;
  // Whole numbers to the engine too: sums of floats would be stored in boxes of their own.
  readonly #all = new Int32Array(buckets);
  readonly #some = new Int32Array(buckets);
  /** The number of the newest bucket, counted from time 0, and its place. */
  #newest = 0;
  #at = 0;
  #allSum = 0;
  #someSum = 0;

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / buckets;
  }

  /** Counts one, and whether it is one of the `some`. */
  add(now: number, isSome: boolean): void {
    this.#turn(now);
    const at = this.#at;
    this.#all[at] = (this.#all[at] ?? 0) + 1;
    this.#allSum += 1;
    if (!isSome) return;
    this.#some[at] = (this.#some[at] ?? 0) + 1;
    this.#someSum += 1;
  }

  /** All that were counted within the window. */
  all(now: number): number {
    this.#turn(now);
    return this.#allSum;
  }

  /** Those of them that were of the `some`. */
  some(now: number): number {
    this.#turn(now);
    return this.#someSum;
  }

  clear(): void {
    this.#all.fill(0);
    this.#some.fill(0);
    this.#allSum = 0;
    this.#someSum = 0;
  }

  #turn(now: number): void {
    const newest = Math.floor(now / this.#bucketMs);
    if (newest <= this.#newest) return;
    const first = Math.max(this.#newest, newest - buckets) + 1;
    for (let bucket = first; bucket <= newest; bucket++) this.#drop(bucket % buckets);
    this.#newest = newest;
    this.#at = newest % buckets;
  }

  #drop(at: number): void {
    this.#allSum -= this.#all[at] ?? 0;
    this.#someSum -= this.#some[at] ?? 0;
    this.#all[at] = 0;
    this.#some[at] = 0;
  }
}

const buckets = 10;
