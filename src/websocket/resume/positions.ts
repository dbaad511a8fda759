/** A number counts: the next message has one more. A string is opaque: only the same one again is recognised. */
export type Offset = number | string;

/**
 * Where in a feed a message stands. With an `epoch`, offsets of different epochs are never compared: it is whatever
 * says that the count began anew (an id of the server's run, of a session, the number of the connection).
 */
export type Position = Offset | { readonly epoch: Offset; readonly offset: Offset };

/**
 * What a position is after the last one that was received.
 *
 * - `first`: nothing was received yet, so nothing is missing.
 * - `next`: one further; or another string, of which nobody can say what lies between.
 * - `duplicate`: at or before the last one.
 * - `gap`: a number further than one beyond it.
 * - `new-epoch`: of another count, so that what is missing has no size.
 */
export type Verdict = "first" | "next" | "duplicate" | "gap" | "new-epoch";

export function judge(last: Position | undefined, position: Position): Verdict {
  if (last === undefined) return "first";
  if (epochOf(last) !== epochOf(position)) return "new-epoch";
  const [before, offset] = [offsetOf(last), offsetOf(position)];
  if (typeof before === "number" && typeof offset === "number") {
    if (offset <= before) return "duplicate";
    return offset === before + 1 ? "next" : "gap";
  }
  if (typeof before !== typeof offset) return "new-epoch";
  return before === offset ? "duplicate" : "next";
}

export function offsetOf(position: Position): Offset {
  return typeof position === "object" ? position.offset : position;
}

/** Undefined for a bare number or string. */
export function epochOf(position: Position): Offset | undefined {
  return typeof position === "object" ? position.epoch : undefined;
}

/** The same text for the same position, and for no other. */
export function idOf(position: Position): string {
  return JSON.stringify(typeof position === "object" ? [position.epoch, position.offset] : position);
}

/** Why a value is no position, in words; undefined where it is one. Shows numbers alone. */
export function positionProblem(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return offsetProblem(value);
  if (!isPair(value)) return "it must have epoch and offset, and nothing else";
  const problem = offsetProblem(value.epoch);
  if (problem !== undefined) return `its epoch: ${problem}`;
  const inOffset = offsetProblem(value.offset);
  return inOffset === undefined ? undefined : `its offset: ${inOffset}`;
}

/** Exactly `{ epoch, offset }`, which tells a position from a record of them. */
export function isPair(value: object): value is { readonly epoch: unknown; readonly offset: unknown } {
  return Object.keys(value).length === 2 && "epoch" in value && "offset" in value;
}

function offsetProblem(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? "a string must not be empty" : undefined;
  // Above 2^53 neighbours are the same number; JSON.parse has rounded them already.
  if (typeof value === "number") {
    return Number.isSafeInteger(value) ? undefined : `${value} is no safe integer; as a string it is taken as opaque`;
  }
  if (typeof value === "bigint") return "a bigint must be made a number, or a string, which is taken as opaque";
  return `it must be a number or a string, not ${value === null ? "null" : typeof value}`;
}

/** Of these keys alone, as far as they have one. */
export function positionsAt(
  all: ReadonlyMap<string, Position> | undefined,
  keys: readonly string[],
): ReadonlyMap<string, Position> {
  return new Map(
    keys.flatMap((key) => {
      const position = all?.get(key);
      return position === undefined ? [] : [[key, position] as const];
    }),
  );
}
