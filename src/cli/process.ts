import { readFileSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { isatty } from "node:tty";
import { pathToFileURL } from "node:url";
import { styleText } from "node:util";
import { systemClock } from "../core/clock.ts";
import { replaceDefaultLogger } from "../core/logger.ts";
import { type CommandContext, Interruption, type Output, OutputClosed } from "./context.ts";
import { inOneLine } from "./failure.ts";
import { runCommandLine } from "./program.ts";

/** Runs the command line of this process, and ends it: whatever the services file has opened, nothing keeps it alive. */
export async function runProcess(own: NodeJS.Process): Promise<void> {
  const ending = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    const interruption = new Interruption(name === "SIGTERM" ? "SIGTERM" : "SIGINT");
    // The second one is from somebody who has no more patience.
    if (ending.signal.aborted) own.exit(interruption.exitCode);
    ending.abort(interruption);
  };
  own.on("SIGINT", onSignal);
  own.on("SIGTERM", onSignal);
  ownWarnings(own);
  // What a services file does in the background may throw at any time.
  own.on("uncaughtException", (error) => {
    own.stderr.write(`hawser: ${inOneLine(error)}\n`);
    own.exit(1);
  });
  own.once("beforeExit", () => {
    own.stderr.write("hawser: the services file waits for something that never comes: look at what it awaits\n");
    own.exit(2);
  });

  const context: CommandContext = {
    cwd: own.cwd(),
    clock: systemClock,
    stdout: outputOf(own.stdout, () => ending.abort(new OutputClosed("nobody reads the output any more"))),
    // Nobody to tell it to.
    stderr: outputOf(own.stderr, () => undefined),
    signal: ending.signal,
    readInput: () => buffer(own.stdin),
    loadEnvFile: (path) => own.loadEnvFile(path),
    replaceLogger: replaceDefaultLogger,
    importModule: async (path) => import(pathToFileURL(path).href) as Promise<unknown>,
  };
  const exitCode = await runCommandLine(own.argv.slice(2), context, ownVersion());
  await Promise.all([flushed(own.stdout), flushed(own.stderr)]);
  own.exit(exitCode);
}

function outputOf(stream: NodeJS.WriteStream & { readonly fd: number }, onClosed: () => void): Output {
  stream.on("error", onClosed);
  return {
    isTerminal: isatty(stream.fd),
    get columns() {
      return isatty(stream.fd) ? stream.columns : 100;
    },
    write: (data) => void stream.write(data),
    style: (format, text) => styleText(format, text, { stream }),
  };
}

/** What was written has left, or can never leave. */
async function flushed(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.destroyed || stream.writableLength === 0) return;
  await new Promise<void>((resolve) => void stream.write("", () => resolve()));
}

/** Warnings in one line each, and none about how the services file is loaded: that is on purpose, or told as an error. */
function ownWarnings(own: NodeJS.Process): void {
  own.removeAllListeners("warning");
  own.on("warning", (warning: Error & { readonly code?: string }) => {
    const isAboutLoading =
      warning.code === "MODULE_TYPELESS_PACKAGE_JSON" ||
      warning.message.startsWith("Failed to load the ES module") ||
      (warning.name === "ExperimentalWarning" && /Type Stripping|ES Module/.test(warning.message));
    if (!isAboutLoading) own.stderr.write(`hawser: ${inOneLine(warning)}\n`);
  });
}

function ownVersion(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
