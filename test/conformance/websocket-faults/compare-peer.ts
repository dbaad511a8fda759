// Runs the corpus on one peer, from one case on, in a process of its own; compare.ts starts it. Tells on standard
// output, a line of JSON each, what case it begins and what it found.
import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";
import { makeCertificates } from "../../support/certificates.ts";
import { allCases } from "./corpus.ts";
import type { FaultCase } from "./fault-case.ts";
import { type Defect, judge } from "./judge.ts";
import { peers } from "./peers.ts";
import { runCase } from "./run-case.ts";

const cutOffMs = 6_000;
const held = new Set(["Timeout", "TCPSocketWrap"]);

const [name = "", from = "0"] = process.argv.slice(2);
const peer = peers.find((one) => one.name === name);
if (peer === undefined) throw new Error(`no peer is called ${name}`);
const certificates = await makeCertificates();
let events = 0;
process.on("unhandledRejection", () => (events += 1));
process.on("uncaughtException", () => (events += 1));

for (const [index, faultCase] of allCases.entries()) {
  if (index < Number(from)) continue;
  tell({ begins: index });
  const defects = await defectsOf(faultCase);
  tell(defects === undefined ? { index, isSkipped: true } : { index, defects: [...defects] });
}
process.exit(0);

/** Undefined where the client has no place for what the case is about. */
async function defectsOf(faultCase: FaultCase): Promise<ReadonlySet<Defect> | undefined> {
  if (peer === undefined) return new Set();
  if (faultCase.application?.provider !== undefined && !peer.hasProvider) return undefined;
  events = 0;
  const found = new Set<Defect>();
  try {
    const observation = await runCase(faultCase, {
      open: (settings) => peer.open(settings),
      now: () => performance.now(),
      sleep: async (ms) => wait(ms),
      certificates,
      cutOffMs,
      resources: () => process.getActiveResourcesInfo().filter((kind) => held.has(kind)).length,
    });
    for (const defect of judge(faultCase, observation)) found.add(defect);
  } catch {
    // Opening or closing it threw.
    found.add("process event");
  }
  for (let turns = 0; turns < 10; turns++) await turn();
  if (events > 0) found.add("process event");
  return found;
}

function tell(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
