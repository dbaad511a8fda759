import { type Command, Option } from "commander";
import { isExternalServiceError, isServiceConfigurationError } from "../../core/errors.ts";
import { type HealthReport, worstStatus } from "../../core/health.ts";
import type { ServiceRegistry } from "../../registry/service-registry.ts";
import type { CommandContext } from "../context.ts";
import { CommandFailure, inOneLine } from "../failure.ts";
import { assertKnown } from "../find-service.ts";
import { healthLines } from "../health-lines.ts";
import { within } from "../limits.ts";
import { durationMs } from "../option-parsers.ts";
import { openServices, type ServicesOptions, withStarted } from "../session.ts";

export interface CheckCommandOptions extends ServicesOptions {
  readonly json?: boolean | undefined;
  readonly timeout: number;
}

const defaultTimeoutMs = 30_000;

export function describeCheck(command: Command): Command {
  return command
    .summary("settings, start and health of every service")
    .description(
      "Checks the settings, starts every service and asks for its health; one that cannot be started hides no other. Ends with 0 where every service is pass or warn, with 1 where one fails, and with 2 where settings are missing or wrong: nothing was connected then.",
    )
    .argument("[service...]", "these alone, with what they need (default: all)")
    .option("--json", "the report as JSON: status, and the fields of health+json for each service")
    .addOption(
      new Option("-t, --timeout <duration>", "how long all of it may take: 500ms, 30s, 2m")
        .argParser(durationMs)
        .default(defaultTimeoutMs, "30s"),
    )
    .addHelpText(
      "after",
      `
Examples:
  $ hawser check
  $ hawser check users payments
  $ hawser check --env-file .env.staging --json | jq .status`,
    );
}

/**
 * Prints how the services are: all where none is named.
 *
 * @throws CommandFailure where one fails; ServiceConfigurationError for wrong settings; UsageError for a wrong name.
 */
export async function runCheck(
  names: readonly string[],
  options: CheckCommandOptions,
  context: CommandContext,
): Promise<void> {
  const limit = { clock: context.clock, limitMs: options.timeout, signal: context.signal, what: "check" };
  const services = await openServices(options, context);
  for (const name of names) assertKnown(services, name);
  const only = names.length === 0 ? services.names : names;
  const printJson = (report: object): void => context.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  let checked: CheckedServices;
  try {
    checked = await within(limit, (signal) =>
      withStarted(services, { only, trial: true, signal }, async () => checkedOf(services, only, signal)),
    );
  } catch (error) {
    if (options.json === true && isServiceConfigurationError(error)) {
      printJson({ status: "fail", problems: error.problems });
    }
    throw error;
  }
  const { reports, leftOut } = checked;
  // The worst of all, critical or not: whoever asks wants to know.
  const status = worstStatus([...reports.values()].map((report) => report.status));
  if (options.json === true) printJson({ status, services: Object.fromEntries(reports) });
  else for (const line of healthLines(reports, leftOut, context.stdout)) context.stdout.write(`${line}\n`);
  const failed = [...reports.keys()].filter((name) => reports.get(name)?.status === "fail");
  if (failed.length > 0) throw new CommandFailure(`${failed.join(", ")} ${failed.length === 1 ? "fails" : "fail"}`);
}

interface CheckedServices {
  readonly reports: ReadonlyMap<string, HealthReport>;
  /** Optional ones, and why they were left out. */
  readonly leftOut: ReadonlyMap<string, string>;
}

async function checkedOf(
  services: ServiceRegistry,
  names: readonly string[],
  signal: AbortSignal,
): Promise<CheckedServices> {
  const { services: health } = await services.health({ signal });
  const states = new Map(services.describe().services.map(({ name, state }) => [name, state]));
  const reports = new Map<string, HealthReport>();
  const leftOut = new Map<string, string>();
  for (const name of names) {
    const report = health[name];
    if (report === undefined) leftOut.set(name, states.get(name) ?? "left out");
    else reports.set(name, { ...report, ...startFailure(services, name) });
  }
  return { reports, leftOut };
}

/** What a report of the registry, which anybody may see, does not say of a service that could not be connected. */
function startFailure(services: ServiceRegistry, name: string): Partial<HealthReport> {
  try {
    services.get(name);
    return {};
  } catch (error) {
    const { cause } = error as Error;
    if (isExternalServiceError(cause)) return { latencyMs: cause.elapsedMs, output: cause.message };
    return cause === undefined ? {} : { output: inOneLine(cause) };
  }
}
