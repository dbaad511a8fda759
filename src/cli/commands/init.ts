import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { UsageError } from "../failure.ts";
import { firstFilesFor, type FirstFile } from "../init/first-files.ts";
import { lookAtProject } from "../init/project.ts";

export interface InitCommandOptions {
  readonly force?: boolean | undefined;
}

export function describeInit(command: Command): Command {
  return command
    .summary("a first services file, a green test, .env.example")
    .description(
      'Writes a first services file, a test that is green without network, and .env.example. In TypeScript where the project has typescript, a tsconfig.json or a .ts file, else in JavaScript; with vitest where the project has it, else with node:test; in src/ and test/ where there are such folders. In a package that is not of "type": "module" the files end with .mts or .mjs.',
    )
    .option("--force", "write over files that are there")
    .addHelpText(
      "after",
      `
Examples:
  $ hawser init
  $ hawser init --force`,
    );
}

/** Writes the files. @throws UsageError where one is there already, or there is no package.json */
export async function runInit({ force = false }: InitCommandOptions, context: CommandContext): Promise<void> {
  const { cwd, stdout } = context;
  const project = lookAtProject(cwd);
  if (project === undefined)
    throw new UsageError("no package.json here or above: npm init -y, then npm install hawser");
  const { files, steps } = firstFilesFor(project);
  write(files, cwd, force ? "w" : "wx");
  const width = Math.max(...steps.map(([what]) => what.length));
  const lines = [
    ...files.map(({ path }) => `${stdout.style("green", "wrote")} ${path}`),
    "",
    stdout.style("bold", "Next:"),
    ...steps.map(([what, why]) => `  ${stdout.style("cyan", what.padEnd(width))}  ${why}`),
  ];
  stdout.write(`${lines.join("\n")}\n`);
}

function write(files: readonly FirstFile[], cwd: string, flag: "w" | "wx"): void {
  const there = files.filter(({ path, isAdded }) => !isAdded && existsSync(resolve(cwd, path)));
  if (flag === "wx" && there.length > 0) {
    const [what, it] = there.length === 1 ? ["is", "it"] : ["are", "them"];
    throw new UsageError(
      `${there.map(({ path }) => path).join(" and ")} ${what} there already: --force writes over ${it}`,
    );
  }
  for (const { path, content, isAdded } of files) {
    const full = resolve(cwd, path);
    try {
      if (isAdded) addTo(full, content);
      else writeFileSync(full, content, { flag });
    } catch (error) {
      throw new UsageError(`${path} cannot be written (${(error as NodeJS.ErrnoException).code})`);
    }
  }
}

/** Leaves what is there, and adds what is not. */
function addTo(path: string, content: string): void {
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  if (before.includes(content)) return;
  const gap = before === "" ? "" : before.endsWith("\n") ? "\n" : "\n\n";
  writeFileSync(path, before + gap + content);
}
