import {
  circuitBreaker,
  ExponentialBackoff,
  handleAll,
  type ICancellationContext,
  type IPolicy,
  retry,
  SamplingBreaker,
  timeout,
  TimeoutStrategy,
  wrap,
} from "cockatiel";

/** Retry, breaker and timeout as cockatiel's README stacks them. */
export function cockatielStack(): IPolicy<ICancellationContext> {
  return wrap(
    retry(handleAll, { maxAttempts: 2, backoff: new ExponentialBackoff() }),
    circuitBreaker(handleAll, {
      halfOpenAfter: 10_000,
      breaker: new SamplingBreaker({ threshold: 0.5, duration: 10_000 }),
    }),
    timeout(10_000, TimeoutStrategy.Cooperative),
  );
}
