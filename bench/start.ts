// `npm run bench`: what a call costs. See README.md.
import { mkdir, readFile } from "node:fs/promises";
import { cpus, loadavg, release, type } from "node:os";
import { alignedTable } from "../src/lab/report/figures-text.ts";
import { commandOf, help, type Plan, readArguments, writtenAs } from "./arguments.ts";
import type { Cores } from "./cores.ts";
import { findCores } from "./processes.ts";
import type { Facts } from "./results-document.ts";
import { runSuite } from "./run-suite.ts";
import type { Row, Suite } from "./suite.ts";
import { suites } from "./suites/catalog.ts";
import { jsonLineOf, tableOf } from "./table.ts";
import { standingsOf, targetTable } from "./targets.ts";
import { writeResults } from "./write-results.ts";

const packages = [
  "undici",
  "ws",
  "axios",
  "axios-retry",
  "cockatiel",
  "got",
  "ky",
  "ofetch",
  "openapi-fetch",
  "opossum",
  "p-retry",
  "partysocket",
  "@smithy/core",
  "socket.io-client",
  "wretch",
];

const asked = readArguments(process.argv.slice(2), suites);
if (asked.kind === "help") console.log(help);
else if (asked.kind === "list") list();
else if (asked.kind === "run") await run(asked.plan);
else if (asked.kind === "problem") {
  console.error(asked.problem);
  process.exitCode = 2;
}

function list(): void {
  for (const { id, title, workloads, subjects } of suites) {
    const names = (all: Suite["subjects"]): string => all.map((one) => one.id).join(", ");
    console.log(`${id}: ${title}\n  workloads: ${names(workloads)}\n  subjects: ${names(subjects)}`);
  }
}

async function run(plan: Plan): Promise<void> {
  const found = findCores();
  const cores = typeof found === "string" ? undefined : found;
  const pinning = pinningText(found);
  console.error(pinning);
  const versions = await versionsNow();
  if (plan.profileDirectory !== undefined) await mkdir(plan.profileDirectory, { recursive: true });
  for (const chosen of plan.suites) {
    const loadBefore = loadNow();
    const rows: Row[] = [];
    // Each workload as it comes: what hours have measured must not hang on the last minute.
    const onRows = async (here: readonly Row[]): Promise<void> => {
      rows.push(...here);
      printRows(here, plan);
      if (!plan.isResult) return;
      const facts: Facts = {
        command: commandOf({ ...chosen, workloads: [...new Set(rows.map(({ workload }) => workload))] }),
        date: new Date().toISOString().slice(0, 10),
        machine: machineText(),
        pinning,
        load: [loadBefore, loadNow()],
        versions,
      };
      await writeResults(new URL(".", import.meta.url), writtenAs(chosen), rows, facts);
      console.error("written to bench/results.md");
    };
    const { profileDirectory } = plan;
    await runSuite(chosen, { cores, profileDirectory, onTurn: (what) => console.error(what), onRows });
    printVerdict(chosen.suite, rows, plan);
  }
}

function printRows(rows: readonly Row[], { isJson }: Plan): void {
  if (isJson) for (const row of rows) console.log(jsonLineOf(row));
  else console.log(`\n${rows[0]?.suite} ${rows[0]?.workload}\n${alignedTable(tableOf(rows))}`);
}

function printVerdict(suite: Suite, rows: readonly Row[], { isJson }: Plan): void {
  // Standard output is for rows alone where they are JSON.
  const print = isJson ? console.error : console.log;
  const conclusions = suite.conclusions?.(rows) ?? [];
  if (conclusions.length > 0) print(`\n${suite.id}\n${alignedTable(conclusions)}`);
  const standings = standingsOf(suite.targets ?? [], rows).filter(({ verdict }) => verdict !== "not measured");
  if (standings.length > 0) print(`\n${suite.id}\n${alignedTable(targetTable(standings))}`);
  for (const doubt of suite.doubts?.(rows) ?? []) console.error(doubt);
}

function pinningText(found: Cores | string): string {
  if (typeof found !== "string") return `clients pinned to core ${found.client}, the server to core ${found.server}`;
  return `nothing pinned to a core, for ${found}: clients and server may take each other's time`;
}

function loadNow(): number {
  return loadavg()[0] ?? 0;
}

function machineText(): string {
  const all = cpus();
  return `${all[0]?.model.trim() ?? "unknown processor"}, ${all.length} cores, ${type()} ${release()}`;
}

async function versionsNow(): Promise<Record<string, string>> {
  const entries = packages.map(async (name) => {
    const manifest = await readFile(new URL(`../node_modules/${name}/package.json`, import.meta.url), "utf8");
    return [name, (JSON.parse(manifest) as { version: string }).version] as const;
  });
  return { Node: process.versions.node, ...Object.fromEntries(await Promise.all(entries)) };
}
