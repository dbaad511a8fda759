import { deepStrictEqual } from "node:assert/strict";
import { CpuSpan } from "./cpu-span.ts";
import { measureSpans } from "./measure-spans.ts";
import { percentile } from "./statistics.ts";
import type { Run, Sample } from "./suite.ts";

/** A client that is ready to make calls. */
export interface Client extends AsyncDisposable {
  /** One call, to the parsed answer. */
  call(): Promise<unknown>;
}

/** How the calls of a workload are made. */
export interface CallOptions {
  /** Calls under way at the same time; each is followed by another as soon as it ends. */
  readonly concurrency: number;
  /**
   * `each`: every call is timed, which costs it about 0.1 µs. `none`: calls are so short that this would be a large part
   * of them.
   */
  readonly timed: "each" | "none";
  /** What the first call must answer, and the last: a client that is fast because it fails is no result. */
  readonly expected: unknown;
}

// Calls that wait for nothing would keep timers from ever firing, and those are part of what some subjects cost.
const callsBetweenTurns = 256;

/** Warms up, measures, and then measures memory. */
export async function measureCalls(client: Client, run: Run, options: CallOptions): Promise<Sample> {
  deepStrictEqual(await client.call(), options.expected);
  const latencies = options.timed === "each" ? new Latencies() : undefined;
  const sample = await measureSpans(run, (cpuMs, isCounted) =>
    drive(client, options, cpuMs, isCounted ? latencies : undefined),
  );
  deepStrictEqual(await client.call(), options.expected);
  return latencies === undefined ? sample : { ...sample, p99Us: 1_000 * percentile(latencies.values(), 0.99) };
}

/** Makes calls until the process has used so much CPU time, and tells how many. */
async function drive(
  client: Client,
  { concurrency, timed }: CallOptions,
  cpuMs: number,
  latencies: Latencies | undefined,
): Promise<number> {
  using span = new CpuSpan(cpuMs);
  const lane = timed === "each" ? timedLane : untimedLane;
  const lanes = Array.from({ length: concurrency }, () => lane(client, span, latencies));
  return (await Promise.all(lanes)).reduce((sum, calls) => sum + calls, 0);
}

async function timedLane(client: Client, span: CpuSpan, latencies: Latencies | undefined): Promise<number> {
  let calls = 0;
  for (let startedAt = performance.now(); !span.isOver; calls++) {
    await client.call();
    const endedAt = performance.now();
    latencies?.add(endedAt - startedAt);
    startedAt = endedAt;
  }
  return calls;
}

async function untimedLane(client: Client, span: CpuSpan): Promise<number> {
  let calls = 0;
  for (; !span.isOver; calls += callsBetweenTurns) {
    for (let i = 0; i < callsBetweenTurns; i++) await client.call();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return calls;
}

/** The latest of many durations, outside of the heap that is measured. */
class Latencies {
  readonly #all = new Float64Array(2 ** 17);
  #count = 0;

  add(ms: number): void {
    this.#all[this.#count % this.#all.length] = ms;
    this.#count += 1;
  }

  values(): Float64Array {
    return this.#all.subarray(0, Math.min(this.#count, this.#all.length));
  }
}
