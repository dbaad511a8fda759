import type { Evidence } from "../soak/evidence.ts";
import { soak as runSoak } from "../soak/soak.ts";
import { trendOf } from "../soak/trend.ts";
import { pointsOf, violations } from "../soak/verdict.ts";
import { byId } from "../named.ts";
import type { Named, Sample, Suite } from "../suite.ts";
import { spreadOf } from "../statistics.ts";

const seed = 20_261_129;
const minutes = 60_000;
const subjects: readonly Named[] = [
  {
    id: "hawser",
    about: "A registry of three REST services and two streams: retries, hedges, coalescing, keys, breakers, reloads.",
  },
];

/** Half an hour of all that an application does, with a far side that misbehaves: nothing may grow, hang or be left. */
export const soak: Suite = {
  id: "soak",
  title: "Soak: mixed traffic with faults, in one process",
  baseline: "hawser",
  workloads: [
    {
      id: "mixed",
      about:
        "About 30 calls a second with some 20 % of faults, a far side that is killed every 40 s, reloads every 7 s. A third " +
        "of the time is warm-up; the figures are of the rest.",
    },
  ],
  subjects,
  isByNameOnly: true,
  charted: [],
  length: {
    full: { rounds: 1, warmUpMs: 10 * minutes, measureMs: 20 * minutes, limitMs: 40 * minutes },
    quick: { rounds: 1, warmUpMs: 1.7 * minutes, measureMs: 3.3 * minutes, limitMs: 10 * minutes },
  },
  async measure(subject, _workload, { warmUpMs, measureMs }) {
    byId(subjects, subject);
    const evidence = await runSoak({ warmUpMs, measureMs, seed });
    const problems = violations(evidence);
    if (problems.length > 0)
      throw new Error(`the soak does not hold:\n- ${problems.join("\n- ")}\n${textOf(evidence)}`);
    return sampleOf(evidence);
  },
};

function sampleOf(evidence: Evidence): Sample {
  const { accounts, operations, cpuUs, measuredMs, reloads, reconnects, worstDelayMs } = evidence;
  const heap = trendOf(pointsOf(evidence, "objectBytes"));
  const all = Object.values(accounts);
  const sum = (of: "started" | "failed" | "aborted"): number => all.reduce((total, account) => total + account[of], 0);
  return {
    operations,
    cpuUs: cpuUs / operations,
    wallUs: (measuredMs * 1_000) / operations,
    more: {
      "MB heap": heap.mean / 1_000_000,
      "kB heap per h": heap.perHour / 1_000,
      "± kB": heap.errorPerHour / 1_000,
      "MB code": medianOf(evidence, "codeBytes") / 1_000_000,
      "MB RSS": medianOf(evidence, "rssBytes") / 1_000_000,
      calls: sum("started"),
      failed: sum("failed"),
      aborted: sum("aborted"),
      "most ms late": Math.max(0, worstDelayMs),
      reconnects,
      reloads,
    },
  };
}

function medianOf(evidence: Evidence, of: "codeBytes" | "rssBytes"): number {
  return spreadOf(pointsOf(evidence, of).map(({ value }) => value)).median;
}

function textOf(evidence: Evidence): string {
  const { seen, ...rest } = evidence;
  const heap = seen.map(
    ({ atMs, objectBytes }) => `${(atMs / 1_000).toFixed(0)} s: ${(objectBytes / 1_000).toFixed(0)} kB`,
  );
  return `${JSON.stringify(rest, undefined, 2)}\nheap: ${heap.join(", ")}`;
}
