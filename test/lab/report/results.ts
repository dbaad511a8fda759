import type { Figures } from "../../../src/lab/measure.ts";
import type { Results } from "../../../src/lab/report/standing.ts";
import { type Summary, summarise } from "../../../src/lab/summarise.ts";
import { shortScenario } from "../short-scenario.ts";

function summary(scenario: string, subject: string, more: Partial<Figures>): Summary {
  const one: Figures = {
    goodput: 0.9,
    goodputDuring: 0.8,
    goodputAfter: 1,
    attemptsPerCall: 1.1,
    attemptsPerCallDuring: 1.2,
    recoveryMs: 500,
    p50Ms: 20,
    p99Ms: 100,
    p999Ms: 200,
    wastedWork: 0.1,
    goodputBySecond: [1, 1, 0.5, 0.2, 1, 1, 1, 1],
    ...more,
  };
  return summarise(scenario, subject, [one, one]);
}

const calm = { ...shortScenario, id: "calm", faults: [], afterMs: 0 };

/** Two scenarios and four subjects: one is ours, one loses, one wins, and one is a variant of ours. */
export const results: Results = {
  scenarios: [shortScenario, calm],
  subjects: [
    { id: "hawser", name: "Hawser", group: "hawser", about: "ours" },
    { id: "no-retries", name: "no retries", group: "baseline", about: "none" },
    { id: "peer", name: "a & b < c", group: "peer", about: "theirs" },
    { id: "hawser-x", name: "– x", group: "ablation", about: "ours without x" },
  ],
  summaries: [
    summary("short", "hawser", {}),
    summary("short", "no-retries", { goodput: 0.3, goodputDuring: 0.2, recoveryMs: null }),
    summary("short", "peer", { goodput: 0.95 }),
    summary("short", "hawser-x", { goodput: 0.99 }),
    summary("calm", "hawser", { goodput: 1, goodputAfter: null }),
    summary("calm", "no-retries", { goodput: 1, goodputAfter: null }),
    summary("calm", "peer", { goodput: 0.9, goodputAfter: null }),
  ],
};
