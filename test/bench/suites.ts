import type { Row, Suite } from "../../bench/suite.ts";

/** A suite of which nothing is run. */
export const calls: Suite = {
  id: "calls",
  title: "Calls",
  baseline: "bare",
  workloads: [
    { id: "get@1", about: "GET." },
    { id: "get@64", about: "Many GETs." },
  ],
  subjects: [
    { id: "bare", about: "Nothing around it." },
    { id: "ours", about: "All of it." },
    { id: "theirs", about: "Some of it." },
  ],
  measure: () => Promise.reject(new Error("not to be measured")),
};

export function row(more: Partial<Row> = {}): Row {
  const spread = { min: 1, median: 2, max: 3 };
  const of = { suite: "calls", workload: "get@64", subject: "ours", baseline: "bare", rounds: 3 };
  return { ...of, cpuRatio: spread, cpuUs: spread, wallUs: spread, ...more };
}
