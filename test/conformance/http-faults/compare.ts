// `npm run faults`: runs the corpus on Hawser and on its peers, each in a process of its own, and prints who does what
// wrong. With `--markdown` it writes docs/faults.md as well; with the names of peers, it runs those alone.
import { compare } from "../faults/compare.ts";
import { peers } from "./peers.ts";
import { faultTable } from "./table.ts";

await compare({
  table: faultTable,
  peers,
  program: new URL("compare-peer.ts", import.meta.url),
  page: new URL("../../../docs/faults.md", import.meta.url),
  // Longer than any case: its call, the good call after it and its closing each have a cut-off of at most 10 s.
  silenceMs: 40_000,
  args: process.argv.slice(2),
});
