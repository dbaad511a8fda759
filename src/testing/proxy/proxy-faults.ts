import { OptionReader } from "../../core/options.ts";

/** What is done to the bytes that go one way. Durations are milliseconds, from 0. */
export interface DirectionFaults {
  /** How much later each piece arrives. @defaultValue 0 */
  readonly latencyMs?: number | undefined;
  /** At most so much more, drawn for each piece; the order stays. @defaultValue 0 */
  readonly jitterMs?: number | undefined;
  /** Of each connection, from 1. @defaultValue no limit */
  readonly bytesPerSecond?: number | undefined;
  /** Nothing is passed on, also no end: to either side the other has gone silent. @defaultValue false */
  readonly stall?: boolean | undefined;
  /** So many bytes of the connection arrive, then its end, as if that were all. @defaultValue no limit */
  readonly truncateAfterBytes?: number | undefined;
  /** So many bytes of the connection arrive, then both sides get a reset. @defaultValue no limit */
  readonly resetAfterBytes?: number | undefined;
  /** How much later the end of the connection arrives. @defaultValue 0 */
  readonly closeDelayMs?: number | undefined;
}

/** What a fault proxy does. Given beside `toTarget` and `toClient`, a fault holds for both. */
export interface ProxyFaults extends DirectionFaults {
  /** For the bytes of the client alone. */
  readonly toTarget?: DirectionFaults | undefined;
  /** For the bytes of the target alone. */
  readonly toClient?: DirectionFaults | undefined;
  /**
   * What becomes of a new connection: it is passed on; it is taken, and nothing follows (`hang`); it is taken and reset
   * (`reset`). One that finds nobody listening is made by `down()`. @defaultValue "forward"
   */
  readonly accept?: "forward" | "hang" | "reset" | undefined;
}

/** What is done to one direction, with all defaults. */
export type Direction = { readonly [Name in keyof DirectionFaults]-?: NonNullable<DirectionFaults[Name]> };

/** What a proxy does, with all defaults. */
export interface Faults {
  readonly accept: NonNullable<ProxyFaults["accept"]>;
  readonly toTarget: Direction;
  readonly toClient: Direction;
}

const none: Direction = {
  latencyMs: 0,
  jitterMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  stall: false,
  truncateAfterBytes: Number.POSITIVE_INFINITY,
  resetAfterBytes: Number.POSITIVE_INFINITY,
  closeDelayMs: 0,
};

/** No fault at all. */
export const sound: Faults = { accept: "forward", toTarget: none, toClient: none };

// Node's timers fire at once above it.
const longestMs = 2 ** 31 - 1;

/** Checks what a user gives; the reader reports it. */
export function readFaults(reader: OptionReader): ProxyFaults {
  const toTarget = reader.nested("toTarget");
  const toClient = reader.nested("toClient");
  const accept = reader.isGiven("accept") ? reader.oneOf("accept", ["forward", "hang", "reset"], "forward") : undefined;
  const both = readDirection(reader);
  const faults = {
    ...both,
    toTarget: toTarget === undefined ? undefined : readDirection(toTarget),
    toClient: toClient === undefined ? undefined : readDirection(toClient),
    accept,
  };
  toTarget?.rejectUnknown();
  toClient?.rejectUnknown();
  return faults;
}

function readDirection(reader: OptionReader): DirectionFaults {
  const ms = (name: string): number | undefined => reader.number(name, undefined, { min: 0, max: longestMs });
  const count = (name: string, min: number): number | undefined => reader.number(name, undefined, { min, whole: true });
  return {
    latencyMs: ms("latencyMs"),
    jitterMs: ms("jitterMs"),
    bytesPerSecond: count("bytesPerSecond", 1),
    stall: reader.isGiven("stall") ? reader.boolean("stall", false) : undefined,
    truncateAfterBytes: count("truncateAfterBytes", 0),
    resetAfterBytes: count("resetAfterBytes", 0),
    closeDelayMs: ms("closeDelayMs"),
  };
}

/** @throws ServiceConfigurationError with every problem at once. */
export function checkedFaults(given: ProxyFaults): ProxyFaults {
  const reader = new OptionReader("faultProxy", given);
  const faults = readFaults(reader);
  reader.finish();
  return faults;
}

/** Those of each layer over those before it; `undefined` says nothing. */
export function layered(layers: readonly ProxyFaults[]): Faults {
  return layers.reduce<Faults>(
    (below, layer) => ({
      accept: layer.accept ?? below.accept,
      toTarget: over(over(below.toTarget, layer), layer.toTarget),
      toClient: over(over(below.toClient, layer), layer.toClient),
    }),
    sound,
  );
}

function over(below: Direction, faults: DirectionFaults = {}): Direction {
  return {
    latencyMs: faults.latencyMs ?? below.latencyMs,
    jitterMs: faults.jitterMs ?? below.jitterMs,
    bytesPerSecond: faults.bytesPerSecond ?? below.bytesPerSecond,
    stall: faults.stall ?? below.stall,
    truncateAfterBytes: faults.truncateAfterBytes ?? below.truncateAfterBytes,
    resetAfterBytes: faults.resetAfterBytes ?? below.resetAfterBytes,
    closeDelayMs: faults.closeDelayMs ?? below.closeDelayMs,
  };
}
