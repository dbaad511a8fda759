import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { numberOf, parsed } from "../../../examples/storefront/command-line.ts";

/** What the command line says. */
export interface Flags {
  readonly payments: number;
  readonly kills: number;
  readonly seed: number;
  readonly help: boolean;
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
  const payments = numberOf("payments", given.payments, 200, 99_999);
  return {
    payments,
    // More would come faster than a shop can start, and leave nothing to interrupt.
    kills: numberOf("kills", given.kills, 0, Math.floor(payments / 50)),
    seed: numberOf("seed", given.seed ?? String(randomInt(2 ** 31)), 0, 2 ** 31 - 1),
    help: given.help,
  };
}

function parse(args: readonly string[]) {
  return parsed(
    () =>
      parseArgs({
        args: [...args],
        options: {
          payments: { type: "string", default: "10000" },
          kills: { type: "string", default: "20" },
          seed: { type: "string" },
          help: { type: "boolean", default: false },
        },
      }).values,
  );
}
