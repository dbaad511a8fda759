import { setImmediate as turn } from "node:timers/promises";
import { type Certificates, makeCertificates } from "../../support/certificates.ts";

/** What the process of a peer tells on standard output, a line of JSON each. */
export type Told<Defect extends string> =
  | { readonly begins: number }
  | { readonly index: number; readonly defects: readonly Defect[] }
  | { readonly index: number; readonly isSkipped: true };

/** A corpus, as the process of one peer runs it. */
export interface PeerRun<Case, Peer, Defect extends string> {
  readonly peers: readonly Peer[];
  readonly cases: readonly Case[];
  /** What the client does wrong in a case; undefined where it has no place for what the case is about. */
  readonly judged: (
    faultCase: Case,
    peer: Peer,
    certificates: Certificates,
  ) => Promise<ReadonlySet<Defect> | undefined>;
  /** What it counts as when {@link PeerRun.judged} rejects. */
  readonly thrown: Defect;
  /** The name of the peer, and the index of the case to begin with. */
  readonly args: readonly string[];
}

/** Runs a corpus on one peer, from one case on, tells what case it begins and what it found, and ends the process. */
export async function runPeer<Case, Peer extends { readonly name: string }, Defect extends string>({
  peers,
  cases,
  judged,
  thrown,
  args: [name = "", from = "0"],
}: PeerRun<Case, Peer, Defect | "process event">): Promise<void> {
  const peer = peers.find((one) => one.name === name);
  if (peer === undefined) throw new Error(`no peer is called ${name}`);
  const certificates = await makeCertificates();
  let events = 0;
  process.on("unhandledRejection", () => (events += 1));
  process.on("uncaughtException", () => (events += 1));
  const tell = (message: Told<Defect | "process event">): void => {
    process.stdout.write(`${JSON.stringify(message)}\n`);
  };

  for (const [index, faultCase] of cases.entries()) {
    if (index < Number(from)) continue;
    tell({ begins: index });
    events = 0;
    const found = await judged(faultCase, peer, certificates).catch(() => new Set([thrown]));
    if (found === undefined) {
      tell({ index, isSkipped: true });
      continue;
    }
    for (let turns = 0; turns < 10; turns++) await turn();
    const defects = new Set<Defect | "process event">(found);
    if (events > 0) defects.add("process event");
    tell({ index, defects: [...defects] });
  }
  process.exit(0);
}
