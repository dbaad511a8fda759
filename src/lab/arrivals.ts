import { seededRandom } from "../core/seeded-random.ts";
import { exponential } from "./distributions.ts";
import type { Scenario } from "./scenario.ts";

/** When a call is made, and by whom. */
export interface Arrival {
  readonly at: number;
  readonly process: number;
  readonly origin: number;
}

/** Calls per second of the service when it is well, over all origins. */
export function capacityPerSecond({ service }: Scenario): number {
  return (service.origins * service.workers * 1_000) / service.serviceTime.meanMs;
}

/** When measuring begins, when the fault ends and when measuring ends, in milliseconds of virtual time. */
export function spanOf(scenario: Scenario): { readonly from: number; readonly faultEnd: number; readonly to: number } {
  const from = scenario.warmUpMs;
  const faultEnd = from + scenario.faultMs;
  return { from, faultEnd, to: faultEnd + scenario.afterMs };
}

/**
 * The calls of all client processes together: a Poisson process, open-loop, for callers do not wait for each other.
 * They are the same for every subject. They go on for one deadline after measuring ends, so that the last calls that
 * are measured compete with others as all do.
 */
export function* arrivals(scenario: Scenario, seed: number): Generator<Arrival> {
  const random = seededRandom(seed, `${scenario.id}:arrivals`);
  const capacity = capacityPerSecond(scenario) / 1_000;
  const changes = scenario.faults.filter((fault) => fault.kind === "load");
  const until = spanOf(scenario).to + scenario.deadlineMs;
  const boundaries = changes
    .flatMap(({ fromMs, toMs }) => [scenario.warmUpMs + fromMs, scenario.warmUpMs + toMs])
    .toSorted((a, b) => a - b);
  const loadAt = (now: number): number =>
    changes.find(({ fromMs, toMs }) => now >= scenario.warmUpMs + fromMs && now < scenario.warmUpMs + toMs)?.load ??
    scenario.load;
  let now = 0;
  for (;;) {
    const boundary = boundaries.find((at) => at > now) ?? until;
    const next = now + exponential(random, 1 / (loadAt(now) * capacity));
    // A Poisson process has no memory: where the rate changes, it may begin anew.
    now = Math.min(next, boundary);
    if (now >= until) return;
    if (next > boundary) continue;
    yield {
      at: now,
      process: Math.floor(random() * scenario.processes),
      origin: Math.floor(random() * scenario.service.origins),
    };
  }
}
