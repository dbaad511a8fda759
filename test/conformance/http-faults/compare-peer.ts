// Runs the corpus on one peer, from one case on, in a process of its own; compare.ts starts it.
import { runPeer } from "../faults/peer-process.ts";
import { patienceMs } from "./clients/client.ts";
import { allCases } from "./corpus.ts";
import type { FaultCase } from "./fault-case.ts";
import { judge } from "./judge.ts";
import { peers } from "./peers.ts";
import { runCase } from "./run-case.ts";

// A case about an abort, or a limit of seconds at most, is cut off long after it; any other after the longest deadline.
const isShort = ({ isAborted = false, limits = {} }: FaultCase): boolean =>
  isAborted || Object.keys(limits).some((limit) => limit.endsWith("imeoutMs") || limit === "deadlineMs");
const cutOffOf = (faultCase: FaultCase): number => (isShort(faultCase) ? 4_000 : patienceMs + 2_000);

// Some clients hang the whole request on their error; its body as a list of numbers takes minutes to write.
Object.defineProperty(Buffer.prototype, "toJSON", { value: () => "(bytes)" });

await runPeer({
  peers,
  cases: allCases,
  judged: async (faultCase, peer, certificates) => {
    const observation = await runCase(faultCase, {
      open: async (settings) => peer.open(settings),
      certificates,
      cutOffMs: cutOffOf(faultCase),
    });
    return judge(faultCase, observation);
  },
  // A good call before the fault, or closing, did not work.
  thrown: "poisoned pool",
  args: process.argv.slice(2),
});
