/**
 * An outage before it happens: a service's own options in a slowdown, on a virtual clock.
 *
 * Wants nothing, and sends nothing.
 */
import { hawserSubject, scaledTo, scenarios, seeds, simulate, summarise } from "hawser/lab";

const about = { group: "hawser", about: "" } as const;
const ours = hawserSubject({ retry: { maxRetries: 1 } }, { id: "ours", name: "one retry", ...about });
const bare = hawserSubject(
  { retry: { maxRetries: 5, budget: false }, circuitBreaker: false, concurrency: false },
  {
    id: "bare",
    name: "five retries and nothing else",
    ...about,
  },
);

const slowdown = scenarios.find(({ id }) => id === "slowdown-10s");
if (slowdown === undefined) throw new Error("there is no such scenario");
const scenario = scaledTo(slowdown, { callsPerSecond: 40, processes: 2, attemptTimeoutMs: 300, deadlineMs: 2_000 });

for (const subject of [ours, bare]) {
  const figures = await Promise.all(seeds.slice(0, 2).map((seed) => simulate({ scenario, subject, seed })));
  const { goodput, attemptsPerCallDuring } = summarise(scenario.id, subject.id, figures);
  const attempts = attemptsPerCallDuring.mean.toFixed(1);
  console.log(
    `${subject.name}: ${(100 * goodput.mean).toFixed(0)} % succeed, ${attempts} attempts per call in the fault`,
  );
}
