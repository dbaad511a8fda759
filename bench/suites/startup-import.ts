import { readFileSync } from "node:fs";
import { byId } from "../named.ts";
import { measureStartup } from "../startup-probe.ts";
import type { Named, Suite } from "../suite.ts";

interface Subject extends Named {
  readonly imports: readonly string[];
}

const baseline = "undici+ws";
const workload = "import";
/** What loading the library may take above loading undici and ws. */
const promisedUs = 60_000;

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
export const startupImport: Suite = {
  id: "startup-import",
  title: "Start-up: loading an entry point",
  baseline,
  workloads: [
    { id: workload, about: "One `import()` in a process that has loaded nothing yet; `dist`, not the sources." },
  ],
  subjects,
  measure: (subject, _workload, run) => measureStartup({ name: "import", args: byId(subjects, subject).imports }, run),
  targets: [{ of: { workload, subject: "hawser", figure: "wallUs", above: baseline }, atMost: promisedUs }],
};
