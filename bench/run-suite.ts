import type { ChildProcess } from "node:child_process";
import type { ChosenSuite } from "./arguments.ts";
import type { Cores } from "./cores.ts";
import { serverBusy } from "./headroom.ts";
import { ended, nextMessage, startProgram } from "./processes.ts";
import { rowsOf } from "./rows.ts";
import { turnsOf } from "./schedule.ts";
import type { Row, Run, Sample } from "./suite.ts";
import type { Job, Report } from "./worker.ts";

/** The first message of a server. */
export interface ServerReady {
  readonly port: number;
  /** Where it speaks TLS as well. */
  readonly tls?: { readonly port: number; readonly ca: string };
}

/** What a server has done since it began. */
export interface ServerCount {
  readonly requests: number;
  readonly cpuUs: number;
}

// To load and compile, on a machine that is busy.
const startLimitMs = 60_000;
// V8 begins with a young generation of 1 MB or so and enlarges it by its own judgement of what survives, which falls
// differently from run to run: of two processes that do the same, one then spent half as much again on collections.
const youngGenerationMB = 16;
const workerNodeArgs = [
  "--expose-gc",
  "--no-warnings",
  `--min-semi-space-size=${youngGenerationMB}`,
  `--max-semi-space-size=${youngGenerationMB}`,
];

/** Runs what was chosen of a suite, and resolves to its rows. */
export async function runSuite(
  { suite, workloads, subjects, length }: ChosenSuite,
  parts: {
    readonly cores: Cores | undefined;
    /** Where each process leaves a CPU profile. */
    readonly profileDirectory?: string | undefined;
    readonly onTurn: (what: string) => void;
    /** Gets the rows of each workload as soon as they are there; the next one waits for it. */
    readonly onRows?: (rows: readonly Row[]) => Promise<void>;
  },
): Promise<readonly Row[]> {
  const { cores, profileDirectory, onTurn, onRows } = parts;
  const { rounds, warmUpMs, measureMs, limitMs = startLimitMs + 30 * (warmUpMs + measureMs) } = length;
  const server = suite.server === undefined ? undefined : await startServer(suite.server, cores?.server);
  try {
    const rows: Row[] = [];
    for (const workload of workloads) {
      const samples = new Map<string, Sample[]>(subjects.map((subject) => [subject, []]));
      for (const { round, subject } of turnsOf(subjects, rounds)) {
        onTurn(`${suite.id} ${workload}, round ${round + 1} of ${rounds}: ${subject}`);
        const far = { origin: server?.origin ?? "", ...(server?.tls === undefined ? {} : { tls: server.tls }) };
        const job = { suite: suite.id, subject, workload, warmUpMs, measureMs, ...far };
        samples.get(subject)?.push(await measured(job, limitMs, profileDirectory, cores?.client, server));
      }
      const here = rowsOf(suite, workload, samples);
      rows.push(...here);
      await onRows?.(here);
    }
    return rows;
  } finally {
    await server?.end();
  }
}

/** A server under way. */
interface Server {
  readonly origin: string;
  readonly tls: Run["tls"];
  count(): Promise<ServerCount>;
  end(): Promise<void>;
}

async function startServer(program: URL, core: number | undefined): Promise<Server> {
  const child = startProgram(program, { args: [], nodeArgs: [], core });
  const { port, tls } = (await nextMessage(child, "the server", startLimitMs)) as ServerReady;
  return {
    origin: `http://127.0.0.1:${port}`,
    tls: tls && { origin: `https://127.0.0.1:${tls.port}`, ca: tls.ca },
    count: async () => {
      child.send("count");
      return (await nextMessage(child, "the server", startLimitMs)) as ServerCount;
    },
    end: async () => {
      if (child.connected) child.disconnect();
      await ended(child);
    },
  };
}

async function measured(
  job: Job,
  limitMs: number,
  profileDirectory: string | undefined,
  core: number | undefined,
  server: Server | undefined,
): Promise<Sample> {
  const profiling = profileDirectory === undefined ? [] : profileArguments(job, profileDirectory);
  const before = await server?.count();
  const child = startProgram(new URL("worker.ts", import.meta.url), {
    args: [JSON.stringify(job)],
    nodeArgs: [...workerNodeArgs, ...profiling],
    core,
  });
  const sample = await sampleOf(child, job, limitMs);
  const after = await server?.count();
  if (before === undefined || after === undefined || after.requests === before.requests) return sample;
  return withServer(sample, before, after);
}

async function sampleOf(child: ChildProcess, job: Job, limitMs: number): Promise<Sample> {
  const what = `${job.subject} at ${job.workload}`;
  const report = (await nextMessage(child, what, limitMs)) as Report;
  await ended(child);
  if ("error" in report) throw new Error(`${what}: ${report.error}`);
  return report.sample;
}

function profileArguments({ subject, workload }: Job, directory: string): readonly string[] {
  const name = `${subject}-${workload}.cpuprofile`.replaceAll(/[^\w.@-]+/g, "_");
  return ["--cpu-prof", `--cpu-prof-dir=${directory}`, `--cpu-prof-name=${name}`];
}

/** How busy the server was while the client was measured: at 1, everybody waits for it. */
function withServer(sample: Sample, before: ServerCount, after: ServerCount): Sample {
  const perRequestUs = (after.cpuUs - before.cpuUs) / (after.requests - before.requests);
  return { ...sample, more: { ...sample.more, [serverBusy]: perRequestUs / sample.wallUs } };
}
