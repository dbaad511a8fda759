import type { Command } from "commander";
import type { ServiceRegistry } from "../../registry/service-registry.ts";
import type { CommandContext } from "../context.ts";
import { openServices, type ServicesOptions, withStarted } from "../session.ts";

export interface DescribeCommandOptions extends ServicesOptions {
  readonly json?: boolean | undefined;
}

export function describeDescribe(command: Command): Command {
  return command
    .summary("the settings that hold, and where each comes from")
    .description(
      "Prints the settings that hold for every service, and where each comes from: the library, the definition, or a variable. Secrets are not shown.",
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

/** Prints what holds for every service. @throws ServiceConfigurationError with every problem of the settings */
export async function runDescribe(options: DescribeCommandOptions, context: CommandContext): Promise<void> {
  const services = await openServices(options, context);
  const description = await descriptionOf(services, context.signal);
  context.stdout.write(`${options.json === true ? JSON.stringify(description, undefined, 2) : String(description)}\n`);
}

interface Described {
  toString(): string;
}

async function descriptionOf(services: ServiceRegistry, signal: AbortSignal): Promise<Described> {
  return withStarted(services, signal, async () => {
    const all = [...services.entries()].map(([, service]) => service as { describe?: () => Described });
    const described = all.flatMap((service) => (typeof service.describe === "function" ? [service.describe()] : []));
    return Object.assign(described, { toString: () => described.map(String).join("\n\n") });
  });
}
