import { Readable } from "node:stream";

/** A form field: a list repeats the name; undefined and null are left out. */
export type FieldValue = string | number | boolean | bigint | Date | null | undefined;
export type Fields = Readonly<Record<string, FieldValue | readonly FieldValue[]>>;

/** What a body can be streamed from. */
export type BodyStream = Readable | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** The body of a request: at most one of these. */
export interface BodyOptions {
  /** Anything that `JSON.stringify` takes. */
  readonly json?: unknown;
  /** `application/x-www-form-urlencoded` */
  readonly form?: Fields | undefined;
  readonly text?: string | undefined;
  readonly bytes?: Uint8Array | undefined;
  /**
   * A function that makes the stream, called anew for each attempt. A stream given as it is can be read once only, so
   * a call with one is never retried.
   */
  readonly stream?: BodyStream | (() => BodyStream) | undefined;
}

const kinds = ["json", "form", "text", "bytes", "stream"] as const;

/** The names of the options that are bodies. */
export const bodyKinds: readonly string[] = kinds;

/** A body as the transport takes it. */
export interface PreparedBody {
  readonly contentType: string | undefined;
  /** Whether {@link PreparedBody.open} may be called again for another attempt. */
  readonly isReplayable: boolean;
  open(): string | Uint8Array | Readable | null;
}

const none: PreparedBody = { contentType: undefined, isReplayable: true, open: () => null };

const fixed = (contentType: string, value: string | Uint8Array): PreparedBody => ({
  contentType,
  isReplayable: true,
  open: () => value,
});

/**
 * Encodes the body of a call once, before any I/O.
 *
 * @param report - is told what is wrong; the call is then not made.
 */
export function prepareBody(options: BodyOptions, report: (problem: string) => void): PreparedBody {
  const given = kinds.filter((kind) => options[kind] !== undefined);
  if (given.length > 1) report(`a call has one body, not ${given.join(" and ")}`);
  const [kind] = given;
  switch (kind) {
    case "json":
      return fixed("application/json", encodeJson(options.json, report));
    case "form":
      return fixed("application/x-www-form-urlencoded", encodeFields(options.form ?? {}).replaceAll("%20", "+"));
    case "text":
      if (typeof options.text !== "string") report("text must be a string");
      return fixed("text/plain;charset=UTF-8", String(options.text));
    case "bytes":
      if (!(options.bytes instanceof Uint8Array)) report("bytes must be a Uint8Array or a Buffer");
      return fixed("application/octet-stream", options.bytes ?? "");
    case "stream":
      return prepareStream(options.stream, report);
    default:
      return none;
  }
}

function encodeJson(value: unknown, report: (problem: string) => void): string {
  try {
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) return text;
    report("json must be a value that JSON has: not a function or a symbol");
  } catch (error) {
    // The message names the property (a cycle, a BigInt), not what it holds.
    report(`json cannot be encoded: ${error instanceof Error ? error.message.split("\n", 1)[0] : "unknown reason"}`);
  }
  return "";
}

/** Fields as `a=1&b=2`, encoded; a space becomes `%20`, which every server reads. */
export function encodeFields(fields: Fields): string {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? (value as readonly FieldValue[]) : [value as FieldValue]) {
      if (one === undefined || one === null) continue;
      const text = one instanceof Date ? one.toISOString() : String(one);
      pairs.push(`${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(text.toWellFormed())}`);
    }
  }
  return pairs.join("&");
}

function prepareStream(source: BodyOptions["stream"], report: (problem: string) => void): PreparedBody {
  const contentType = "application/octet-stream";
  if (typeof source === "function") {
    return { contentType, isReplayable: true, open: () => toReadable(source()) };
  }
  const isStream =
    typeof source === "object" && source !== null && (Symbol.asyncIterator in source || Symbol.iterator in source);
  if (!isStream || source instanceof Uint8Array) {
    report("stream must be a stream, an iterable of Uint8Array, or a function that makes one");
    return none;
  }
  return { contentType, isReplayable: false, open: () => toReadable(source) };
}

// undici takes iterables itself, but sends a used one again as an empty body and calls that success. A Readable is
// refused when it was read before.
const toReadable = (source: BodyStream): Readable =>
  source instanceof Readable ? source : Readable.from(source, { objectMode: false });
