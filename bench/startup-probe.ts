import { execFile } from "node:child_process";
import { isDeepStrictEqual, promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { spreadOf } from "./statistics.ts";
import type { Run, Sample } from "./suite.ts";

/** What one process found; see subjects/startup/probe.mjs. */
interface Found {
  readonly cpuUs: number;
  readonly wallUs: number;
  /** Of the wall time, what came once the modules were there. */
  readonly afterLoadingUs: number;
  readonly heapBytes: number;
  readonly answer?: unknown;
}

/** What each process does: a program of subjects/startup, by its name, and its arguments. */
interface Work {
  readonly name: string;
  readonly args: readonly string[];
  /** What it has to answer; nothing where it has no answer. */
  readonly expected?: unknown;
}

const probe = fileURLToPath(new URL("subjects/startup/probe.mjs", import.meta.url));
// To load the largest of them, on a machine that is busy.
const limitMs = 60_000;

/**
 * One process after the other that does this work and ends, until they took `run.measureMs` together; the figures are
 * medians. One before them, for the files to be in the caches of the system.
 */
export async function measureStartup(work: Work, run: Run): Promise<Sample> {
  await startedOnce(work);
  const all: Found[] = [];
  const endsAt = performance.now() + run.measureMs;
  do all.push(await startedOnce(work));
  while (performance.now() < endsAt);
  const medianOf = (figure: (found: Found) => number): number => spreadOf(all.map(figure)).median;
  const afterLoading = { "ms after loading": medianOf(({ afterLoadingUs }) => afterLoadingUs) / 1_000 };
  return {
    operations: all.length,
    cpuUs: medianOf(({ cpuUs }) => cpuUs),
    wallUs: medianOf(({ wallUs }) => wallUs),
    more: {
      "KiB heap": medianOf(({ heapBytes }) => heapBytes) / 1_024,
      ...(work.expected === undefined ? {} : afterLoading),
    },
  };
}

async function startedOnce({ name, args, expected }: Work): Promise<Found> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...nodeArguments(process.execArgv), probe, name, ...args],
    { timeout: limitMs },
  );
  const found = JSON.parse(stdout) as Found;
  if (isDeepStrictEqual(found.answer, expected)) return found;
  throw new Error(`the answer was not the one expected: ${JSON.stringify(found.answer)}`);
}

/** A profile where this process leaves one; each of the others must leave its own in another file. */
function nodeArguments(own: readonly string[]): readonly string[] {
  const profiling = own.filter((one) => one.startsWith("--cpu-prof") && !one.startsWith("--cpu-prof-name"));
  return ["--expose-gc", "--no-warnings", ...profiling];
}
