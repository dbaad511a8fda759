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
  /** What `open` gives, where that can be looked at before it is sent: for who signs it. Absent for a stream. */
  readonly payload?: string | Uint8Array;
  open(): string | Uint8Array | Readable | null;
}

const none: PreparedBody = { contentType: undefined, isReplayable: true, payload: "", open: () => null };

const fixed = (contentType: string, value: string | Uint8Array): PreparedBody => ({
  contentType,
  isReplayable: true,
  payload: value,
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
      return fixed(
        "application/x-www-form-urlencoded",
        encodeFields("form", options.form, report).replaceAll("%20", "+"),
      );
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

/**
 * Fields as `a=1&b=2`, encoded; a space becomes `%20`, which every server reads.
 *
 * @param kind - how the fields are called where they were given.
 */
export function encodeFields(kind: string, fields: Fields | undefined, report: (problem: string) => void): string {
  // Without the check, a URLSearchParams, a Map and a string would all be sent as something else, or as nothing.
  if (typeof fields !== "object" || fields === null || Symbol.iterator in fields) {
    report(`${kind} must be an object of names and values`);
    return "";
  }
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? (value as readonly FieldValue[]) : [value as FieldValue]) {
      if (one === undefined || one === null) continue;
      const text = fieldText(one);
      if (text === undefined)
        report(`${kind}.${name} must be a string, number, boolean, valid Date, or a list of these`);
      else pairs.push(`${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(text.toWellFormed())}`);
    }
  }
  return pairs.join("&");
}

function fieldText(value: NonNullable<FieldValue>): string | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  return typeof value === "object" || typeof value === "function" ? undefined : String(value);
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
  if (wasRead(source)) {
    report(`stream ${usedUp}`);
    return none;
  }
  return { contentType, isReplayable: false, open: () => toReadable(source) };
}

const usedUp = "was read before and would be sent empty: give a function that makes a new one for each attempt";

// undici sends a used stream or iterator again as an empty body, and calls that success; so it never gets one.
const opened = new WeakSet<object>();

function wasRead(source: BodyStream): boolean {
  return opened.has(source) || Readable.isDisturbed(source as Readable);
}

function toReadable(source: BodyStream): Readable {
  if (typeof source !== "object" || (source as object | null) === null) {
    throw new TypeError("the function must return a stream or an iterable of Uint8Array");
  }
  if (wasRead(source)) throw new Error(`it ${usedUp}`);
  // An array and its like can be read again; a stream, and an iterator such as a generator makes, cannot.
  const isReadOnce = source instanceof Readable || source instanceof ReadableStream || "next" in source;
  if (isReadOnce) opened.add(source);
  return source instanceof Readable ? source : Readable.from(source, { objectMode: false });
}
