import { type Command, Option } from "commander";
import { isExternalServiceError, isServiceConfigurationError } from "../../core/errors.ts";
import { worstStatus } from "../../core/health.ts";
import type { CommandContext } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { failedStart, type CheckedServices, healthLines } from "../health-lines.ts";
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
      "Checks the settings, starts every service and asks for its health. Ends with 0 where every service is pass or warn, with 1 where one fails, and with 2 where settings are missing or wrong: nothing was connected then.",
    )
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
  $ hawser check --env-file .env.staging --json | jq .status`,
    );
}

/** Prints how every service is. @throws CommandFailure where one fails; ServiceConfigurationError for wrong settings */
export async function runCheck(options: CheckCommandOptions, context: CommandContext): Promise<void> {
  const print = (report: CheckedServices | object, lines: () => string[]): void => {
    const text = options.json === true ? JSON.stringify(report, undefined, 2) : lines().join("\n");
    if (text !== "") context.stdout.write(`${text}\n`);
  };
  const limit = { clock: context.clock, limitMs: options.timeout, signal: context.signal, what: "check" };
  const services = await openServices(options, context);
  let report: CheckedServices;
  try {
    report = await within(limit, (signal) =>
      withStarted(services, signal, async (): Promise<CheckedServices> => {
        const { services: reports } = await services.health({ signal });
        // The worst of all, critical or not: whoever asks wants to know.
        const status = worstStatus(Object.values(reports).flatMap((one) => one?.status ?? []));
        return { status, services: reports };
      }),
    );
  } catch (error) {
    if (isServiceConfigurationError(error)) {
      if (options.json === true) print({ status: "fail", problems: error.problems }, () => []);
      throw error;
    }
    if (!isExternalServiceError(error) || !services.names.includes(error.service)) throw error;
    report = failedStart(error, services.names, context.clock.wallNow());
  }
  print(report, () => healthLines(report, context.stdout));
  const failed = Object.values(report.services).filter((one) => one?.status === "fail");
  if (report.status !== "fail") return;
  throw new CommandFailure(`${failed.map((one) => one?.service).join(", ")} ${failed.length === 1 ? "fails" : "fail"}`);
}
