import { Readable } from "node:stream";

/** What a body can be streamed from. */
export type BodyStream = Readable | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** A stream that a call was given: as it is, to be read once, or as a function that makes it for each attempt. */
export type StreamSource = BodyStream | (() => BodyStream);

/** Why this cannot be streamed, or undefined where it can. */
export function streamProblem(source: unknown): string | undefined {
  if (typeof source === "function") return undefined;
  const isStream =
    typeof source === "object" && source !== null && (Symbol.asyncIterator in source || Symbol.iterator in source);
  if (!isStream || source instanceof Uint8Array) {
    return "must be a stream, an iterable of Uint8Array, or a function that makes one";
  }
  return wasRead(source as BodyStream) ? usedUp : undefined;
}

/** The stream of one attempt. @throws Error where it was read before. */
export function openStream(source: StreamSource): Readable {
  return toReadable(typeof source === "function" ? source() : source);
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
