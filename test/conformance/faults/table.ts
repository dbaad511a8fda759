/** What one client did wrong, case by case, in the order of the corpus; undefined where it has no place for the case. */
export type Findings<Defect extends string> = readonly (readonly Defect[] | undefined)[];

/** A client library, as far as the table is about it. */
export interface ListedPeer {
  readonly name: string;
  /** How it was set up, for the reader of the table. */
  readonly setUp: string;
}

/** Cases that are about one thing. */
export interface Chapter {
  readonly about: string;
  readonly cases: readonly { readonly rule: string }[];
}

/** What the tables of a corpus are made of. */
export interface FaultTable<Defect extends string> {
  readonly corpus: readonly Chapter[];
  /** The gravest first. */
  readonly defects: readonly Defect[];
  readonly words: Readonly<Record<Defect, { readonly short: string; readonly long: string }>>;
  /** A client may have no place for a case; those are counted in a row of their own. */
  readonly canSkip: boolean;
  readonly page: FaultPage;
}

/** What the page of the documentation says besides: lines of Markdown. */
export interface FaultPage {
  readonly title: string;
  /** Goes on after "Written by". */
  readonly origin: readonly string[];
  readonly method: readonly string[];
}

// A mark beside the gravest of the others, lest it hide them all.
const isMark = (defect: string): boolean => defect === "shown secret";

const isMarked = (found: readonly string[] = []): boolean => found.some(isMark);

function gravest<Defect extends string>(
  { defects }: FaultTable<Defect>,
  found: readonly Defect[] = [],
): Defect | undefined {
  return defects.find((defect) => !isMark(defect) && found.includes(defect));
}

/** A row for each case, and the totals, for a terminal. */
export function tableOf<Defect extends string>(
  table: FaultTable<Defect>,
  peers: readonly ListedPeer[],
  findings: ReadonlyMap<string, Findings<Defect>>,
): string {
  const { corpus, defects, words } = table;
  const width = Math.max(...corpus.flatMap(({ cases }) => cases.map(({ rule }) => rule.length)), 30);
  const columns = peers.map(({ name }) => Math.max(7, name.length));
  const line = ([first = "", ...others]: readonly string[]): string =>
    `${first.padEnd(width)}  ${others.map((text, i) => text.padEnd(columns[i] ?? 7)).join(" ")}`.trimEnd();
  const chapters = chaptersOf(table, peers, findings);
  return [
    line(["", ...peers.map(({ name }) => name)]),
    ...chapters.flatMap(({ about, rows }) => ["", about, ...rows.map(line)]),
    "",
    ...totals(table, peers, findings).map(line),
    "",
    ...defects.map((defect) => `${words[defect].short.padEnd(7)} ${words[defect].long}`),
    "",
  ].join("\n");
}

/** The same as a page of the documentation. */
export function markdownOf<Defect extends string>(
  table: FaultTable<Defect>,
  peers: readonly ListedPeer[],
  findings: ReadonlyMap<string, Findings<Defect>>,
): string {
  const { defects, words, page } = table;
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const head = (first: string): readonly string[] => [
    row([first, ...peers.map(({ name }) => name)]),
    row(["---", ...peers.map(() => "---")]),
  ];
  return [
    page.title,
    "",
    `${sizeOf(table)} cases over raw sockets, run on Hawser and on what else a Node backend would use. Written by`,
    ...page.origin,
    "",
    ...head(""),
    ...totals(table, peers, findings).map(row),
    "",
    "Each case counts once, under the gravest of what was found; the mark comes beside it:",
    "",
    ...defects.map((defect) => `- **${words[defect].short}**: ${words[defect].long}.`),
    "",
    "## How it was measured",
    "",
    ...page.method,
    "",
    ...peers.map(({ name, setUp }) => `- **${name}**: ${setUp}`),
    "",
    ...chaptersOf(table, peers, findings).flatMap(({ about, rows }) => [
      `## ${about[0]?.toUpperCase()}${about.slice(1)}`,
      "",
      ...head("rule"),
      ...rows.map(row),
      "",
    ]),
  ].join("\n");
}

const sizeOf = ({ corpus }: FaultTable<string>): number => corpus.reduce((sum, { cases }) => sum + cases.length, 0);

/** Of each case its rule, and what every client made of it. */
function chaptersOf<Defect extends string>(
  table: FaultTable<Defect>,
  peers: readonly ListedPeer[],
  findings: ReadonlyMap<string, Findings<Defect>>,
): readonly { readonly about: string; readonly rows: readonly (readonly string[])[] }[] {
  let index = 0;
  return table.corpus.map(({ about, cases }) => ({
    about,
    rows: cases.map(({ rule }) => {
      const at = index++;
      return [rule, ...peers.map(({ name }) => cell(table, findings.get(name)?.[at]))];
    }),
  }));
}

function cell<Defect extends string>(table: FaultTable<Defect>, found: readonly Defect[] | undefined): string {
  if (found === undefined) return "none";
  const defect = gravest(table, found);
  return `${defect === undefined ? "ok" : table.words[defect].short}${isMarked(found) ? "*" : ""}`;
}

function totals<Defect extends string>(
  table: FaultTable<Defect>,
  peers: readonly ListedPeer[],
  findings: ReadonlyMap<string, Findings<Defect>>,
): readonly (readonly string[])[] {
  const row = (first: string, isCounted: (found: readonly Defect[] | undefined) => boolean): readonly string[] => [
    first,
    ...peers.map(({ name }) => String((findings.get(name) ?? []).filter(isCounted).length)),
  ];
  return [
    row(`ok in every respect, of ${sizeOf(table)}`, (found) => found?.length === 0),
    row("ok but for a secret that shows", (found) => gravest(table, found) === undefined && isMarked(found)),
    ...table.defects
      .filter((defect) => !isMark(defect))
      .map((defect) => row(table.words[defect].short, (found) => gravest(table, found) === defect)),
    ...(table.canSkip ? [row("none: it has no place for the case", (found) => found === undefined)] : []),
  ];
}
