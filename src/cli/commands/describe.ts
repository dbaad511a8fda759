import type { Command } from "commander";
import type { ServiceRegistry } from "../../registry/service-registry.ts";
import type { CommandContext } from "../context.ts";
import { UsageError } from "../failure.ts";
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

/** Prints what holds for every service. @throws UsageError with every problem of the settings, after what holds */
export async function runDescribe(options: DescribeCommandOptions, context: CommandContext): Promise<void> {
  const services = await openServices(options, context);
  const description = await descriptionOf(services, context.signal);
  const { problems = [] } = description;
  // As text they stand below it, on standard error.
  const text =
    options.json === true ? JSON.stringify(description, undefined, 2) : String(without(description, "problems"));
  context.stdout.write(`${text}\n`);
  if (problems.length > 0) throw new UsageError(...problems);
}

interface Description {
  readonly problems?: readonly string[];
  toString(): string;
}

async function descriptionOf(services: ServiceRegistry, signal: AbortSignal): Promise<Description> {
  const { describe } = services as { readonly describe?: () => Description | PromiseLike<Description> };
  if (describe !== undefined) return describe.call(services);
  return withStarted(services, signal, async () => {
    const all = [...services.entries()].map(([, service]) => service as { readonly describe?: () => Description });
    const described = all.flatMap((service) => (service.describe === undefined ? [] : [service.describe()]));
    return Object.assign(described, { toString: () => described.map(String).join("\n\n") });
  });
}

/** The same object, without what it has in this list. */
function without(description: Description, list: "problems"): Description {
  if (description[list] === undefined) return description;
  return Object.assign(Object.create(Object.getPrototypeOf(description) as object) as Description, description, {
    [list]: [],
  });
}
