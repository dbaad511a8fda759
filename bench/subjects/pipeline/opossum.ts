import CircuitBreaker from "opossum";
import pRetry from "p-retry";
import type { Client } from "../../measure-calls.ts";
import type { Work } from "../../suites/pipeline.ts";

export async function openBreaker(work: Work): Promise<Client> {
  const breaker = new CircuitBreaker(work);
  return { call: () => breaker.fire(), [Symbol.asyncDispose]: async () => breaker.shutdown() };
}

export async function openRetrying(work: Work): Promise<Client> {
  const breaker = new CircuitBreaker(work);
  return {
    call: () => pRetry(() => breaker.fire(), { retries: 2, randomize: true }),
    [Symbol.asyncDispose]: async () => breaker.shutdown(),
  };
}
