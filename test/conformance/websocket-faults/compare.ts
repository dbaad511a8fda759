// `npm run faults:ws`: runs the corpus on Hawser and on its peers, each in a process of its own, and prints who does what
// wrong. With `--markdown` it writes docs/faults-websocket.md as well; with the names of peers, it runs those alone.
import { compare } from "../faults/compare.ts";
import { peers } from "./peers.ts";
import { faultTable } from "./table.ts";

await compare({
  table: faultTable,
  peers,
  program: new URL("compare-peer.ts", import.meta.url),
  page: new URL("../../../docs/faults-websocket.md", import.meta.url),
  // Longer than any case: each of its steps has a cut-off of 6 s.
  silenceMs: 60_000,
  args: process.argv.slice(2),
});
