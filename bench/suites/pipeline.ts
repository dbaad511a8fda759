import { type Client, measureCalls } from "../measure-calls.ts";
import { byId } from "../named.ts";
import type { Named, Suite, Target } from "../suite.ts";

/** What every subject is put around: it waits for nothing, and succeeds. */
export type Work = () => Promise<number>;

interface Subject extends Named {
  readonly open: (work: Work) => Promise<Client>;
}

const workloads = [{ id: "no-op", about: "An async function that returns a number; one call at a time." }] as const;

/** One stage of Hawser's pipeline alone, or several. */
const own = (id: string, about: string, stages: string): Subject => ({
  id,
  about,
  open: async (work) => (await import("../subjects/pipeline/hawser.ts")).open(work, stages),
});

const cockatiel = (id: string, about: string, policies: string): Subject => ({
  id,
  about,
  open: async (work) => (await import("../subjects/pipeline/cockatiel.ts")).open(work, policies),
});

const subjects: readonly Subject[] = [
  {
    id: "bare",
    about: "The function, called.",
    open: async (work) => ({ call: work, [Symbol.asyncDispose]: async () => undefined }),
  },
  own("hawser-none", "The executor with every stage off: deadline, attempt limit and records remain.", "none"),
  own("hawser-retry", "With `retry`, without a budget.", "retry"),
  own("hawser-budget", "With `retry` and its budget.", "budget"),
  own("hawser-rate-gate", "With a client-side rate that is never reached.", "rateGate"),
  own("hawser-breaker", "With `circuitBreaker`.", "breaker"),
  own("hawser-concurrency", "With the adaptive `concurrency` limit.", "concurrency"),
  own("hawser-hedge", "With `hedge`: after 100 calls, each waits for its hedge in a list.", "hedge"),
  own("hawser-coalesce", "With `coalesce`; none is shared, for one ends before the next begins.", "coalesce"),
  own("hawser-chaos", "With `chaos` whose rates are all 0.", "chaos"),
  own("hawser-default", "What a service has that is given no options.", "default"),
  own("hawser-all", "All stages but chaos.", "all"),
  cockatiel("cockatiel-retry", "`retry`, 2 retries, exponential backoff.", "retry"),
  cockatiel("cockatiel-breaker", "`circuitBreaker` with `SamplingBreaker`.", "breaker"),
  cockatiel("cockatiel-bulkhead", "`bulkhead(64)`.", "bulkhead"),
  cockatiel("cockatiel-timeout", "`timeout`, aggressive as by default in most examples.", "timeout"),
  cockatiel("cockatiel-wrap", "The four of them in one `wrap`.", "wrap"),
  {
    id: "opossum",
    about: "A breaker with its defaults: 10 s timeout, 10 s window.",
    open: async (work) => (await import("../subjects/pipeline/opossum.ts")).openBreaker(work),
  },
  {
    id: "p-retry",
    about: "2 retries, random delays.",
    open: async (work) => (await import("../subjects/pipeline/p-retry.ts")).open(work),
  },
  {
    id: "p-retry+opossum",
    about: "opossum within p-retry.",
    open: async (work) => (await import("../subjects/pipeline/opossum.ts")).openRetrying(work),
  },
  {
    id: "smithy",
    about: "`retryMiddleware` over `StandardRetryStrategy`, 3 attempts: the retries of the AWS SDK.",
    open: async (work) => (await import("../subjects/pipeline/smithy.ts")).open(work),
  },
];

const all = { workload: "no-op", subject: "hawser-all" } as const;

const targets: readonly Target[] = [
  { of: { ...all, figure: "cpuUs" }, atMost: 2 },
  { of: { ...all, figure: "allocatedBytes" }, atMost: 2_000 },
  { of: { ...all, subject: "cockatiel-wrap", figure: "cpuRatio", over: all.subject }, atLeast: 8 },
];

/** What the executor itself costs, without any I/O. */
export const pipeline: Suite = {
  id: "pipeline",
  title: "Pipeline: the executor around an async no-op",
  baseline: "cockatiel-wrap",
  workloads,
  subjects,
  targets,
  length: { full: { warmUpMs: 1_000 }, quick: { warmUpMs: 1_000 } },
  async measure(subjectId, _workload, run) {
    await using client = await byId(subjects, subjectId).open(async () => 1);
    return await measureCalls(client, run, { concurrency: 1, timed: "none", expected: 1 });
  },
};
