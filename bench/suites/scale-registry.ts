import { heapAfterCollection } from "../measure-spans.ts";
import { type MakeRegistry, type Registry, variablesFor } from "../subjects/scale/registries.ts";
import type { Run, Sample } from "../suite.ts";
import { type Axis, growthOf, type Measured } from "./scale-figures.ts";

const getsEach = 100;
// A single one takes milliseconds for all services, in code that a forced collection has just made slower, and it is a
// matter of luck whether V8 collects within it. Of all registries by turns: those of 30 services would stay in the
// caches from one to the next, and those of 1,000 would not.
const healthsEach = 10;
const steps = ["define", "start", "get", "health", "stop"] as const;
type Step = (typeof steps)[number];

/** What services took, in sums over all passes at one size. */
interface Sums {
  services: number;
  readonly cpuUs: Record<Step, number>;
  heapBytes: number;
}

/** Measures a registry from its definition to its stop, at every size: as many services at each, in more registries where they are small. */
export async function measureRegistry(axis: Axis, run: Run, make: MakeRegistry): Promise<Sample> {
  const most = axis.sizes.at(-1) ?? 1;
  await passes(make, axis.fitFrom, most, run.warmUpMs, newSums());
  const startedAt = performance.now();
  const bySize = axis.sizes.map((size) => ({ size, sums: newSums() }));
  // By turns, so that a machine that becomes slower meanwhile makes nothing of it.
  for (let turn = 0; turn < 3; turn++)
    for (const { size, sums } of bySize) await passes(make, size, most, run.measureMs / 3 / axis.sizes.length, sums);
  const wallUs = (performance.now() - startedAt) * 1_000;
  const measured = (of: (sums: Sums) => number): Measured[] =>
    bySize.map(({ size, sums }) => ({ size, each: of(sums) / sums.services }));
  const growths = steps.map((step) =>
    growthOf(
      axis,
      `${step} µs`,
      measured(({ cpuUs }) => cpuUs[step]),
    ),
  );
  const last = bySize.at(-1)?.sums ?? newSums();
  const all = bySize.reduce((sum, { sums }) => sum + sums.services, 0);
  return {
    operations: last.services,
    cpuUs: steps.reduce((sum, step) => sum + last.cpuUs[step], 0) / last.services,
    wallUs: wallUs / all,
    more: Object.assign(
      {},
      ...growths,
      growthOf(
        axis,
        "KiB heap",
        measured(({ heapBytes }) => heapBytes / 1_024),
      ),
    ),
  };
}

const newSums = (): Sums => ({
  services: 0,
  cpuUs: { define: 0, start: 0, get: 0, health: 0, stop: 0 },
  heapBytes: 0,
});

/** From definition to stop, once and until so much CPU time was used. */
async function passes(make: MakeRegistry, size: number, most: number, cpuMs: number, sums: Sums): Promise<void> {
  const before = process.cpuUsage();
  do {
    await pass(make, size, Math.ceil(most / size), sums);
  } while (cpuUsSince(before) < cpuMs * 1_000);
}

async function pass(make: MakeRegistry, size: number, count: number, sums: Sums): Promise<void> {
  const env = variablesFor(size);
  const heapBefore = heapAfterCollection();
  let registries: readonly Registry[] = [];
  const timed = async (step: Step, work: () => unknown): Promise<void> => {
    const before = process.cpuUsage();
    await work();
    sums.cpuUs[step] += cpuUsSince(before);
  };
  const each = (work: (registry: Registry) => Promise<unknown>) => async (): Promise<void> => {
    for (const registry of registries) await work(registry);
  };
  await timed("define", () => (registries = Array.from({ length: count }, () => make(size, env))));
  await timed(
    "start",
    each((registry) => registry.start()),
  );
  await timed("get", () => getAll(registries, size));
  await timed("health", async () => {
    for (let turn = 0; turn < healthsEach; turn++) for (const registry of registries) await registry.health();
  });
  sums.heapBytes += heapAfterCollection() - heapBefore;
  await timed(
    "stop",
    each((registry) => registry.stop()),
  );
  sums.services += count * size;
}

/** Each service, so many times. */
function getAll(registries: readonly Registry[], size: number): void {
  for (const registry of registries) {
    for (let turn = 0; turn < getsEach; turn++) {
      for (let index = 0; index < size; index++) {
        if (registry.get(index) === undefined) throw new Error(`service ${index} is not there`);
      }
    }
  }
}

function cpuUsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
