import type { FaultTable } from "../faults/table.ts";
import { corpus } from "./corpus.ts";
import { type Defect, defects } from "./judge.ts";

/** What the tables of this corpus are made of. */
export const faultTable: FaultTable<Defect> = {
  corpus,
  defects,
  words: {
    "process event": {
      short: "EVENT",
      long: "an unhandled rejection, an uncaught exception or the end of the process",
    },
    "double delivery": { short: "TWICE", long: "a write without a key was delivered more than once" },
    "wrong success": {
      short: "WRONG",
      long: "it succeeded with what is not the answer, or with a body that was not sent",
    },
    hang: { short: "HANGS", long: "it had not ended by the cut-off, long after the limit that the case is about" },
    "poisoned pool": {
      short: "POISON",
      long: "a good call right after it, on the same client, failed or got another's answer",
    },
    "sent secret": { short: "LEAK", long: "a secret of the request went to another origin" },
    "wrong failure": { short: "FAILS", long: "it failed where it should have succeeded" },
    "shown secret": { short: "*", long: "a secret of the request shows in the error" },
    "unclear error": {
      short: "VAGUE",
      long: "no name, code or message in the chain of causes tells the kind of fault",
    },
  },
  canSkip: false,
  page: {
    title: "# Faults: what becomes of a call when the far side misbehaves",
    origin: [
      "`npm run faults -- --markdown`; the cases are in `test/conformance/http-faults/cases/`, and on Hawser they are part",
      "of its tests, held to the exact code, limit and outcome.",
    ],
    method: [
      "Each client runs in a process of its own, one case after the other, against a server of the case's own. The limits",
      "are those of the case, set to the nearest that the client has. A case about an abort, or a limit of 1,500 ms or less, is cut off",
      "after 4 s, so a client that has no such limit counts as hanging there; all others at 10 s, where the deadline is 8 s.",
      "An error passes as clear where any name, code or message in its chain of causes tells the kind of",
      "fault. Secrets are looked for in the message, the stack, `inspect` (depth 4) and the JSON of each error of the chain.",
    ],
  },
};
