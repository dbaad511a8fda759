// `npm run lab`: outages on a virtual clock. See docs/lab/README.md.
import { availableParallelism } from "node:os";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { compare } from "../src/lab/laboratory.ts";
import { alignedTable, figureColumns, figureRow } from "../src/lab/report/figures-text.ts";
import { type Results, standings, summaryOf } from "../src/lab/report/standing.ts";
import { jsonOf, writeReport } from "../src/lab/report/write-report.ts";
import { scaledTo } from "../src/lab/scaled-to.ts";
import type { Scenario } from "../src/lab/scenario.ts";
import { scenarios as frozen, seeds as frozenSeeds } from "../src/lab/scenarios.ts";
import { catalog, ownOptions, ownSubjectId } from "../src/lab/subjects/catalog.ts";

const help = `npm run lab -- [options]

Puts clients into outages of a modelled service, on a virtual clock, and compares how they fare.

  --scenario a,b      only these (default: all ${frozen.length}); --list names them
  --subjects a,b      only these; the first is compared with the others
  --seeds n           the first n of the ${frozenSeeds.length} seeds
  --quick             two seeds
  --settings file.ts  your own service: a module whose default export is the options of a RESTService
  --load n            your calls per second, all processes together (default 100); with --settings
  --processes n       your client processes (default 4); with --settings
  --service-ms n      how long your service works on a call (default: as in the scenario); with --settings
  --out directory     writes document, JSON and charts into it; without options, docs/lab
  --json              prints the figures as JSON instead of tables
  --list              names scenarios and subjects
  --help
`;

const packages = ["p-retry", "axios", "axios-retry", "cockatiel", "opossum", "@smithy/core"];

const ownOnly = ["load", "processes", "service-ms"] as const;

const { values } = parsed();

if (values.help) console.log(help);
else if (values.list) list();
else await run().catch((error: unknown) => fail(oneLine(error)));

function parsed() {
  try {
    return parseArgs({
      options: {
        scenario: { type: "string" },
        subjects: { type: "string" },
        seeds: { type: "string" },
        quick: { type: "boolean", default: false },
        settings: { type: "string" },
        load: { type: "string" },
        processes: { type: "string" },
        "service-ms": { type: "string" },
        out: { type: "string" },
        json: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    fail(`${oneLine(error)}; --help names the options`);
  }
}

function list(): void {
  const width = Math.max(...frozen.map(({ id }) => id.length));
  for (const { id, title } of frozen) console.log(`${id.padEnd(width)}  ${title}`);
  console.log(`\nsubjects: ${catalog.map(({ id }) => id).join(", ")}`);
}

async function run(): Promise<void> {
  if (values.settings === undefined) {
    const idle = ownOnly.find((option) => values[option] !== undefined);
    if (idle !== undefined) fail(`--${idle} says how your own service is called: it needs --settings`);
  }
  const settingsUrl = values.settings === undefined ? undefined : pathToFileURL(resolve(values.settings)).href;
  const isWhole = Object.entries(values).every(([, value]) => value === undefined || value === false);
  const chosen = chosenFrom("scenario", values.scenario, frozen);
  const scenarios = settingsUrl === undefined ? chosen : await ownScenarios(chosen, settingsUrl);
  const seeds = frozenSeeds.slice(0, values.quick ? 2 : wholeNumber("seeds", values.seeds, frozenSeeds.length));
  const results = await compare({
    scenarios,
    subjects: subjectIds(settingsUrl !== undefined),
    seeds,
    settingsUrl,
    processes: availableParallelism(),
    onProgress: progress(),
  });
  process.stderr.write("\n");
  const given = process.argv.slice(2);
  const command = ["npm run lab", ...(given.length === 0 ? [] : ["--", ...given])].join(" ");
  const facts = { command, versions: await versionsOf(packages), seeds: seeds.length };
  const directory = values.out ?? (isWhole ? "docs/lab" : undefined);
  if (directory !== undefined) {
    await writeReport(directory, results, facts);
    process.stderr.write(`written to ${directory}\n`);
  }
  console.log(values.json ? jsonOf(results, facts) : tablesOf(results));
}

function subjectIds(hasOwn: boolean): readonly string[] {
  const known = [{ id: ownSubjectId }, ...catalog];
  if (values.subjects !== undefined) return chosenFrom("subjects", values.subjects, known).map(({ id }) => id);
  return hasOwn ? [ownSubjectId, "hawser", "no-retries", "naive"] : catalog.map(({ id }) => id);
}

/** The scenarios at the user's traffic, with the limits that their settings have: given, or Hawser's defaults. */
async function ownScenarios(scenarios: readonly Scenario[], settingsUrl: string): Promise<readonly Scenario[]> {
  const { deadlineMs = 30_000, attemptTimeoutMs = Math.min(10_000, deadlineMs) } = await ownOptions(settingsUrl);
  const traffic = {
    callsPerSecond: wholeNumber("load", values.load, 100),
    processes: wholeNumber("processes", values.processes, 4),
    serviceMs: values["service-ms"] === undefined ? undefined : wholeNumber("service-ms", values["service-ms"], 0),
    deadlineMs,
    attemptTimeoutMs,
  };
  return scenarios.map((scenario) => scaledTo(scenario, traffic));
}

function tablesOf(results: Results): string {
  const sections = results.scenarios.map((scenario) => {
    const rows = results.subjects.flatMap(({ id, name }) => {
      const summary = summaryOf(results, scenario.id, id);
      return summary === undefined ? [] : [figureRow(name, summary)];
    });
    return `${scenario.id}: ${scenario.title}\n${alignedTable([figureColumns, ...rows])}`;
  });
  const all = standings(results);
  const losses = all.filter(({ behind }) => behind > 3);
  const first = results.subjects[0]?.name ?? "";
  const ending =
    all.length === 0
      ? []
      : [
          `${first} is best or within 3 points of the best in ${all.length - losses.length} of ${all.length} scenarios.`,
          ...losses.map(
            ({ scenario, best, behind }) => `  ${scenario.id}: ${behind.toFixed(1)} points behind ${best.name}`,
          ),
        ];
  return [...sections, ending.join("\n")].join("\n\n");
}

function chosenFrom<T extends { readonly id: string }>(
  option: string,
  given: string | undefined,
  known: readonly T[],
): readonly T[] {
  if (given === undefined) return known;
  return given.split(",").map((id) => {
    const found = known.find((one) => one.id === id.trim());
    if (found === undefined)
      fail(`--${option}: ${id} is not known; known are ${known.map((one) => one.id).join(", ")}`);
    return found;
  });
}

function wholeNumber(option: string, given: string | undefined, fallback: number): number {
  if (given === undefined) return fallback;
  const value = Number(given);
  if (!Number.isInteger(value) || value < 1) fail(`--${option} must be a whole number of at least 1, not ${given}`);
  return value;
}

/** What went wrong, in one line and without a trace: what a mistyped option or file deserves. */
function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, " ");
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

function progress(): (done: number, of: number) => void {
  const startedAt = Date.now();
  let shownAt = 0;
  return (done, of) => {
    const now = Date.now();
    // A line of its own each time, where nobody watches it change.
    if (now - shownAt < (process.stderr.isTTY ? 1_000 : 20_000) && done < of) return;
    shownAt = now;
    const left = Math.round((((now - startedAt) / done) * (of - done)) / 1_000);
    const line = `${done} of ${of} runs, about ${left} s to go`;
    process.stderr.write(process.stderr.isTTY ? `\r${line}   ` : `${line}\n`);
  };
}

async function versionsOf(names: readonly string[]): Promise<Record<string, string>> {
  const entries = names.map(async (name) => {
    const manifest = await readFile(new URL(`../node_modules/${name}/package.json`, import.meta.url), "utf8");
    return [name, (JSON.parse(manifest) as { version: string }).version] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
