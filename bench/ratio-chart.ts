import { element, ink, picture, text } from "../src/lab/report/svg.ts";
import type { Spread } from "./statistics.ts";
import type { Named, Row, Suite } from "./suite.ts";
import { figure } from "./table.ts";

const width = 760;
/** Of one line of text about the workload. */
const head = 76;
const textLine = 17;
/** Characters, as wide as the picture. */
const longestLine = 108;
const foot = 34;
const line = 24;
const plot = { left: 206, width: 384 };

interface Bar {
  readonly subject: string;
  readonly ratio: Spread;
}

/** What CPU time each subject took at one workload, over the baseline's, as bars: the shortest first. */
export function ratioChart(suite: Suite, workload: Named, rows: readonly Row[]): string | undefined {
  const bars = rows
    .filter((row) => row.workload === workload.id)
    .flatMap(({ subject, cpuRatio }): readonly Bar[] => (cpuRatio === undefined ? [] : [{ subject, ratio: cpuRatio }]))
    .toSorted((a, b) => a.ratio.median - b.ratio.median);
  if (bars.length < 2) return undefined;
  const most = 1.1 * Math.max(...bars.map(({ ratio }) => ratio.median));
  // A round in which the machine was busy with something else must not press all bars together.
  const x = (ratio: number): number => plot.left + (Math.min(ratio, most) / most) * plot.width;
  const about = linesOf(workload.about.replaceAll("`", ""));
  const more = (about.length - 1) * textLine;
  const top = head + more;
  const bottom = top + bars.length * line;
  const content = [
    text(16, 26, suite.title, { "font-size": 16, "font-weight": 600 }),
    ...about.map((words, index) => text(16, 45 + index * textLine, words, { fill: ink.quiet })),
    text(16, 62 + more, subtitle(suite.baseline, rows[0]?.rounds ?? 0), { fill: ink.quiet, "font-size": 11 }),
    element("rect", { x: plot.left, y: top, width: plot.width, height: bottom - top, fill: ink.panel }),
    ...ticksUpTo(most).flatMap((tick) => [
      element("line", { x1: x(tick), x2: x(tick), y1: top, y2: bottom, stroke: ink.grid }),
      text(x(tick), bottom + 15, String(tick), { "font-size": 10, fill: ink.quiet, "text-anchor": "middle" }),
    ]),
    ...bars.flatMap((bar, index) => barAt(bar, bar.subject === suite.baseline, top + index * line, x)),
    element("line", { x1: x(1), x2: x(1), y1: top, y2: bottom, stroke: ink.quiet, "stroke-dasharray": "3 3" }),
  ];
  return picture(width, bottom + foot, `${suite.title}: ${workload.id}`, content);
}

/** Broken between words: a picture has no lines of its own. */
function linesOf(words: string): readonly string[] {
  const lines: string[] = [];
  for (const word of words.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= longestLine) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function subtitle(baseline: string, rounds: number): string {
  return (
    `CPU time over that of ${baseline}: shorter is better. ` +
    `Bar and figure: median of ${rounds} rounds; thin line and brackets: smallest to largest.`
  );
}

function barAt(
  { subject, ratio }: Bar,
  isBaseline: boolean,
  top: number,
  x: (ratio: number) => number,
): readonly string[] {
  const isOwn = subject.startsWith("hawser");
  const middle = top + line / 2;
  const weight = isOwn || isBaseline ? 600 : 400;
  const fill = isOwn ? ink.hawser : isBaseline ? ink.quiet : ink.reference;
  return [
    text(plot.left - 8, middle + 4, subject, {
      "text-anchor": "end",
      "font-weight": weight,
      fill: isOwn ? ink.hawser : ink.text,
    }),
    element("rect", { x: plot.left, y: top + 4, width: x(ratio.median) - plot.left, height: line - 8, rx: 2, fill }),
    element("line", { x1: x(ratio.min), x2: x(ratio.max), y1: middle, y2: middle, stroke: ink.text }),
    text(plot.left + plot.width + 10, middle + 4, figure(ratio.median), { "font-weight": weight }),
    text(width - 16, middle + 4, `(${figure(ratio.min)} to ${figure(ratio.max)})`, {
      "text-anchor": "end",
      "font-size": 11,
      fill: ink.quiet,
    }),
  ];
}

/** Up to six round numbers. */
function ticksUpTo(most: number): readonly number[] {
  const step = [0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100].find((one) => most / one <= 6) ?? most / 5;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => Number((index * step).toFixed(2)));
}

/** Its name in the folder of charts: nothing in it that an address would have to escape. */
export function chartName(suite: Pick<Suite, "id">, workload: Pick<Named, "id">): string {
  return `${suite.id}-${workload.id}.svg`.replaceAll(/[^\w.-]+/g, "-");
}
