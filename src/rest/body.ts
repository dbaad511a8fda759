import { openStream, type StreamSource, streamProblem } from "./body-stream.ts";
import { encodeFields, type Fields } from "./fields.ts";
import { type MultipartBody, prepareMultipart } from "./multipart.ts";
import type { PreparedBody } from "./prepared-body.ts";
import { type OnProgress, watched } from "./upload-progress.ts";

/** The body of a request: at most one of these. */
export interface BodyOptions {
  /** Anything that `JSON.stringify` takes. */
  readonly json?: unknown;
  /** `application/x-www-form-urlencoded` */
  readonly form?: Fields | undefined;
  /** `multipart/form-data`: fields and files, see {@link MultipartBody}. */
  readonly multipart?: MultipartBody | undefined;
  readonly text?: string | undefined;
  readonly bytes?: Uint8Array | undefined;
  /**
   * A function that makes the stream, called anew for each attempt. A stream given as it is can be read once only, so
   * a call with one is never retried.
   */
  readonly stream?: StreamSource | undefined;
  /**
   * Told how much of a `multipart`, `stream` or `bytes` body was handed to the connection, piece by piece. It starts
   * from 0 again when the call is retried. What it throws ends the call.
   */
  readonly onUploadProgress?: OnProgress | undefined;
}

const kinds = ["json", "form", "multipart", "text", "bytes", "stream"] as const;
const watchedKinds: ReadonlySet<string | undefined> = new Set(["multipart", "bytes", "stream"]);

/** The names of the options that are about the body. */
export const bodyOptions: readonly string[] = [...kinds, "onUploadProgress"];

/** The body of a call without one. */
export const noBody: PreparedBody = { contentType: undefined, isReplayable: true, payload: "", open: () => null };

/** A body that is there as a whole. */
class FixedBody implements PreparedBody {
  readonly contentType: string;
  readonly isReplayable = true;
  readonly payload: string | Uint8Array;

  constructor(contentType: string, payload: string | Uint8Array) {
    this.contentType = contentType;
    this.payload = payload;
  }

  open(): string | Uint8Array {
    return this.payload;
  }
}

/**
 * Encodes the body of a call once, before any I/O.
 *
 * @param report - is told what is wrong; the call is then not made.
 */
export function prepareBody(options: BodyOptions, report: (problem: string) => void): PreparedBody {
  const { json, form, multipart, text, bytes, stream, onUploadProgress } = options;
  // Nearly every call is one of these two.
  const isOther = form !== undefined || multipart !== undefined || text !== undefined || bytes !== undefined;
  if (!isOther && stream === undefined && onUploadProgress === undefined) {
    return json === undefined ? noBody : new FixedBody("application/json", encodeJson(json, report));
  }
  const given = kinds.filter((kind) => options[kind] !== undefined);
  if (given.length > 1) report(`a call has one body, not ${given.join(" and ")}`);
  const [kind] = given;
  const body = encode(kind, options, report);
  if (onUploadProgress === undefined) return body;
  if (typeof onUploadProgress !== "function") report("onUploadProgress must be a function");
  if (!watchedKinds.has(kind)) report("onUploadProgress goes with multipart, stream or bytes");
  return watched(body, onUploadProgress, options.bytes?.byteLength);
}

function encode(
  kind: (typeof kinds)[number] | undefined,
  options: BodyOptions,
  report: (problem: string) => void,
): PreparedBody {
  switch (kind) {
    case "json":
      return new FixedBody("application/json", encodeJson(options.json, report));
    case "form":
      return new FixedBody(
        "application/x-www-form-urlencoded",
        encodeFields("form", options.form, report).replaceAll("%20", "+"),
      );
    case "multipart":
      return prepareMultipart(options.multipart as MultipartBody, report);
    case "text":
      if (typeof options.text !== "string") report("text must be a string");
      return new FixedBody("text/plain;charset=UTF-8", String(options.text));
    case "bytes":
      if (!(options.bytes instanceof Uint8Array)) report("bytes must be a Uint8Array or a Buffer");
      return new FixedBody("application/octet-stream", options.bytes ?? "");
    case "stream":
      return prepareStream(options.stream as StreamSource, report);
    default:
      return noBody;
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

function prepareStream(source: StreamSource, report: (problem: string) => void): PreparedBody {
  const problem = streamProblem(source);
  if (problem !== undefined) {
    report(`stream ${problem}`);
    return noBody;
  }
  const contentType = "application/octet-stream";
  return { contentType, isReplayable: typeof source === "function", open: () => openStream(source) };
}
