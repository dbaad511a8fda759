import { isAbsolute, resolve } from "node:path";
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { UsageError } from "../failure.ts";
import { GenerateError } from "../generate/generate-error.ts";
import { generateFile } from "../generate/generate-file.ts";
import { untilAborted } from "../limits.ts";

export interface GenerateCommandOptions {
  readonly out: string;
  readonly name?: string | undefined;
  readonly force?: boolean | undefined;
}

export function describeGenerate(command: Command): Command {
  return command
    .summary("types and a client class of an OpenAPI document")
    .description(
      "Writes the types of an OpenAPI document (3.0 or 3.1, JSON or YAML) and a client class for it into one file. Generated again, the file is replaced; one that was not generated is left alone. Needs openapi-typescript, and says how to install it.",
    )
    .argument("<openapi>", "the document: a file, or an http or https URL")
    .requiredOption("-o, --out <file>", "the file to write, such as src/clients/users.ts")
    .option("--name <class>", "the name of the class (default: the title of the document)")
    .option("--force", "replace a file that was not generated")
    .addHelpText(
      "after",
      `
Examples:
  $ hawser generate openapi.yaml --out src/clients/users.ts
  $ hawser generate https://api.example.com/openapi.json --out src/clients/users.ts --name Users`,
    );
}

/** Writes the file. @throws UsageError for a document, a name or a file that it cannot be done with; the signal's reason */
export async function runGenerate(
  source: string,
  options: GenerateCommandOptions,
  context: CommandContext,
): Promise<void> {
  const { cwd, signal, stdout } = context;
  const isUrl = /^https?:\/\//i.test(source);
  const given = { ...options, source: isUrl ? source : resolve(cwd, source), out: resolve(cwd, options.out), signal };
  try {
    // Most of the work looks at no signal.
    const { className, operations } = await untilAborted(generateFile(given), signal);
    const count = `${operations} operation${operations === 1 ? "" : "s"}`;
    stdout.write(`${stdout.style("green", "wrote")} ${options.out}: class ${className} with ${count}\n`);
  } catch (error) {
    if (!(error instanceof GenerateError)) throw error;
    // Files are named as they were given.
    const folder = `${cwd}/`;
    throw new UsageError(isAbsolute(source) ? error.message : error.message.replaceAll(folder, ""));
  }
}
