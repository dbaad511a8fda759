import { capacityPerSecond } from "./arrivals.ts";
import type { Scenario } from "./scenario.ts";

/** A user's own traffic and limits. */
export interface Traffic {
  /** Calls per second of all client processes together, before the fault. Above 0. */
  readonly callsPerSecond: number;
  /** Client processes, each with a service object of its own. From 1. */
  readonly processes: number;
  readonly attemptTimeoutMs: number;
  readonly deadlineMs: number;
  /** How long the service works on one request, in milliseconds; that of the scenario where not given. */
  readonly serviceMs?: number | undefined;
}

/**
 * The same situation at another traffic: the service is given as many workers as make the scenario's load of the
 * calls, and its queue and quota grow alike.
 */
export function scaledTo(scenario: Scenario, traffic: Traffic): Scenario {
  const { callsPerSecond, processes, attemptTimeoutMs, deadlineMs } = traffic;
  const { service, load } = scenario;
  const meanMs = traffic.serviceMs ?? service.serviceTime.meanMs;
  const workers = Math.max(1, Math.round((callsPerSecond / load / service.origins) * (meanMs / 1_000)));
  const grown = callsPerSecond / (load * capacityPerSecond(scenario));
  const times = (count: number): number => Math.max(1, Math.round(count * grown));
  // Workers are whole, so the share that makes exactly these calls is not quite the scenario's.
  const exactLoad = (callsPerSecond * meanMs) / (workers * service.origins * 1_000);
  return {
    ...scenario,
    processes,
    attemptTimeoutMs,
    deadlineMs,
    load: exactLoad,
    faults: scenario.faults.map((fault) =>
      fault.kind === "load" ? { ...fault, load: (fault.load / load) * exactLoad } : fault,
    ),
    service: {
      ...service,
      workers,
      serviceTime: { ...service.serviceTime, meanMs },
      maxQueued: service.maxQueued === "unbounded" ? "unbounded" : times(service.maxQueued),
      ...(service.quota === undefined ? {} : { quota: { ...service.quota, requests: times(service.quota.requests) } }),
    },
  };
}
