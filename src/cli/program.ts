import { type Argument, Command, CommanderError, Option } from "commander";
import { describeCall, runCall } from "./commands/call.ts";
import { describeCheck, runCheck } from "./commands/check.ts";
import { describeDescribe, runDescribe } from "./commands/describe.ts";
import { describeGenerate, runGenerate } from "./commands/generate.ts";
import { describeInit, runInit } from "./commands/init.ts";
import { describeTail, runTail } from "./commands/tail.ts";
import type { CommandContext, Output } from "./context.ts";
import { type Ending, endingFor, UsageError } from "./failure.ts";
import { collected } from "./option-parsers.ts";

/**
 * Runs one command line and tells its exit code. All that went wrong is told on standard error, a line each; nothing is
 * thrown.
 *
 * @param args - without the program and the script.
 * @param version - of the package, for `--version`.
 */
export async function runCommandLine(
  args: readonly string[],
  context: CommandContext,
  version: string,
): Promise<number> {
  try {
    const program = programFor(context, version);
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(meant(args, program), { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const ending = endingFor(error instanceof CommanderError ? usageError(error, args[0]) : error);
    tell(ending, context.stderr);
    return ending.exitCode;
  }
}

function programFor(context: CommandContext, version: string): Command {
  const { stdout } = context;
  const program = new Command("hawser")
    .description("Looks after the outside services of a Node.js backend, by its services file.")
    .version(version, "-V, --version", "the version of hawser")
    .helpOption("-h, --help", "this page")
    .helpCommand(false)
    .exitOverride()
    // Its errors are told by us, in one line.
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: () => undefined,
      getOutHelpWidth: () => stdout.columns,
      getOutHasColors: () => stdout.style("bold", "text") !== "text",
    })
    .configureHelp({
      subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(termOf)].join(" "),
      styleTitle: (text) => stdout.style("bold", text),
      styleSubcommandTerm: (text) => stdout.style("cyan", text),
      styleOptionTerm: (text) => stdout.style("cyan", text),
      styleArgumentTerm: (text) => stdout.style("cyan", text),
    })
    .addHelpText(
      "after",
      "\nhawser help <command> is the page of a command.\nExit codes: 0 all is well, 1 a service failed, 2 wrong command line or settings, 130 Ctrl-C.",
    );
  const command = (name: string): Command => program.command(name).helpOption("-h, --help", "this page");
  describeInit(command("init")).action((options) => runInit(options, context));
  withServices(describeCheck(command("check"))).action((names, options) => runCheck(names, options, context));
  withServices(describeDescribe(command("describe"))).action((options) => runDescribe(options, context));
  withServices(describeCall(command("call"))).action((service, method, path, options) =>
    runCall([service, method, path], options, context),
  );
  withServices(describeTail(command("tail"))).action((stream, options) => runTail(stream, options, context));
  describeGenerate(command("generate")).action((source, options) => runGenerate(source, options, context));
  return program;
}

function termOf(argument: Argument): string {
  const name = argument.name() + (argument.variadic ? "..." : "");
  return argument.required ? `<${name}>` : `[${name}]`;
}

/** `help check` is `check --help`. Of a command that is unknown no page is asked for, but that it is unknown is told. */
function meant(args: readonly string[], program: Command): string[] {
  const [first = "", ...rest] = args;
  if (first === "help") return rest.length === 0 ? ["--help"] : meant([...rest.slice(0, 1), "--help"], program);
  const isKnown = first.startsWith("-") || program.commands.some((command) => command.name() === first);
  return isKnown ? [...args] : [first];
}

/** Adds what every command takes that loads a services file. */
function withServices(command: Command): Command {
  const heading = "Services:";
  const add = (option: Option): Command => command.addOption(option.helpGroup(heading));
  add(new Option("--services <file>", "the file that exports the registry (default: services.ts, src/services.ts, …)"));
  add(
    new Option(
      "-e, --env-file <file>",
      "takes variables from this file, those of the shell winning; may be repeated, the last file winning (default: .env where there is one)",
    ).argParser(collected),
  );
  return add(
    new Option("--log <level>", "log lines of the services, on standard error")
      .choices(["debug", "info", "warn", "error", "silent"])
      .default("silent", "silent"),
  );
}

/** What commander found wrong, in one line, with where to look. */
function usageError({ message }: CommanderError, command: string | undefined): UsageError {
  const text = message
    .replace(/^error: /, "")
    .replaceAll(/\s*\n\s*/g, " ")
    .replace("(Did you mean", "(did you mean")
    .replace(/\.$/, "");
  const isOfCommand = command !== undefined && !command.startsWith("-") && !text.startsWith("unknown command");
  return new UsageError(`${text}; see hawser ${isOfCommand ? `${command} ` : ""}--help`);
}

function tell({ problems, details }: Ending, stderr: Output): void {
  for (const problem of problems) stderr.write(`${stderr.style("red", "hawser:")} ${problem}\n`);
  for (const detail of details) stderr.write(`${stderr.style("dim", `  ${detail}`)}\n`);
}
