import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";

/** What the command line says. */
export interface Flags {
  readonly payments: number;
  readonly kills: number;
  readonly seed: number;
  readonly help: boolean;
}

/** The command line cannot be understood; the message says what to write instead. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const usage = `npm run payments -- [flags]

  --payments <n>   how many orders are paid, 200 to 99999; 10000 unless given
  --kills <n>      how often the shop is killed, at most once for 50 payments; 20 unless given
  --seed <n>       of the orders, the faults and the kills; by chance unless given
  --help           this page

Ends with 0 only if everything is proved.
`;

/** Reads the command line. @throws UsageError */
export function readFlags(args: readonly string[]): Flags {
  const given = parse(args);
  const payments = wholeOf("payments", given.payments, 200, 99_999);
  return {
    payments,
    // More would come faster than a shop can start, and leave nothing to interrupt.
    kills: wholeOf("kills", given.kills, 0, Math.floor(payments / 50)),
    seed: wholeOf("seed", given.seed ?? String(randomInt(2 ** 31)), 0, 2 ** 31 - 1),
    help: given.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        payments: { type: "string", default: "10000" },
        kills: { type: "string", default: "20" },
        seed: { type: "string" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    // The first sentence says what is wrong; the others explain how to pass it all the same.
    throw new UsageError((error as Error).message.split(/[.\n]/, 1)[0]);
  }
}

function wholeOf(name: string, text: string, least: number, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    throw new UsageError(`--${name} must be a whole number from ${least} to ${most}`);
  }
  return value;
}
