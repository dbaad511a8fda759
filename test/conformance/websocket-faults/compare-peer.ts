// Runs the corpus on one peer, from one case on, in a process of its own; compare.ts starts it.
import { setTimeout as wait } from "node:timers/promises";
import { runPeer } from "../faults/peer-process.ts";
import { allCases } from "./corpus.ts";
import { judge } from "./judge.ts";
import { peers } from "./peers.ts";
import { runCase } from "./run-case.ts";

const cutOffMs = 6_000;
const held = new Set(["Timeout", "TCPSocketWrap"]);

await runPeer({
  peers,
  cases: allCases,
  judged: async (faultCase, peer, certificates) => {
    if (faultCase.application?.provider !== undefined && !peer.hasProvider) return undefined;
    const observation = await runCase(faultCase, {
      open: (settings) => peer.open(settings),
      now: () => performance.now(),
      sleep: async (ms) => wait(ms),
      certificates,
      cutOffMs,
      resources: () => process.getActiveResourcesInfo().filter((kind) => held.has(kind)).length,
    });
    return judge(faultCase, observation);
  },
  // Opening or closing it threw.
  thrown: "process event",
  args: process.argv.slice(2),
});
