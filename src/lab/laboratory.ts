import type { Results } from "./report/standing.ts";
import { runJobs } from "./run-jobs.ts";
import type { Scenario } from "./scenario.ts";
import { subjectFor } from "./subjects/catalog.ts";
import { type Summary, summarise } from "./summarise.ts";
import type { Job } from "./worker.ts";

/** What is to be compared. */
export interface Comparison {
  readonly scenarios: readonly Scenario[];
  /** Ids; the first is the one that the others are compared with. */
  readonly subjects: readonly string[];
  readonly seeds: readonly number[];
  /** Of a module with the options of a RESTService, for the subject `own`. */
  readonly settingsUrl?: string | undefined;
  /** Processes at the same time. */
  readonly processes: number;
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Runs every subject in every scenario with every seed, in processes of their own, and takes the figures together. */
export async function compare(comparison: Comparison): Promise<Results> {
  const { scenarios, seeds, settingsUrl, processes, onProgress, signal } = comparison;
  const subjects = await Promise.all(comparison.subjects.map((id) => subjectFor(id, settingsUrl)));
  const pairs = scenarios.flatMap((scenario) => subjects.map((subject) => ({ scenario, subject: subject.id })));
  const jobs: Job[] = pairs.flatMap((pair) => seeds.map((seed) => ({ ...pair, seed, settingsUrl })));
  const figures = await runJobs(jobs, {
    processes,
    onDone: (done) => onProgress?.(done, jobs.length),
    ...(signal === undefined ? {} : { signal }),
  });
  const summaries: Summary[] = pairs.map(({ scenario, subject }, index) =>
    summarise(scenario.id, subject, figures.slice(index * seeds.length, (index + 1) * seeds.length)),
  );
  return { scenarios, subjects, summaries };
}
