import type { OptionReader } from "../../core/options.ts";
import type { Classify } from "./close-codes.ts";
import type { ReconnectLimits, RotationLimits } from "./connection-model.ts";

// Node's timers fire at once above it.
const longestMs = 2 ** 31 - 1;

// What most streams have is kept once, and not in each of thousands.
const ordinary: ReconnectLimits = {
  baseDelayMs: 500,
  maxDelayMs: 30_000,
  stableAfterMs: 10_000,
  maxAttempts: Number.POSITIVE_INFINITY,
};
const ordinaryReturnMs = 300_000;

/** When and how often a lost connection is dialled again. Durations are milliseconds, above 0. */
export interface ReconnectOptions {
  /**
   * The wait before redial `i`, from 0, is a random share of `baseDelayMs * 2^i`, where `i` grows when every endpoint was
   * tried. @defaultValue 500
   */
  readonly baseDelayMs?: number | undefined;
  /**
   * The most that the wait grows to, and that a `Retry-After` counts for; close codes 1012 and 1013 wait for a share of
   * it. At least `baseDelayMs`. @defaultValue 30000
   */
  readonly maxDelayMs?: number | undefined;
  /** How long a connection must have been open before the backoff starts anew. @defaultValue 10000 */
  readonly stableAfterMs?: number | undefined;
  /** Redials in a row before the stream has failed; whole, from 0. @defaultValue Infinity */
  readonly maxAttempts?: number | undefined;
  /** When a stream that can rotate goes back from another endpoint to the first. @defaultValue 300000 (5 min) */
  readonly returnAfterMs?: number | undefined;
  /**
   * Judges the end of an attempt or a connection before the library does, for what a service means by codes of its
   * own. What it throws goes to `onError`, and counts as no answer.
   */
  readonly classify?: Classify | undefined;
}

/** For feeds that cut every connection after a while, or announce that they will. */
export interface RotateOptions<Message> {
  /** The age at which a connection gives way to another, up to a tenth earlier. Milliseconds. @defaultValue Infinity */
  readonly everyMs?: number | undefined;
  /** Whether a message announces the end of its connection. */
  readonly when?: ((message: Message) => boolean) | undefined;
}

/** What the options say of the connections that follow one another. */
export interface SuccessionSettings<Message> {
  readonly reconnect: ReconnectLimits | false;
  readonly classify: Classify | undefined;
  /** `false` where the messages of two connections could not be told apart. */
  readonly rotation: RotationLimits | false;
  readonly announcesEnd: ((message: Message) => boolean) | undefined;
}

/**
 * Reads `reconnect` and `rotate`.
 *
 * @param canTellApart - `resume` or `dedupe` is given, without which a rotation would deliver messages twice.
 */
export function readSuccession<Message>(reader: OptionReader, canTellApart: boolean): SuccessionSettings<Message> {
  const { reconnect, classify, returnAfterMs } = readReconnect(reader);
  const rotate = readRotate<Message>(reader);
  const canRotate = canTellApart && reconnect !== false;
  if (rotate !== undefined && !canRotate) {
    reader.problem("rotate needs reconnect, and resume or dedupe: without them messages would come twice");
  }
  const everyMs = rotate?.everyMs ?? Number.POSITIVE_INFINITY;
  return {
    reconnect,
    classify,
    rotation: canRotate && { everyMs, returnAfterMs },
    announcesEnd: rotate?.when,
  };
}

function readReconnect(reader: OptionReader): {
  readonly reconnect: ReconnectLimits | false;
  readonly classify: Classify | undefined;
  readonly returnAfterMs: number;
} {
  const isOff = reader.any("reconnect") === false;
  const nested = isOff ? undefined : reader.nested("reconnect");
  if (nested === undefined) {
    return { reconnect: !isOff && ordinary, classify: undefined, returnAfterMs: ordinaryReturnMs };
  }
  const duration = (name: string, fallback: number): number =>
    nested.number(name, fallback, { min: 1, max: longestMs });
  const baseDelayMs = duration("baseDelayMs", ordinary.baseDelayMs);
  const maxDelayMs = duration("maxDelayMs", Math.max(ordinary.maxDelayMs, baseDelayMs));
  if (nested.isGiven("baseDelayMs") && baseDelayMs > maxDelayMs) {
    reader.problem(`reconnect.baseDelayMs (${baseDelayMs}) must not be above reconnect.maxDelayMs (${maxDelayMs})`);
  }
  const stableAfterMs = duration("stableAfterMs", ordinary.stableAfterMs);
  const maxAttempts = nested.number("maxAttempts", ordinary.maxAttempts, { min: 0, whole: true });
  const returnAfterMs = duration("returnAfterMs", ordinaryReturnMs);
  const classify = nested.function<Classify>("classify");
  nested.rejectUnknown();
  return { reconnect: { baseDelayMs, maxDelayMs, stableAfterMs, maxAttempts }, classify, returnAfterMs };
}

function readRotate<Message>(reader: OptionReader): RotateOptions<Message> | undefined {
  const nested = reader.nested("rotate");
  if (nested === undefined) return undefined;
  const everyMs = nested.number("everyMs", undefined, { min: 1, max: longestMs });
  const when = nested.function<(message: Message) => boolean>("when");
  if (everyMs === undefined && when === undefined) reader.problem("rotate needs everyMs, or when, or both");
  nested.rejectUnknown();
  return { everyMs, when };
}
