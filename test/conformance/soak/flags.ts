import { parseArgs } from "node:util";
import { numberOf, parsed, UsageError } from "../../../examples/storefront/command-line.ts";

/** Ways to break the soak on purpose: it has to find each of them. */
export const sabotages = ["drop", "swap", "lose", "leak", "hang", "timer", "twice", "socket"] as const;
export type Sabotage = (typeof sabotages)[number];

/** What the command line says. */
export interface Flags {
  readonly minutes: number;
  readonly seed: number;
  readonly sabotage: Sabotage | undefined;
  readonly help: boolean;
}

export const usage = `npm run soak:ws -- [flags]

  --minutes <n>      how long, 0.1 to 600; 10 unless given
  --seed <n>         of what is broken when, and of what handlers do; 1 unless given
  --sabotage <what>  breaks the soak itself, which has to end with 1:
                     drop    the far side leaves a number out
                     swap    the far side exchanges two numbers
                     lose    a message that was sent vanishes on the way
                     leak    memory is kept for each delivery
                     hang    a send never settles
                     timer   a timer is left at the end
                     twice   a message that was sent arrives twice
                     socket  a second socket of a stream stays open
  --help             this page

Ends with 0 only if nothing was violated.
`;

/** Reads the command line. @throws UsageError */
export function readFlags(args: readonly string[]): Flags {
  const given = parse(args);
  const sabotage = sabotages.find((one) => one === given.sabotage);
  if (given.sabotage !== undefined && sabotage === undefined) {
    throw new UsageError(`--sabotage must be one of ${sabotages.join(", ")}`);
  }
  return {
    minutes: numberOf("minutes", given.minutes, 0.1, 600, 3),
    seed: numberOf("seed", given.seed, 0, 2 ** 31 - 1),
    sabotage,
    help: given.help,
  };
}

function parse(args: readonly string[]) {
  return parsed(
    () =>
      parseArgs({
        args: [...args],
        options: {
          minutes: { type: "string", default: "10" },
          seed: { type: "string", default: "1" },
          sabotage: { type: "string" },
          help: { type: "boolean", default: false },
        },
      }).values,
  );
}
