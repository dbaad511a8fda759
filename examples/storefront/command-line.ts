/** The command line cannot be understood; the message says what to write instead. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What a reader of flags returns, who throws as `parseArgs` does. @throws UsageError */
export function parsed<Values>(parse: () => Values): Values {
  try {
    return parse();
  } catch (error) {
    // The first sentence says what is wrong; the others explain how to pass it all the same.
    throw new UsageError((error as Error).message.split(/[.\n]/, 1)[0]);
  }
}

/** A flag whose text has to be a number. @param decimals - how many at the most. @throws UsageError */
export function numberOf(name: string, text: string, least: number, most: number, decimals = 0): number {
  const form = decimals === 0 ? /^\d{1,10}$/ : new RegExp(`^\\d{1,10}(?:\\.\\d{1,${decimals}})?$`);
  const value = form.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    throw new UsageError(`--${name} must be a ${decimals === 0 ? "whole " : ""}number from ${least} to ${most}`);
  }
  return value;
}

/** A program that is started from the command line. */
export interface Command<Flags> {
  /** Before what it says when it fails. */
  readonly name: string;
  readonly usage: string;
  readonly print: (text: string) => void;
  /** @throws UsageError */
  readonly readFlags: (args: readonly string[]) => Flags;
  readonly play: (flags: Flags) => Promise<void>;
}

/** Plays as the flags of this process say; the exit code is 2 where they cannot be understood, 1 where it fails. */
export async function runCommand<Flags extends { readonly help: boolean }>(command: Command<Flags>): Promise<void> {
  const { name, usage, print, readFlags, play } = command;
  try {
    const flags = readFlags(process.argv.slice(2));
    if (flags.help) print(usage);
    else await play(flags);
  } catch (error) {
    const isUsage = error instanceof UsageError;
    process.stderr.write(`${name}: ${(error as Error).message}${isUsage ? " (--help shows the flags)" : ""}\n`);
    process.exitCode = isUsage ? 2 : 1;
  }
}
