import { setDefaultCACertificates } from "node:tls";
import { serverDoubts } from "../headroom.ts";
import { measureCalls } from "../measure-calls.ts";
import { byId } from "../named.ts";
import { restWorkloads, workOf } from "../rest-work.ts";
import type { Suite } from "../suite.ts";
import { rawSubject, restSubjects } from "./rest-subjects.ts";
import { restTargets } from "./rest-targets.ts";

const at64 = ["get-10KB", "get-1MB", "post-1KB", "tls-get-200B", "tls-post-1KB"].map((kind) => `${kind}@64`);

/** What a call over HTTP costs, through Hawser and through what else there is. */
export const rest: Suite = {
  id: "rest",
  title: "REST: one call over HTTP/1.1, to the parsed JSON",
  baseline: "undici.request",
  workloads: restWorkloads,
  subjects: restSubjects,
  length: { full: { warmUpMs: 1_500 }, quick: { warmUpMs: 1_500 } },
  server: new URL("../servers/canned.ts", import.meta.url),
  async measure(subjectId, workloadId, run) {
    const workload = byId(restWorkloads, workloadId);
    const { work, expected } = workOf(workload, run);
    // For the whole process, before anything in it has made a connection: some clients have no setting for it.
    if (workload.isTLS && run.tls !== undefined) setDefaultCACertificates([run.tls.ca]);
    await using client = await byId(restSubjects, subjectId).open(work);
    return await measureCalls(client, run, { concurrency: work.concurrency, timed: "each", expected });
  },
  targets: restTargets,
  charted: [1, 64, 512].map((concurrency) => `get-200B@${concurrency}`).concat(at64),
  doubts: (rows) => serverDoubts(rows, rawSubject),
};
