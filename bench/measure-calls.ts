import { deepStrictEqual } from "node:assert/strict";
import { GCProfiler, getHeapStatistics } from "node:v8";
import { allocatedBytes } from "./allocation.ts";
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
  /** What the first call must answer: a client that is fast because it fails is no result. */
  readonly expected: unknown;
}

// Calls that wait for nothing would keep timers from ever firing, and those are part of what some subjects cost.
const callsBetweenTurns = 256;
// Of the measured span; what a call allocates varies far less than what it takes.
const allocationPart = 0.25;

// A client that mostly waits ends all the same; one that gets a tenth of a core has come to its span by then.
const maxWallTimes = 10;
// Reading the CPU time may take a tenth of a millisecond and more, and is charged to the subject.
const readEveryMs = 50;

/** Warms up, measures, and then measures memory: in this order, for a profiler of the heap is no bystander. */
export async function measureCalls(client: Client, run: Run, options: CallOptions): Promise<Sample> {
  deepStrictEqual(await client.call(), options.expected);
  await drive(client, options, run.warmUpMs, undefined);
  const latencies = options.timed === "each" ? new Latencies() : undefined;
  const heapBefore = heapAfterCollection();
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const operations = await drive(client, options, run.measureMs, latencies);
  const wallMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  const retainedBytes = heapAfterCollection() - heapBefore;
  return {
    operations,
    cpuUs: (user + system) / operations,
    wallUs: (wallMs * 1_000) / operations,
    ...(latencies === undefined ? {} : { p99Us: 1_000 * percentile(latencies.values(), 0.99) }),
    allocatedBytes: await allocatedPerCall(client, options, run.measureMs * allocationPart),
    retainedBytes,
  };
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

/**
 * What a call allocates, by the sizes of the heap around every collection that V8 makes by itself. The sampling profiler
 * would estimate; a young generation so large that nothing is collected would be exact as well, but of a process whose
 * caches and promotions are not those of a server.
 */
async function allocatedPerCall(client: Client, options: CallOptions, cpuMs: number): Promise<number> {
  const profiler = new GCProfiler();
  profiler.start();
  const startUsed = getHeapStatistics().used_heap_size;
  const calls = await drive(client, options, cpuMs, undefined);
  const endUsed = getHeapStatistics().used_heap_size;
  const collections = profiler.stop().statistics.map(({ beforeGC, afterGC }) => ({
    usedBefore: beforeGC.heapStatistics.usedHeapSize,
    usedAfter: afterGC.heapStatistics.usedHeapSize,
  }));
  return allocatedBytes(startUsed, collections, endUsed) / calls;
}

function heapAfterCollection(): number {
  if (globalThis.gc === undefined) throw new Error("a process that measures runs with --expose-gc");
  globalThis.gc();
  globalThis.gc();
  return getHeapStatistics().used_heap_size;
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

/**
 * A span of CPU time. By the clock, a busy machine would give each process less of what it is to be measured by, and
 * end a warm-up before anything is compiled.
 */
class CpuSpan implements Disposable {
  isOver = false;
  readonly #timer: NodeJS.Timeout;

  constructor(cpuMs: number) {
    const before = process.cpuUsage();
    const startedAt = performance.now();
    this.#timer = setInterval(() => {
      const { user, system } = process.cpuUsage(before);
      this.isOver = user + system >= cpuMs * 1_000 || performance.now() - startedAt >= cpuMs * maxWallTimes;
    }, readEveryMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
