import { GCProfiler, getHeapStatistics } from "node:v8";
import { allocatedBytes } from "./allocation.ts";
import type { Run, Sample } from "./suite.ts";

// Of the measured span; what an operation allocates varies far less than what it takes.
const memoryPart = 0.5;

/**
 * Warms up, measures, and then measures memory: in this order, for a profiler of the heap is no bystander, and a forced
 * collection drops feedback and code that hung on what was collected. No server is ever in that state: measured right
 * after one, Hawser took nearly half as much again as before it, and clients with less code of their own hardly anything.
 *
 * @param drive - works until the process has used so many milliseconds of CPU time, and resolves to how many operations
 * were done; `isCounted`: those that the figures are of.
 */
export async function measureSpans(
  run: Run,
  drive: (cpuMs: number, isCounted: boolean) => Promise<number>,
): Promise<Sample> {
  await drive(run.warmUpMs, false);
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const operations = await drive(run.measureMs, true);
  const wallMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  const heapBefore = heapAfterCollection();
  const allocated = await allocatedPerOperation(() => drive(run.measureMs * memoryPart, false));
  return {
    operations,
    cpuUs: (user + system) / operations,
    wallUs: (wallMs * 1_000) / operations,
    allocatedBytes: allocated,
    retainedBytes: heapAfterCollection() - heapBefore,
  };
}

/** What is left on the heap once nothing more can be collected. */
export function heapAfterCollection(): number {
  if (globalThis.gc === undefined) throw new Error("a process that measures runs with --expose-gc");
  globalThis.gc();
  globalThis.gc();
  return getHeapStatistics().used_heap_size;
}

// Read after two, the heap of a crowd of ten was up to 15 kB for each below that of none; after these, it never was.
const collectionsUntilSettled = 10;

/** The same once what closes in later turns is gone too: what comes later is compared with it. */
export async function settledHeap(): Promise<number> {
  for (let i = 0; i < collectionsUntilSettled; i++) {
    heapAfterCollection();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return heapAfterCollection();
}

/**
 * What an operation allocates, by the sizes of the heap around every collection that V8 makes by itself. The sampling
 * profiler would estimate; a young generation so large that nothing is collected would be exact as well, but of a
 * process whose caches and promotions are not those of a server.
 */
async function allocatedPerOperation(drive: () => Promise<number>): Promise<number> {
  const profiler = new GCProfiler();
  profiler.start();
  const startUsed = getHeapStatistics().used_heap_size;
  const operations = await drive();
  const endUsed = getHeapStatistics().used_heap_size;
  const collections = profiler.stop().statistics.map(({ beforeGC, afterGC }) => ({
    usedBefore: beforeGC.heapStatistics.usedHeapSize,
    usedAfter: afterGC.heapStatistics.usedHeapSize,
  }));
  return allocatedBytes(startUsed, collections, endUsed) / operations;
}
