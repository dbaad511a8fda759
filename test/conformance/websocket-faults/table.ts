import type { Peer } from "./clients/client.ts";
import { allCases, corpus } from "./corpus.ts";
import { type Defect, defects } from "./judge.ts";

/** What one client did wrong, case by case, in the order of the corpus; undefined where it has no place for the case. */
export type Findings = readonly (readonly Defect[] | undefined)[];

const words: Record<Defect, { readonly short: string; readonly long: string }> = {
  "process event": { short: "EVENT", long: "an unhandled rejection, an uncaught exception or the end of the process" },
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
};

const isShown = (found: readonly Defect[] = []): boolean => found.includes("shown secret");
const gravest = (found: readonly Defect[] = []): Defect | undefined =>
  defects.find((defect) => defect !== "shown secret" && found.includes(defect));

/** The gravest defect, or ok; a secret that shows is a mark beside it, lest it hide all others. */
function cell(findings: Findings | undefined, index: number): string {
  const found = findings?.[index];
  if (found === undefined) return "none";
  const defect = gravest(found);
  return `${defect === undefined ? "ok" : words[defect].short}${isShown(found) ? "*" : ""}`;
}

/** A row for each case, and the totals, for a terminal. */
export function tableOf(peers: readonly Peer[], findings: ReadonlyMap<string, Findings>): string {
  const width = Math.max(...allCases.map(({ rule }) => rule.length), 30);
  const columns = peers.map(({ name }) => Math.max(7, name.length));
  const line = (first: string, others: readonly string[]): string =>
    `${first.padEnd(width)}  ${others.map((text, i) => text.padEnd(columns[i] ?? 7)).join(" ")}`.trimEnd();
  const lines = [
    line(
      "",
      peers.map(({ name }) => name),
    ),
  ];
  let index = 0;
  for (const { about, cases } of corpus) {
    lines.push("", about);
    for (const { rule } of cases) {
      const at = index++;
      lines.push(
        line(
          rule,
          peers.map(({ name }) => cell(findings.get(name), at)),
        ),
      );
    }
  }
  lines.push("", ...totals(peers, findings).map(([first = "", ...others]) => line(first, others)));
  lines.push("", ...defects.map((defect) => `${words[defect].short.padEnd(7)} ${words[defect].long}`));
  return `${lines.join("\n")}\n`;
}

function totals(peers: readonly Peer[], findings: ReadonlyMap<string, Findings>): readonly (readonly string[])[] {
  const row = (first: string, isCounted: (found: readonly Defect[] | undefined) => boolean): readonly string[] => [
    first,
    ...peers.map(({ name }) => String((findings.get(name) ?? []).filter(isCounted).length)),
  ];
  return [
    row(`ok in every respect, of ${allCases.length}`, (found) => found?.length === 0),
    row("ok but for a secret that shows", (found) => gravest(found) === undefined && isShown(found)),
    ...defects
      .filter((defect) => defect !== "shown secret")
      .map((defect) => row(words[defect].short, (found) => gravest(found) === defect)),
    row("none: it has no place for the case", (found) => found === undefined),
  ];
}

/** The same as a page of the documentation. */
export function markdownOf(peers: readonly Peer[], findings: ReadonlyMap<string, Findings>): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const head = (first: string): readonly string[] => [
    row([first, ...peers.map(({ name }) => name)]),
    row(["---", ...peers.map(() => "---")]),
  ];
  let index = 0;
  const sections = corpus.flatMap(({ about, cases }) => [
    `## ${about[0]?.toUpperCase()}${about.slice(1)}`,
    "",
    ...head("rule"),
    ...cases.map(({ rule }) => {
      const at = index++;
      return row([rule, ...peers.map(({ name }) => cell(findings.get(name), at))]);
    }),
    "",
  ]);
  return [
    "# WebSocket faults: what becomes of a stream when the far side misbehaves",
    "",
    `${allCases.length} cases over raw sockets, run on Hawser and on what else a Node backend would use. Written by`,
    "`npm run faults:ws -- --markdown`; the cases are in `test/conformance/websocket-faults/cases/`, and on Hawser they",
    "are part of its tests, held to the exact code and outcome. The same for HTTP: [Faults](faults.md).",
    "",
    ...head(""),
    ...totals(peers, findings).map(row),
    "",
    "Each case counts once, under the gravest of what was found; the mark comes beside it:",
    "",
    ...defects.map((defect) => `- **${words[defect].short}**: ${words[defect].long}.`),
    "",
    "## How it was measured",
    "",
    "Each client runs in a process of its own, one case after the other, against a server of the case's own. The limits",
    "are those of the case, set to the nearest that the client has. Once the far side has misbehaved as the case wants, it",
    "is healed: from then on a message comes with each connection, and one is sent; what has not come about 6 s after that",
    "counts as hanging. After what is for good, a client is watched for 500 ms, with delays of at most 400 ms. A report",
    "passes as clear where any name, code or message in its chain of causes tells the kind of fault, and so does the code",
    "of a close event.",
    "",
    "What RFC 6455 leaves open, the cases decide as [PROTOCOL.md](../PROTOCOL.md) does: which statuses and close codes are",
    "for good (AGAIN), and how long to stay away (STORM). A client may see that otherwise and be none the worse for it.",
    "",
    ...peers.map(({ name, setUp }) => `- **${name}**: ${setUp}`),
    "",
    ...sections,
  ].join("\n");
}
