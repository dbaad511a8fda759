// Runs the corpus on one peer, from one case on, in a process of its own; compare.ts starts it. Tells on standard
// output, a line of JSON each, what case it begins and what it found.
import { setImmediate as turn } from "node:timers/promises";
import { makeCertificates } from "../../support/certificates.ts";
import { patienceMs } from "./clients/client.ts";
import { allCases } from "./corpus.ts";
import type { FaultCase } from "./fault-case.ts";
import { type Defect, judge } from "./judge.ts";
import { peers } from "./peers.ts";
import { runCase } from "./run-case.ts";

// A case about an abort, or a limit of seconds at most, is cut off long after it; any other after the longest deadline.
const isShort = ({ isAborted = false, limits = {} }: FaultCase): boolean =>
  isAborted || Object.keys(limits).some((limit) => limit.endsWith("imeoutMs") || limit === "deadlineMs");
const cutOffOf = (faultCase: FaultCase): number => (isShort(faultCase) ? 4_000 : patienceMs + 2_000);

const [name = "", from = "0"] = process.argv.slice(2);
const peer = peers.find((one) => one.name === name);
if (peer === undefined) throw new Error(`no peer is called ${name}`);
const certificates = await makeCertificates();
// Some clients hang the whole request on their error; its body as a list of numbers takes minutes to write.
Object.defineProperty(Buffer.prototype, "toJSON", { value: () => "(bytes)" });
let events = 0;
process.on("unhandledRejection", () => (events += 1));
process.on("uncaughtException", () => (events += 1));

for (const [index, faultCase] of allCases.entries()) {
  if (index < Number(from)) continue;
  tell({ begins: index });
  tell({ index, defects: [...(await defectsOf(faultCase))] });
}
process.exit(0);

async function defectsOf(faultCase: FaultCase): Promise<ReadonlySet<Defect>> {
  if (peer === undefined) return new Set();
  events = 0;
  const found = new Set<Defect>();
  try {
    const observation = await runCase(faultCase, {
      open: async (settings) => peer.open(settings),
      certificates,
      cutOffMs: cutOffOf(faultCase),
    });
    for (const defect of judge(faultCase, observation)) found.add(defect);
  } catch {
    // A good call before the fault, or closing, did not work.
    found.add("poisoned pool");
  }
  for (let turns = 0; turns < 10; turns++) await turn();
  if (events > 0) found.add("process event");
  return found;
}

function tell(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
