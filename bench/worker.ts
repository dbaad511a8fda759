// Measures one subject at one workload once, and ends.
import { inspect } from "node:util";
import type { Run, Sample } from "./suite.ts";
import { suites } from "./suites/catalog.ts";

/** What a worker is to measure; its only argument, as JSON. */
export interface Job extends Run {
  readonly suite: string;
  readonly subject: string;
  readonly workload: string;
}

/** What it answers. */
export type Report = { readonly sample: Sample } | { readonly error: string };

// Whoever started it has given up.
process.on("disconnect", () => process.exit(1));

const report = await reportOn(JSON.parse(process.argv[2] ?? "") as Job);
// A client may hold sockets open for a while; nobody waits for them.
process.send?.(report, () => process.exit());

async function reportOn({ suite: id, subject, workload, ...run }: Job): Promise<Report> {
  try {
    const suite = suites.find((one) => one.id === id);
    if (suite === undefined) throw new RangeError(`there is no suite ${id}`);
    return { sample: await suite.measure(subject, workload, run) };
  } catch (error) {
    // With the causes: what a client throws says little more than that it failed.
    return { error: inspect(error) };
  }
}
