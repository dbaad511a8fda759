import { parseArgs } from "node:util";
import { parsed, UsageError } from "./command-line.ts";

/** What the command line says. */
export interface Flags {
  readonly port: number;
  readonly gatewayPort: number;
  readonly notificationsPort: number;
  readonly feedPort: number;
  readonly controlPort: number;
  readonly tour: boolean;
  readonly quick: boolean;
  readonly help: boolean;
}

export const usage = `npm start -- [flags]

  --port <n>                 of the application, 3000 unless given
  --gateway-port <n>         of the payment gateway, 4010
  --notifications-port <n>   of the notification service, 4011
  --feed-port <n>            of the price feed, 4012
  --control-port <n>         where faults are switched on and off, 4013
  --tour                     plays a guided tour of two minutes, on free ports, and ends
  --quick                    with --tour: the same in half a minute
  --help                     this page

A port that is taken gives way to the next free one; 0 is any free one.
`;

const ports = {
  port: 3000,
  "gateway-port": 4010,
  "notifications-port": 4011,
  "feed-port": 4012,
  "control-port": 4013,
} as const;

/** Reads the command line. @throws UsageError */
export function readFlags(args: readonly string[]): Flags {
  const { tour, quick, help, ...given } = parse(args);
  if (quick && !tour) throw new UsageError("--quick goes with --tour");
  // The tour is in nobody's way: its ports are free ones, unless given.
  const port = (name: keyof typeof ports): number => portOf(name, given[name] ?? String(tour ? 0 : ports[name]));
  return {
    port: port("port"),
    gatewayPort: port("gateway-port"),
    notificationsPort: port("notifications-port"),
    feedPort: port("feed-port"),
    controlPort: port("control-port"),
    tour,
    quick,
    help,
  };
}

function parse(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  return parsed(
    () =>
      parseArgs({
        args: [...args],
        options: {
          port: text,
          "gateway-port": text,
          "notifications-port": text,
          "feed-port": text,
          "control-port": text,
          tour: flag,
          quick: flag,
          help: flag,
        },
      }).values,
  );
}

function portOf(name: string, text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new UsageError(`--${name} must be a port from 0 to 65535`);
  return Number(text);
}
