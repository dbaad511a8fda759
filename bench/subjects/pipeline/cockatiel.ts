import {
  bulkhead,
  circuitBreaker,
  ExponentialBackoff,
  handleAll,
  type IPolicy,
  retry,
  SamplingBreaker,
  timeout,
  TimeoutStrategy,
  wrap,
} from "cockatiel";
import type { Client } from "../../measure-calls.ts";
import type { Work } from "../../suites/pipeline.ts";

/** Policies of cockatiel, each as its README makes it. */
export async function open(work: Work, policies: string): Promise<Client> {
  const policy = policyOf(policies);
  return { call: () => policy.execute(work), [Symbol.asyncDispose]: async () => undefined };
}

function policyOf(policies: string): IPolicy {
  const retries = retry(handleAll, { maxAttempts: 2, backoff: new ExponentialBackoff() });
  const breaker = circuitBreaker(handleAll, {
    halfOpenAfter: 10_000,
    breaker: new SamplingBreaker({ threshold: 0.5, duration: 10_000 }),
  });
  const places = bulkhead(64, 10_000);
  const limit = timeout(10_000, TimeoutStrategy.Aggressive);
  switch (policies) {
    case "retry":
      return retries;
    case "breaker":
      return breaker;
    case "bulkhead":
      return places;
    case "timeout":
      return limit;
    default:
      return wrap(retries, breaker, places, limit);
  }
}
