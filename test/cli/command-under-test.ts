import { VirtualClock } from "../support/virtual-clock.ts";
import type { CommandContext, Output } from "../../src/cli/context.ts";
import { runCommandLine } from "../../src/cli/program.ts";

/** What a command has to do with, beside its arguments. */
export interface Surroundings extends Partial<Omit<CommandContext, "stdout" | "stderr">> {
  /** What the services file exports. */
  readonly exported?: object;
  readonly isTerminal?: boolean;
  readonly input?: string;
  /** Called with each piece of standard output. */
  readonly onOutput?: (text: string) => void;
}

/** What a command has said, and how it ended. */
export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  /** Lines of standard error. */
  readonly told: readonly string[];
}

/** A file that is there, so that a services file is found; what it exports is given by the test. */
export const someFile: string = import.meta.filename;

/** Runs one command line in this process. Styles are shown as `<red>…</red>` where there is a terminal. */
export async function run(args: readonly string[], around: Surroundings = {}): Promise<Ran> {
  const { exported = {}, isTerminal = false, input = "", onOutput, ...context } = around;
  const stdout: string[] = [];
  const stderr: string[] = [];
  const output = (pieces: string[], onPiece?: (text: string) => void): Output => ({
    isTerminal,
    columns: 100,
    write: (data) => {
      const text = typeof data === "string" ? data : Buffer.from(data).toString();
      pieces.push(text);
      onPiece?.(text);
    },
    style: (format, text) => (isTerminal ? `<${String(format)}>${text}</${String(format)}>` : text),
  });
  const exitCode = await runCommandLine(
    args,
    {
      cwd: import.meta.dirname,
      clock: new VirtualClock(),
      signal: new AbortController().signal,
      readInput: async () => Buffer.from(input),
      loadEnvFile: () => undefined,
      replaceLogger: () => undefined,
      importModule: async () => exported,
      ...context,
      stdout: output(stdout, onOutput),
      stderr: output(stderr),
    },
    "1.2.3",
  );
  return { exitCode, stdout: stdout.join(""), told: stderr.join("").split("\n").slice(0, -1) };
}

/** The arguments, with a services file that is there. */
export const withFile = (...args: readonly string[]): string[] => [...args, "--services", someFile];
