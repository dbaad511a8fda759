import { readFileSync } from "node:fs";
import { byId } from "../named.ts";
import { measureStartup } from "../startup-probe.ts";
import type { Named, Row, Suite } from "../suite.ts";

interface Subject extends Named {
  readonly imports: readonly string[];
}

const baseline = "undici+ws";
/** What loading the library may take above loading undici and ws. */
const promisedMs = 60;

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
};
const entries = Object.entries(manifest.exports).flatMap(([path, target]) =>
  typeof target === "string" ? [] : [path.replace(/^\./, "hawser")],
);

const module = (specifier: string, about: string): Subject => ({ id: specifier, about, imports: [specifier] });

const subjects: readonly Subject[] = [
  { id: baseline, about: "`undici`, then `ws`.", imports: ["undici", "ws"] },
  { id: "nothing", about: "An empty module.", imports: ["./nothing.mjs"] },
  ...entries.map((entry) => module(entry, "As it is published, with the packages that it imports.")),
  ...["undici", "ws", "got", "ky", "axios"].map((name) => module(name, "Alone.")),
];

/** What loading each entry point costs. */
export const startup: Suite = {
  id: "startup",
  title: "Start-up: loading an entry point",
  baseline,
  workloads: [
    { id: "import", about: "One `import()` in a process that has loaded nothing yet; `dist`, not the sources." },
  ],
  subjects,
  measure: (subject, _workload, run) => measureStartup({ name: "import", args: byId(subjects, subject).imports }, run),
  doubts: (rows) => startupDoubts(rows),
};

/** Says so where loading the library takes longer than it should, above loading undici and ws. */
export function startupDoubts(rows: readonly Row[]): readonly string[] {
  const wallMs = (id: string): number | undefined => {
    const us = rows.find(({ subject }) => subject === id)?.wallUs.median;
    return us === undefined ? undefined : us / 1_000;
  };
  const [ours, theirs] = [wallMs("hawser"), wallMs(baseline)];
  if (ours === undefined || theirs === undefined || ours - theirs <= promisedMs) return [];
  return [
    `\`import "hawser"\` takes ${(ours - theirs).toFixed(0)} ms more than undici and ws; at most ${promisedMs} ms is promised.`,
  ];
}
