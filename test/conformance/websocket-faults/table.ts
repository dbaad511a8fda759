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
    storm: { short: "STORM", long: "it dialled more often than the case allows, or sooner than it was asked to" },
    "wrong message": {
      short: "WRONG",
      long: "the handler got what is no message, or the far side one twice or out of order",
    },
    "lost message": { short: "LOST", long: "a message was not delivered, and nobody was told" },
    "wrong frame": { short: "FRAME", long: "it sent a frame that no client may send" },
    "unbounded memory": {
      short: "MEMORY",
      long: "it took in more than 30 MiB of a flood, of which nobody wanted more than it had",
    },
    hang: { short: "HANGS", long: "by the cut-off it had not come back, or a send had not ended" },
    "not given up": { short: "AGAIN", long: "it dialled again after what is for good" },
    "given up": { short: "DROPS", long: "it gave up a connection that was good" },
    "idle connection": { short: "ZOMBIE", long: "it kept a dead connection open beside the new one" },
    "left behind": { short: "LEAVES", long: "after `close()` a socket or a timer was left, or it dialled once more" },
    "unclear error": {
      short: "VAGUE",
      long: "nothing that it told, to the application or in its Close frame, names the kind of fault",
    },
    "shown secret": { short: "*", long: "the token of the URL shows in what it told" },
  },
  canSkip: true,
  page: {
    title: "# WebSocket faults: what becomes of a stream when the far side misbehaves",
    origin: [
      "`npm run faults:ws -- --markdown`; the cases are in `test/conformance/websocket-faults/cases/`, and on Hawser they",
      "are part of its tests, held to the exact code and outcome. The same for HTTP: [Faults](faults.md).",
    ],
    method: [
      "Each client runs in a process of its own, one case after the other, against a server of the case's own. The limits",
      "are those of the case, set to the nearest that the client has. Once the far side has misbehaved as the case wants, it",
      "is healed: from then on a message comes with each connection, and one is sent; what has not come about 6 s after that",
      "counts as hanging. After what is for good, a client is watched for 500 ms, with delays of at most 400 ms. A report",
      "passes as clear where any name, code or message in its chain of causes tells the kind of fault, and so does the code",
      "of a close event.",
      "",
      "What RFC 6455 leaves open, the cases decide as [PROTOCOL.md](../PROTOCOL.md) does: which statuses and close codes are",
      "for good (AGAIN), and how long to stay away (STORM). A client may see that otherwise and be none the worse for it.",
    ],
  },
};
