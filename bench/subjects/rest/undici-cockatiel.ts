import {
  circuitBreaker,
  ExponentialBackoff,
  handleAll,
  retry,
  SamplingBreaker,
  timeout,
  TimeoutStrategy,
  wrap,
} from "cockatiel";
import { Pool } from "undici";
import type { Client } from "../../measure-calls.ts";
import type { RestWork } from "../../suites/rest.ts";
import { requestJson } from "./undici.ts";

/** As cockatiel's README stacks its policies. */
export async function open(work: RestWork): Promise<Client> {
  const pool = new Pool(work.origin, { connections: work.concurrency });
  const policy = wrap(
    retry(handleAll, { maxAttempts: 2, backoff: new ExponentialBackoff() }),
    circuitBreaker(handleAll, {
      halfOpenAfter: 10_000,
      breaker: new SamplingBreaker({ threshold: 0.5, duration: 10_000 }),
    }),
    timeout(10_000, TimeoutStrategy.Cooperative),
  );
  return {
    call: () => policy.execute(({ signal }) => requestJson(pool, work, signal)),
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}
