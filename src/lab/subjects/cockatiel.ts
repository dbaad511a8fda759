import {
  circuitBreaker,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleAll,
  type IBreaker,
  type IPolicy,
  retry,
  SamplingBreaker,
  timeout,
  TimeoutStrategy,
  wrap,
} from "cockatiel";
import type { Client, ClientParts, Subject } from "../subject.ts";
import { attemptOnce, underDeadline } from "./wire.ts";

function client(parts: ClientParts, breaker: IBreaker | undefined): Client {
  const retries = retry(handleAll, { maxAttempts: 3, backoff: new ExponentialBackoff() });
  const limit = timeout(parts.attemptTimeoutMs, TimeoutStrategy.Cooperative);
  const policy: IPolicy<{ signal: AbortSignal }> =
    breaker === undefined
      ? wrap(retries, limit)
      : wrap(retries, circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker }), limit);
  return {
    call: (send) =>
      underDeadline(parts, (deadline) =>
        policy.execute(({ signal }) => attemptOnce(send, { clock: parts.clock, signal }), deadline),
      ),
  };
}

/** cockatiel 4, as its README begins. */
export const cockatielRetry: Subject = {
  id: "cockatiel",
  name: "cockatiel",
  group: "peer",
  about: "wrap(retry(maxAttempts: 3, ExponentialBackoff), timeout(Cooperative)).",
  client: (parts) => client(parts, undefined),
};

export const cockatielConsecutive: Subject = {
  id: "cockatiel-consecutive",
  name: "cockatiel + consecutive",
  group: "peer",
  about: "The same with circuitBreaker(halfOpenAfter: 10 s, ConsecutiveBreaker(5)) between the two, as in its README.",
  client: (parts) => client(parts, new ConsecutiveBreaker(5)),
};

export const cockatielSampling: Subject = {
  id: "cockatiel-sampling",
  name: "cockatiel + sampling",
  group: "peer",
  about: "The same with SamplingBreaker(threshold: 0.2, duration: 30 s), as in its README.",
  client: (parts) => client(parts, new SamplingBreaker({ threshold: 0.2, duration: 30_000 })),
};
