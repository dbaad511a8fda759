// `npm run faults:ws`: runs the corpus on Hawser and on its peers, each in a process of its own, and prints who does what
// wrong. With `--markdown` it writes docs/faults-websocket.md as well; with the names of peers, it runs those alone.
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { allCases } from "./corpus.ts";
import type { Defect } from "./judge.ts";
import { peers } from "./peers.ts";
import { type Findings, markdownOf, tableOf } from "./table.ts";

// Longer than any case: each of its steps has a cut-off of 6 s.
const silenceMs = 60_000;
// To load and to make certificates, on a machine that is busy.
const startMs = 180_000;
const atOnce = 3;

const program = fileURLToPath(new URL("compare-peer.ts", import.meta.url));
const asked = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
const chosen = peers.filter(({ name }) => asked.length === 0 || asked.includes(name));
const findings = new Map<string, Findings>();
const waiting = chosen.map(({ name }) => name);

await Promise.all(Array.from({ length: atOnce }, work));
process.stdout.write(tableOf(chosen, findings));
if (process.argv.includes("--markdown")) {
  const path = new URL("../../../docs/faults-websocket.md", import.meta.url);
  await writeFile(path, markdownOf(chosen, findings));
  process.stdout.write(`written to ${fileURLToPath(path)}\n`);
}

async function work(): Promise<void> {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    process.stderr.write(`${name} …\n`);
    findings.set(name, await findingsOf(name));
  }
}

/** A process that dies or falls silent costs the case that it was at, and goes on with the next. */
async function findingsOf(name: string): Promise<Findings> {
  const found: (readonly Defect[] | undefined)[] = [];
  while (found.length < allCases.length) {
    const how = await runFrom(name, found);
    if (how !== undefined) found.push([how]);
  }
  return found;
}

/** Runs the cases that are left, and tells how the process ended where that was before the last of them. */
async function runFrom(name: string, found: (readonly Defect[] | undefined)[]): Promise<Defect | undefined> {
  const child = spawn(process.execPath, ["--no-warnings", program, name, String(found.length)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let isSilent = false;
  const giveUp = (): void => {
    isSilent = true;
    child.kill("SIGKILL");
  };
  let silence = setTimeout(giveUp, startMs);
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(silence);
    silence = setTimeout(giveUp, silenceMs);
    const message = JSON.parse(line) as { defects?: readonly Defect[]; isSkipped?: true };
    if (message.defects !== undefined || message.isSkipped === true) found.push(message.defects);
  }
  clearTimeout(silence);
  if (found.length === allCases.length) return undefined;
  return isSilent ? "hang" : "process event";
}
