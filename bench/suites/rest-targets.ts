import type { Target } from "../suite.ts";

const own = "hawser-default";

/** CPU per call over that of `undici.request`. */
const atMost = (limit: number, workload: string, subject = own): Target => ({
  of: { workload, subject, figure: "cpuRatio", over: "undici.request" },
  atMost: limit,
});

/** How many times the CPU of Hawser's defaults a client takes with the stack of its users. */
const atLeast = (limit: number, subject: string): Target => ({
  of: { workload: "get-200B@64", subject, figure: "cpuRatio", over: own },
  atLeast: limit,
});

export const restTargets: readonly Target[] = [
  atMost(0.92, "get-200B@1"),
  atMost(0.7, "get-200B@64"),
  atMost(0.7, "get-200B@512"),
  atMost(0.85, "get-200B@64", "hawser-everything"),
  atMost(0.8, "post-1KB@64"),
  atMost(0.9, "tls-get-200B@64"),
  atLeast(4, "fetch+p-retry"),
  atLeast(4, "ky+retry"),
  atLeast(4, "ofetch+retry"),
  atLeast(6, "axios+axios-retry"),
  atLeast(6, "got+retry"),
];
