import type { FigureName, FigureOf, Row, Target } from "./suite.ts";

/** What became of a promise. */
export interface Standing {
  readonly target: Target;
  /** Undefined where this run has not measured it. */
  readonly measured: number | undefined;
  readonly verdict: "kept" | "missed" | "not measured";
}

/** Holds each promise against the rows of a run. */
export function standingsOf(targets: readonly Target[], rows: readonly Row[]): readonly Standing[] {
  return targets.map((target) => {
    const measured = "text" in target ? target.of(rows) : measuredFigure(target.of, rows);
    if (measured === undefined) return { target, measured, verdict: "not measured" };
    const isKept = "atMost" in target ? measured <= target.atMost : measured >= target.atLeast;
    return { target, measured, verdict: isKept ? "kept" : "missed" };
  });
}

function measuredFigure(of: FigureOf, rows: readonly Row[]): number | undefined {
  const own = medianOf(of.subject, of, rows);
  const other = of.over ?? of.above;
  if (own === undefined || other === undefined) return own;
  const theirs = medianOf(other, of, rows);
  if (theirs === undefined) return undefined;
  return of.over === undefined ? own - theirs : own / theirs;
}

function medianOf(subject: string, { workload, figure: name }: FigureOf, rows: readonly Row[]): number | undefined {
  const row = rows.find((one) => one.subject === subject && one.workload === workload);
  return row && (typeof name === "string" ? row[name] : row.more?.[name.more])?.median;
}

/** The promises as cells, the header first; what is missed stands out. */
export function targetTable(standings: readonly Standing[], emphasis: "**" | "" = ""): readonly (readonly string[])[] {
  const verdicts = { kept: "yes", missed: `${emphasis}NO${emphasis}`, "not measured": "not measured" };
  return [
    ["promised", "limit", "measured", "kept?"],
    ...standings.map(({ target, measured, verdict }) => [
      promiseOf(target),
      "atMost" in target ? `at most ${target.atMost}` : `at least ${target.atLeast}`,
      measured === undefined ? "–" : measuredText(measured, target),
      verdicts[verdict],
    ]),
  ];
}

/** In three digits, or as many as tell it from the limit: rounded onto it, a promise that is missed would look kept. */
function measuredText(measured: number, target: Target): string {
  const limit = "atMost" in target ? target.atMost : target.atLeast;
  const digits = [3, 4, 5, 6].find((count) => Number(measured.toPrecision(count)) !== limit) ?? 3;
  return String(Number(measured.toPrecision(digits)));
}

const figureTexts: Readonly<Record<FigureName, string>> = {
  cpuRatio: "CPU",
  cpuUs: "CPU µs",
  wallUs: "wall µs",
  p99Us: "p99 µs",
  allocatedBytes: "B allocated",
  retainedBytes: "B retained",
};

/** In words, from the data alone: a text beside it would not change with it. */
function promiseOf(target: Target): string {
  if ("text" in target) return target.text;
  const { of } = target;
  const what = typeof of.figure === "string" ? figureTexts[of.figure] : of.figure.more;
  const whose = [of.subject, of.over && `÷ ${of.over}`, of.above && `above ${of.above}`].filter(Boolean).join(" ");
  return `${of.workload}: ${what}, ${whose}`;
}
