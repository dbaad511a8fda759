import { element, ink, picture, text } from "./svg.ts";

/** One cell of a table. */
export interface HeatCell {
  readonly text: string;
  /** 0: as good as it gets, 1: as bad as it gets. */
  readonly badness: number;
  readonly isBold?: boolean;
}

const cell = { width: 62, height: 24 };
const left = 222;
const head = 178;
const groupGap = 12;

// One hue that darkens reads the same to everybody; the figures are in the cells.
const steps = [
  [0, [0xe9, 0xf4, 0xf2]],
  [0.05, [0xfd, 0xf6, 0xe3]],
  [0.25, [0xf8, 0xd9, 0xa0]],
  [0.5, [0xee, 0xa3, 0x63]],
  [1, [0xb8, 0x45, 0x2c]],
] as const;

/** A table whose colours show at a glance where it is bad. */
export function heatTable(table: {
  readonly title: string;
  readonly subtitle: string;
  readonly legend: string;
  /** Columns of one group stand together. */
  readonly columns: readonly { readonly name: string; readonly group: string }[];
  readonly rows: readonly { readonly name: string; readonly cells: readonly HeatCell[] }[];
}): string {
  const { columns, rows } = table;
  const lefts: number[] = [];
  let next = left;
  for (const [index, { group }] of columns.entries()) {
    if (index > 0 && group !== columns[index - 1]?.group) next += groupGap;
    lefts.push(next);
    next += cell.width;
  }
  const width = Math.max(next + 100, 760);
  const height = head + rows.length * cell.height + 44;
  return picture(width, height, table.title, [
    text(16, 28, table.title, { "font-size": 17, "font-weight": 600 }),
    text(16, 48, table.subtitle, { fill: ink.quiet }),
    ...columns.map(({ name }, index) =>
      element("g", { transform: `translate(${(lefts[index] ?? 0) + cell.width / 2} ${head - 8}) rotate(-38)` }, [
        text(0, 0, name, { "font-weight": index === 0 ? 600 : 400, fill: index === 0 ? ink.hawser : ink.text }),
      ]),
    ),
    ...rows.flatMap(({ name, cells }, row) => [
      text(left - 10, head + row * cell.height + 16, name, { "text-anchor": "end" }),
      ...cells.flatMap((one, column) => cellAt(one, lefts[column] ?? 0, head + row * cell.height)),
    ]),
    text(16, height - 16, table.legend, { fill: ink.quiet, "font-size": 11 }),
  ]);
}

function cellAt({ text: content, badness, isBold = false }: HeatCell, x: number, y: number): string[] {
  return [
    element("rect", {
      x: x + 1,
      y: y + 1,
      width: cell.width - 2,
      height: cell.height - 2,
      rx: 3,
      fill: colourOf(badness),
    }),
    text(x + cell.width / 2, y + 16, content, {
      "text-anchor": "middle",
      "font-weight": isBold ? 700 : 400,
      fill: badness > 0.8 ? "#ffffff" : ink.text,
    }),
  ];
}

function colourOf(badness: number): string {
  const at = Math.min(1, Math.max(0, badness));
  let below: (typeof steps)[number] = steps[0];
  for (const step of steps) {
    if (at <= step[0]) {
      const part = step[0] === below[0] ? 0 : (at - below[0]) / (step[0] - below[0]);
      const mixed = step[1].map((value, index) => Math.round((below[1][index] ?? 0) * (1 - part) + value * part));
      return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
    }
    below = step;
  }
  return "#000000";
}
