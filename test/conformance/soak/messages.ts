import type { Sabotage } from "./flags.ts";
import type { Stroke } from "./weather.ts";

/** How many numbers a stream is given, and how fast: number n is due `n / perSecond` seconds after `startedAt`. */
export interface Schedule {
  /** Milliseconds since 1970: the processes have this clock in common. */
  readonly startedAt: number;
  readonly perSecond: number;
  readonly total: number;
}

/** The number that is due last at this moment. */
export function dueAt(now: number, { startedAt, perSecond, total }: Schedule): number {
  return Math.max(0, Math.min(total, Math.floor(((now - startedAt) / 1000) * perSecond)));
}

/** What a stream says first on each connection. */
export interface Hello {
  readonly hello: number;
  readonly after: number;
  readonly generation: number;
  /** The far side is to say that it has heard, once it has sent some of what it has. */
  readonly isWelcomeWanted: boolean;
}

/** To the far side's process. */
export type FarSideCommand =
  | { readonly do: "listen"; readonly schedule: Schedule; readonly sabotage: Sabotage | undefined }
  | { readonly do: "dismiss"; readonly pick: number };

/** From it. An arrival is the stream, the connection and the number. */
export type FarSideReport =
  | { readonly is: "listening"; readonly port: number }
  | { readonly is: "arrived"; readonly arrivals: readonly (readonly [number, number, number])[] }
  | { readonly is: "dismissed"; readonly count: number };

/** To the proxy's process. */
export type ProxyCommand =
  | { readonly do: "forward"; readonly port: number }
  | { readonly do: "strike"; readonly kind: Stroke; readonly pick: number }
  | { readonly do: "block"; readonly how: "refuse" | "mute"; readonly forMs: number }
  | { readonly do: "tell" };

/** From it. */
export type ProxyReport = { readonly is: "listening"; readonly port: number } | ({ readonly is: "books" } & ProxyBooks);

/** What the proxy has seen and done. */
export interface ProxyBooks {
  readonly connections: number;
  readonly refused: number;
  readonly muted: number;
  readonly struck: Readonly<Record<string, number>>;
  /** Times at which a stream had two sockets to us for longer than it takes to close one. */
  readonly doubles: number;
  /** Sockets of clients that are open. */
  readonly open: number;
}
