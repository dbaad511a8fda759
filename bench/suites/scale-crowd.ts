import { deepStrictEqual } from "node:assert/strict";
import { CpuSpan } from "../cpu-span.ts";
import { heapAfterCollection, measureSpans, settledHeap } from "../measure-spans.ts";
import { FarSide } from "../subjects/scale/far-side.ts";
import type { Run, Sample } from "../suite.ts";
import { type Axis, growthOf, type Measured } from "./scale-figures.ts";

/** Many of something, used at the same time. */
export interface Crowd extends AsyncDisposable {
  /** Makes as many as are asked for; those that there are stay. */
  grow(size: number): Promise<void>;
  /** One operation of one of them, counted from 0, to its answer. */
  operate(index: number): Promise<unknown>;
}

/** The crowds of one subject, all empty. */
export interface Crowds {
  /** @param maxConnections - to each. */
  openOrigins(origins: readonly string[], maxConnections: number): Promise<Crowd>;
  /** @param signal - of all calls. */
  openCalls(origin: string, maxConnections: number, signal?: AbortSignal): Promise<Crowd>;
  openStreams(origin: string): Promise<Crowd>;
}

/** How a crowd is measured as it grows. */
export interface CrowdPlan extends Axis {
  /** Operations that each has under way. */
  readonly lanesEach: number;
  /** How many of them the far side has at most; the others wait here. @defaultValue all */
  readonly served?: number;
  /** What memory is asked of: with an operation of every lane under way, or with none. */
  readonly memory: "busy" | "idle";
  /** What each operation must answer. */
  readonly expected: unknown;
}

// What the client manages with a core of its own, several times over: the rate is the same at every size, and with it
// how many operations share a turn of the event loop.
const operationsPerMs = 20;
// More at a time than this, and the kernel's queue of connections that wait to be accepted overflows.
const wave = 100;

/**
 * Grows a crowd from size to size, and measures at each what it costs.
 *
 * @param open - makes an empty one; called twice: the code is warm and all pools are there before the first size.
 */
export async function measureCrowd(plan: CrowdPlan, run: Run, open: () => Promise<Crowd>): Promise<Sample> {
  const far = new FarSide(run.origin);
  await warmUp(plan, run, far, open);
  const heapEmpty = await settledHeap();
  await using crowd = await open();
  const samples: { readonly size: number; readonly sample: Sample }[] = [];
  const heaps: Measured[] = [];
  for (const size of plan.sizes) {
    await crowd.grow(size);
    const release = await holdAll(plan, far, crowd, size);
    if (plan.memory === "idle") await release();
    heaps.push({ size, each: (heapAfterCollection() - heapEmpty) / size / 1_024 });
    if (plan.memory === "busy") await release();
    samples.push({ size, sample: await measureSpans(partOf(run), driveOf(plan, crowd, size)) });
  }
  await far.delay(0);
  const last = samples.at(-1)?.sample;
  if (last === undefined) throw new RangeError(`${plan.id} has no sizes`);
  const each = (of: (sample: Sample) => number): Measured[] =>
    samples.map(({ size, sample }) => ({ size, each: of(sample) }));
  return {
    ...last,
    more: {
      ...growthOf(
        plan,
        "CPU µs",
        each(({ cpuUs }) => cpuUs),
      ),
      ...growthOf(
        plan,
        "kB allocated",
        each(({ allocatedBytes = 0 }) => allocatedBytes / 1_000),
      ),
      ...growthOf(plan, "KiB heap", heaps),
    },
  };
}

// Of those that a run has for one size: nothing that follows may be cheaper for being compiled later.
const warmUps = 3;

/** Of what a run has for one size, that the others have as well. */
const partOf = (run: Run): Run => ({ ...run, warmUpMs: run.warmUpMs / 5, measureMs: run.measureMs / 3 });

async function warmUp(plan: CrowdPlan, run: Run, far: FarSide, open: () => Promise<Crowd>): Promise<void> {
  await using crowd = await open();
  await crowd.grow(plan.fitFrom);
  const release = await holdAll(plan, far, crowd, plan.fitFrom);
  await release();
  deepStrictEqual(await crowd.operate(0), plan.expected);
  await driveOf(plan, crowd, plan.fitFrom)(run.warmUpMs * warmUps);
}

/** Brings one operation of each lane under way, some at a time; what is returned lets them end, and sets the delay. */
async function holdAll(plan: CrowdPlan, far: FarSide, crowd: Crowd, size: number): Promise<() => Promise<void>> {
  const { lanesEach, served = Number.POSITIVE_INFINITY } = plan;
  const lanes = size * lanesEach;
  await far.hold();
  const operations: Promise<unknown>[] = [];
  while (operations.length < lanes) {
    const until = Math.min(lanes, operations.length + wave);
    while (operations.length < until) operations.push(crowd.operate(operations.length % size));
    // What fails now is told where all are awaited.
    for (const operation of operations) operation.catch(() => undefined);
    await pendingAt(far, Math.min(until, served));
  }
  return async () => {
    await far.delay(Math.min(lanes, served) / operationsPerMs);
    await Promise.all(operations);
  };
}

async function pendingAt(far: FarSide, count: number): Promise<void> {
  const limitMs = 30_000;
  const startedAt = performance.now();
  while ((await far.pending()) !== count) {
    if (performance.now() - startedAt > limitMs)
      throw new Error(`the far side did not have ${count} after ${limitMs} ms`);
  }
}

/** Keeps every lane busy until the process has used so much CPU time, and each lane was twice there on average. */
function driveOf({ lanesEach }: CrowdPlan, crowd: Crowd, size: number): (cpuMs: number) => Promise<number> {
  return async (cpuMs) => {
    const lanes = size * lanesEach;
    using span = new CpuSpan(cpuMs);
    let operations = 0;
    const lane = async (index: number): Promise<void> => {
      while (!span.isOver || operations < 2 * lanes) {
        await crowd.operate(index);
        operations++;
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index % size)));
    return operations;
  };
}
