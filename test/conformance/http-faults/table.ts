import type { Peer } from "./clients/client.ts";
import { allCases, corpus } from "./corpus.ts";
import { type Defect, defects } from "./judge.ts";

/** What one client did wrong, case by case, in the order of the corpus. */
export type Findings = readonly (readonly Defect[])[];

const words: Record<Defect, { readonly short: string; readonly long: string }> = {
  "process event": { short: "EVENT", long: "an unhandled rejection, an uncaught exception or the end of the process" },
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
  "unclear error": { short: "VAGUE", long: "no name, code or message in the chain of causes tells the kind of fault" },
};

const isShown = (found: readonly Defect[] = []): boolean => found.includes("shown secret");
const gravest = (found: readonly Defect[] = []): Defect | undefined =>
  defects.find((defect) => defect !== "shown secret" && found.includes(defect));

/** The gravest defect, or ok; a secret that shows is a mark beside it, lest it hide all others. */
function cell(found: readonly Defect[] | undefined): string {
  const defect = gravest(found);
  return `${defect === undefined ? "ok" : words[defect].short}${isShown(found) ? "*" : ""}`;
}

/** A row for each case, and the totals, for a terminal. */
export function tableOf(peers: readonly Peer[], findings: ReadonlyMap<string, Findings>): string {
  const width = Math.max(...allCases.map(({ rule }) => rule.length), 30);
  const line = (first: string, others: readonly string[]): string =>
    `${first.padEnd(width)}  ${others.map((text) => text.padEnd(7)).join(" ")}`.trimEnd();
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
          peers.map(({ name }) => cell(findings.get(name)?.[at])),
        ),
      );
    }
  }
  lines.push("", ...totals(peers, findings).map(([first = "", ...others]) => line(first, others)));
  lines.push("", ...defects.map((defect) => `${words[defect].short.padEnd(7)} ${words[defect].long}`));
  return `${lines.join("\n")}\n`;
}

function totals(peers: readonly Peer[], findings: ReadonlyMap<string, Findings>): readonly (readonly string[])[] {
  const row = (first: string, isCounted: (found: readonly Defect[]) => boolean): readonly string[] => [
    first,
    ...peers.map(({ name }) => String((findings.get(name) ?? []).filter(isCounted).length)),
  ];
  return [
    row(`ok in every respect, of ${allCases.length}`, (found) => found.length === 0),
    row("ok but for a secret that shows", (found) => gravest(found) === undefined && isShown(found)),
    ...defects
      .filter((defect) => defect !== "shown secret")
      .map((defect) => row(words[defect].short, (found) => gravest(found) === defect)),
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
      return row([rule, ...peers.map(({ name }) => cell(findings.get(name)?.[at]))]);
    }),
    "",
  ]);
  return [
    "# Faults: what becomes of a call when the far side misbehaves",
    "",
    `${allCases.length} cases over raw sockets, run on Hawser and on what else a Node backend would use. Written by`,
    "`npm run faults -- --markdown`; the cases are in `test/conformance/http-faults/cases/`, and on Hawser they are part",
    "of its tests, held to the exact code, limit and outcome.",
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
    "are those of the case, set to the nearest that the client has. A case about an abort, or a limit of 1,500 ms or less, is cut off",
    "after 4 s, so a client that has no such limit counts as hanging there; all others at 10 s, where the deadline is 8 s.",
    "An error passes as clear where any name, code or message in its chain of causes tells the kind of",
    "fault. Secrets are looked for in the message, the stack, `inspect` (depth 4) and the JSON of each error of the chain.",
    "",
    ...peers.map(({ name, setUp }) => `- **${name}**: ${setUp}`),
    "",
    ...sections,
  ].join("\n");
}
