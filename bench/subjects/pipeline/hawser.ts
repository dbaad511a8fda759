import { systemClock, systemRandom } from "../../../src/core/clock.ts";
import { OptionReader } from "../../../src/core/options.ts";
import { type AttemptEnd, Success } from "../../../src/resilience/outcome.ts";
import type { Completed } from "../../../src/resilience/pipeline.ts";
import { buildPipeline, readStages, type StageOptions } from "../../../src/resilience/stages.ts";
import type { Client } from "../../measure-calls.ts";
import type { Work } from "../../suites/pipeline.ts";

const none: StageOptions = { retry: false, rateLimit: false, circuitBreaker: false, concurrency: false };
// Far above what is called: it lets everything through.
const rateLimit = { limit: 10_000, perMs: 1 };

const sets: Readonly<Record<string, StageOptions>> = {
  none,
  retry: { ...none, retry: { budget: false } },
  budget: { ...none, retry: {} },
  rateGate: { ...none, rateLimit },
  breaker: { ...none, circuitBreaker: {} },
  concurrency: { ...none, concurrency: {} },
  hedge: { ...none, hedge: true },
  coalesce: { ...none, coalesce: true },
  chaos: { ...none, chaos: {} },
  default: {},
  all: { rateLimit, hedge: true, coalesce: true },
};

const noSignals: readonly AbortSignal[] = [];

// No async functions around what is measured: each would cost as much as the executor itself.
const endOf = (value: number): AttemptEnd<number> => new Success(value, 200);
const valueOf = ({ value }: Completed<number>): number => value;

/** The executor as `RESTService` uses it: for each call a request of its own with the same contents, and an attempt that succeeds at once. */
export async function open(work: Work, stages: string): Promise<Client> {
  const options = sets[stages];
  if (options === undefined) throw new RangeError(`there is no set of stages ${stages}`);
  const reader = new OptionReader("bench", options);
  const settings = readStages(reader, undefined);
  reader.finish();
  const attemptTimeoutMs = 10_000;
  const { pipeline } = buildPipeline(
    { service: "bench", clock: systemClock, random: systemRandom, attemptTimeoutMs },
    settings,
  );
  const attempt = (): Promise<AttemptEnd<number>> => work().then(endOf);
  return {
    call: () =>
      pipeline
        .execute({
          operation: "GET /payments",
          deadlineMs: 30_000,
          attemptTimeoutMs,
          signals: noSignals,
          identity: settings.coalesce ? "GET /payments" : undefined,
          retry: settings.retry,
          isRepeatable: true,
          isRepeatableLater: true,
          isReplayable: true,
          attempt,
        })
        .then(valueOf),
    [Symbol.asyncDispose]: () => pipeline.drain(0),
  };
}
