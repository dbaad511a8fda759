import { spanOf } from "../arrivals.ts";
import type { Scenario } from "../scenario.ts";
import type { Summary } from "../summarise.ts";
import { element, ink, picture, text } from "./svg.ts";

/** One line of a chart. */
export interface Charted {
  readonly name: string;
  readonly summary: Summary;
}

const columns = 4;
const panel = { width: 262, height: 148 };
const plot = { left: 38, top: 30, width: 212, height: 84 };
const head = 78;
const foot = 30;

/**
 * Goodput over time in one scenario: a panel for each subject, so that no line hides another, and the first subject's
 * line in grey in all of them for comparison.
 */
export function goodputChart(scenario: Scenario, charted: readonly Charted[]): string {
  const rows = Math.ceil(charted.length / columns);
  const width = columns * panel.width + 24;
  const height = head + rows * panel.height + foot;
  const reference = charted[0];
  const seeds = reference?.summary.seeds ?? 0;
  const content = [
    text(16, 28, `${scenario.id}: ${scenario.title}`, { "font-size": 17, "font-weight": 600 }),
    text(
      16,
      48,
      `Share of the calls that succeeded in time, by the second in which they were made; mean of ${seeds} seeds. Number: from the fault's beginning to the end.`,
      { fill: ink.quiet },
    ),
    ...legend(16, 58, reference?.name ?? "", scenario.faults.length > 0),
    ...charted.map((one, index) =>
      element(
        "g",
        {
          transform: `translate(${12 + (index % columns) * panel.width} ${head + Math.floor(index / columns) * panel.height})`,
        },
        panelOf(scenario, one, index === 0 ? undefined : reference),
      ),
    ),
    text(width - 16, height - 12, "time: seconds after the beginning of the fault", {
      fill: ink.quiet,
      "text-anchor": "end",
      "font-size": 11,
    }),
  ];
  return picture(width, height, `Goodput over time: ${scenario.title}`, content);
}

function legend(x: number, y: number, reference: string, hasFault: boolean): string[] {
  const swatch = (at: number, colour: string): string =>
    element("rect", { x: at, y: y + 4, width: 18, height: 3, fill: colour });
  const label = (at: number, words: string): string => text(at, y + 10, words, { "font-size": 11, fill: ink.quiet });
  return [
    swatch(x, ink.hawser),
    label(x + 24, reference),
    swatch(x + 100, ink.other),
    label(x + 124, "the others"),
    swatch(x + 210, ink.reference),
    label(x + 234, `${reference} again, for comparison`),
    ...(hasFault
      ? [
          element("rect", { x: x + 420, y, width: 18, height: 11, fill: ink.fault }),
          label(x + 444, "something is wrong"),
        ]
      : []),
  ];
}

function panelOf(scenario: Scenario, { name, summary }: Charted, reference: Charted | undefined): string[] {
  const { from, to } = spanOf(scenario);
  const begin = Math.max(0, from - 5_000);
  const x = (ms: number): number => plot.left + ((ms - begin) / (to - begin)) * plot.width;
  const y = (share: number): number => plot.top + (1 - share) * plot.height;
  const isFirst = reference === undefined;
  const line = (values: readonly number[], stroke: string, strokeWidth: number): string =>
    element("polyline", {
      points: values
        .map((share, second) => [(second + 0.5) * 1_000, share] as const)
        .filter(([ms]) => ms >= begin && ms <= to)
        .map(([ms, share]) => `${x(ms).toFixed(1)},${y(share).toFixed(1)}`)
        .join(" "),
      fill: "none",
      stroke,
      "stroke-width": strokeWidth,
      "stroke-linejoin": "round",
    });
  return [
    element("rect", { x: plot.left, y: plot.top, width: plot.width, height: plot.height, fill: ink.panel }),
    ...shades(scenario).map(([left, right]) =>
      element("rect", {
        x: x(from + left),
        y: plot.top,
        width: x(from + right) - x(from + left),
        height: plot.height,
        fill: ink.fault,
      }),
    ),
    ...[0, 0.5, 1].flatMap((share) => [
      element("line", {
        x1: plot.left,
        x2: plot.left + plot.width,
        y1: y(share),
        y2: y(share),
        stroke: ink.grid,
        "stroke-width": 1,
      }),
      text(plot.left - 5, y(share) + 4, `${share * 100} %`, {
        "font-size": 10,
        fill: ink.quiet,
        "text-anchor": "end",
      }),
    ]),
    ...ticks(to - from).map((second) =>
      text(x(from + second * 1_000), plot.top + plot.height + 14, `${second} s`, {
        "font-size": 10,
        fill: ink.quiet,
        "text-anchor": "middle",
      }),
    ),
    ...(reference === undefined ? [] : [line(reference.summary.goodputBySecond, ink.reference, 1.5)]),
    line(summary.goodputBySecond, isFirst ? ink.hawser : ink.other, 2),
    text(plot.left, plot.top - 9, name, { "font-weight": 600, fill: isFirst ? ink.hawser : ink.text }),
    text(plot.left + plot.width, plot.top - 9, `${(100 * summary.goodput.mean).toFixed(1)} %`, {
      "text-anchor": "end",
    }),
  ];
}

/** When something is wrong, in milliseconds after the fault begins; spans that touch are one. */
function shades({ faults }: Scenario): readonly (readonly [number, number])[] {
  const spans: [number, number][] = [];
  for (const { fromMs, toMs } of faults.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const last = spans.at(-1);
    if (last !== undefined && fromMs <= last[1]) last[1] = Math.max(last[1], toMs);
    else spans.push([fromMs, toMs]);
  }
  return spans;
}

/** Four or five round numbers of seconds. */
function ticks(spanMs: number): readonly number[] {
  const seconds = spanMs / 1_000;
  const step = [5, 10, 20, 25, 50].find((one) => seconds / one <= 5) ?? 100;
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step);
}
