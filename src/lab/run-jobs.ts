import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Figures } from "./measure.ts";
import type { Job } from "./worker.ts";

// A source: what compares clients with each other is not in the package.
const workerPath = fileURLToPath(new URL("./worker.ts", import.meta.url));

/**
 * Runs jobs in processes of their own, in which time and chance are replaced, and resolves to their figures in the
 * order of the jobs.
 *
 * @param options - `processes`: how many at the same time. `onDone`: after each job, in the order in which they end.
 * `signal`: ends the processes.
 */
export async function runJobs(
  jobs: readonly Job[],
  options: { readonly processes: number; readonly onDone?: (done: number) => void; readonly signal?: AbortSignal },
): Promise<readonly Figures[]> {
  const results: Figures[] = [];
  let next = 0;
  let done = 0;
  const children: ChildProcess[] = [];
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(workerPath, { signal: options.signal });
      children.push(child);
      let current = -1;
      child.on("error", reject);
      child.on("exit", (code) => {
        if (current < jobs.length) reject(new Error(`a process of the lab ended early (${code})`));
      });
      child.on("message", (message: { figures?: Figures; error?: string }) => {
        if (message.error !== undefined) {
          const job = jobs[current];
          reject(new Error(`${job?.scenario.id}, ${job?.subject}, seed ${job?.seed}: ${message.error}`));
          return;
        }
        if (message.figures !== undefined) {
          results[current] = message.figures;
          done += 1;
          options.onDone?.(done);
        }
        current = next++;
        const job = jobs[current];
        if (job === undefined) {
          child.disconnect();
          resolve();
        } else {
          child.send(job);
        }
      });
    });
  try {
    await Promise.all(Array.from({ length: Math.min(options.processes, jobs.length) }, work));
  } finally {
    await Promise.all(children.map(ended));
  }
  return results;
}

/** Ends a process that is still there, and resolves when it has gone. */
function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    child.once("exit", () => resolve());
    child.kill();
  });
}
