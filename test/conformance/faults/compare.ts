import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Told } from "./peer-process.ts";
import { type FaultTable, type Findings, type ListedPeer, markdownOf, tableOf } from "./table.ts";

/** What a corpus is compared with, and where. */
export interface Comparison<Defect extends string> {
  readonly table: FaultTable<Defect>;
  readonly peers: readonly ListedPeer[];
  /** Runs one peer, whose name is its first argument, from the case on whose index is its second. */
  readonly program: URL;
  /** The page that `--markdown` writes. */
  readonly page: URL;
  /** Longer than any case. */
  readonly silenceMs: number;
  /** The flags, and the names of the peers that alone are wanted. */
  readonly args: readonly string[];
}

/** How the process of a peer may end a case: the defects that every corpus has. */
type Ended = "hang" | "process event";

// To load and to make certificates, on a machine that is busy.
const startMs = 180_000;
const atOnce = 3;

/** Runs a corpus on its peers, each in a process of its own, and prints who does what wrong. */
export async function compare<Defect extends string>(comparison: Comparison<Defect | Ended>): Promise<void> {
  const { table, peers, page, args } = comparison;
  const asked = args.filter((argument) => !argument.startsWith("-"));
  const chosen = peers.filter(({ name }) => asked.length === 0 || asked.includes(name));
  const findings = new Map<string, Findings<Defect | Ended>>();
  const waiting = chosen.map(({ name }) => name);

  async function work(): Promise<void> {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      process.stderr.write(`${name} …\n`);
      findings.set(name, await findingsOf(name, comparison));
    }
  }

  await Promise.all(Array.from({ length: atOnce }, work));
  process.stdout.write(tableOf(table, chosen, findings));
  if (args.includes("--markdown")) {
    await writeFile(page, markdownOf(table, chosen, findings));
    process.stdout.write(`written to ${fileURLToPath(page)}\n`);
  }
}

/** A process that dies or falls silent costs the case that it was at, and goes on with the next. */
async function findingsOf<Defect extends string>(
  name: string,
  comparison: Comparison<Defect | Ended>,
): Promise<Findings<Defect | Ended>> {
  const count = comparison.table.corpus.flatMap(({ cases }) => cases).length;
  const found: (readonly (Defect | Ended)[] | undefined)[] = [];
  while (found.length < count) {
    const how = await runFrom(name, found, comparison);
    if (found.length < count) found.push([how]);
  }
  return found;
}

/** Runs the cases that are left, and tells how the process ended. */
async function runFrom<Defect extends string>(
  name: string,
  found: (readonly (Defect | Ended)[] | undefined)[],
  { program, silenceMs }: Comparison<Defect | Ended>,
): Promise<Ended> {
  const child = spawn(process.execPath, ["--no-warnings", fileURLToPath(program), name, String(found.length)], {
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
    const message = JSON.parse(line) as Told<Defect | Ended>;
    if ("defects" in message) found.push(message.defects);
    else if ("isSkipped" in message) found.push(undefined);
  }
  clearTimeout(silence);
  return isSilent ? "hang" : "process event";
}
