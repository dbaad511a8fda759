import type { Command } from "commander";
import { RegistryDescription } from "../../registry/registry-description.ts";
import type { CommandContext } from "../context.ts";
import { UsageError } from "../failure.ts";
import { untilAborted } from "../limits.ts";
import { openServices, type ServicesOptions } from "../session.ts";

export interface DescribeCommandOptions extends ServicesOptions {
  readonly json?: boolean | undefined;
}

export function describeDescribe(command: Command): Command {
  return command
    .summary("the settings that hold, and where each comes from")
    .description(
      "Prints the settings that hold for every service, and where each comes from: the library, the definition, or a variable. Secrets are not shown, and nothing is connected.",
    )
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      `
Examples:
  $ hawser describe
  $ hawser describe --env-file .env.staging --json | jq .`,
    );
}

/** Prints what holds for every service. @throws UsageError with every problem of the settings, after what holds */
export async function runDescribe(options: DescribeCommandOptions, context: CommandContext): Promise<void> {
  const services = await openServices(options, context);
  const description = await untilAborted(Promise.resolve(services.describe()), context.signal);
  const { problems } = description;
  // As text they stand below it, on standard error.
  const text = options.json === true ? JSON.stringify(description, undefined, 2) : textOf(description);
  context.stdout.write(`${text}\n`);
  if (problems.length > 0) throw new UsageError(...problems);
}

const textOf = ({ isStarted, services }: RegistryDescription): string =>
  String(new RegistryDescription(isStarted, services, []));
