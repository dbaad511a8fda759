import { applicationFaults } from "./cases/applications.ts";
import { closureFaults } from "./cases/closures.ts";
import { connectionFaults } from "./cases/connections.ts";
import { frameFaults } from "./cases/frames.ts";
import { handshakeFaults } from "./cases/handshakes.ts";
import { messageFaults } from "./cases/messages.ts";
import { openingFaults } from "./cases/openings.ts";
import { refusalFaults } from "./cases/refusals.ts";
import { securedFaults } from "./cases/secured.ts";
import type { FaultCase } from "./fault-case.ts";

/** All cases, by what they are about. */
export const corpus: readonly { readonly about: string; readonly cases: readonly FaultCase[] }[] = [
  { about: "upgrades that are refused", cases: refusalFaults },
  { about: "upgrades that are not quite right", cases: handshakeFaults },
  { about: "how an answer comes", cases: openingFaults },
  { about: "TLS", cases: securedFaults },
  { about: "frames that nobody may send", cases: frameFaults },
  { about: "messages, and too much of them", cases: messageFaults },
  { about: "connections that break or fall silent", cases: connectionFaults },
  { about: "connections that are closed", cases: closureFaults },
  { about: "what the application does", cases: applicationFaults },
];

export const allCases: readonly FaultCase[] = corpus.flatMap(({ cases }) => cases);
