import type { OptionReader } from "../../core/options.ts";
import { isPair, type Offset, type Position, positionProblem } from "./positions.ts";

/** The key of messages that belong to no subscription. */
export const streamKey = "";

/** What lies between two messages of a key. */
export interface Gap {
  /** That of the subscription; `""` where there are none. */
  readonly key: string;
  /** The last offset that was received; undefined where another epoch began, of which nothing is known. */
  readonly after: Offset | undefined;
  /** The offset of the first message after it. */
  readonly before: Offset;
  /** That of `before`, where positions have epochs. */
  readonly epoch?: Offset | undefined;
}

/**
 * - `no-fill`: there is no `fill`.
 * - `incomplete`: `fill` gave less.
 * - `failed`: it threw, or took longer than its limit; `onError` was told as well.
 * - `overflow`: more came meanwhile than may be held.
 */
export type GapReason = "no-fill" | "incomplete" | "failed" | "overflow";

/** Messages that were not received and will not be. */
export interface MissedGap extends Gap {
  /** How many; undefined where that cannot be known. */
  readonly missing: number | undefined;
  /** Why they were not fetched. */
  readonly reason: GapReason;
}

/** What a `fill` gives: the messages, all at once or one after the other. */
export type Filling<Message> = Iterable<Message> | AsyncIterable<Message>;

/** How a stream goes on where it was. Positions are kept for each key of the subscriptions. */
export interface StreamResumeOptions<Message> {
  /**
   * Where a message stands; undefined for one that does not count. `connection` is the number of its connection: the
   * epoch of a feed that counts anew on each.
   */
  readonly positionOf: (message: Message, about: { readonly connection: number }) => Position | undefined;
  /**
   * The message that asks a new connection for what came after a position, where no subscription does: sent after
   * `onConnect`, with `key` `""`. With `subscriptions`, their `subscribe` is told the positions.
   */
  readonly request?: ((position: Position, about: { readonly key: string }) => unknown) | undefined;
  /** Where to begin: what `positions()` gave earlier, or a position for a stream without subscriptions. */
  readonly from?: Position | ReadonlyMap<string, Position> | Readonly<Record<string, Position>> | undefined;
  /**
   * Fetches what lies in a gap, in order. It may give more, which is dropped. Messages of the key wait meanwhile, those
   * of others flow on. `requestTimeoutMs` is its limit; the time that handlers take for what it gave does not count.
   * Where it throws a ServiceConnectionError it is asked once more, for what is missing then.
   */
  readonly fill?:
    | ((gap: Gap & { readonly signal: AbortSignal }) => Filling<Message> | Promise<Filling<Message>>)
    | undefined;
  /** Told of what is missing for good. */
  readonly onGap?: ((gap: MissedGap) => void | Promise<void>) | undefined;
}

/** The options, checked. */
export interface ResumeSettings<Message> extends Omit<StreamResumeOptions<Message>, "from"> {
  readonly from: ReadonlyMap<string, Position>;
}

/** Reads `resume`; undefined where it was not given. */
export function readResume<Message>(reader: OptionReader): ResumeSettings<Message> | undefined {
  type Options = StreamResumeOptions<Message>;
  const nested = reader.nested("resume");
  if (nested === undefined) return undefined;
  const positionOf = nested.function<Options["positionOf"]>("positionOf");
  if (!nested.isGiven("positionOf")) nested.problem("resume.positionOf is missing: a function");
  const settings = {
    request: nested.function<NonNullable<Options["request"]>>("request"),
    fill: nested.function<NonNullable<Options["fill"]>>("fill"),
    onGap: nested.function<NonNullable<Options["onGap"]>>("onGap"),
    from: readFrom(nested),
  };
  nested.rejectUnknown();
  return positionOf === undefined ? undefined : { positionOf, ...settings };
}

function readFrom(reader: OptionReader): ReadonlyMap<string, Position> {
  const given = reader.any("from");
  if (given === undefined) return new Map();
  // positions() gives a Map, and a program may well hand it on as it is.
  const isSingle = typeof given !== "object" || given === null || (!(given instanceof Map) && isPair(given));
  const entries: readonly (readonly [unknown, unknown])[] = isSingle
    ? [[streamKey, given]]
    : given instanceof Map
      ? [...(given as Map<unknown, unknown>)]
      : Object.entries(given);
  const from = new Map<string, Position>();
  for (const [key, position] of entries) {
    const problem = positionProblem(position);
    const where = isSingle ? "" : `[${JSON.stringify(String(key))}]`;
    if (problem !== undefined) reader.problem(`resume.from${where} is not a position: ${problem}`);
    else from.set(String(key), position as Position);
  }
  return from;
}
