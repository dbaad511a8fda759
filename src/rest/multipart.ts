import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { headerProblem } from "../core/headers.ts";
import { openStream, type StreamSource, streamProblem } from "./body-stream.ts";
import { type FieldValue, fieldText } from "./fields.ts";
import type { PreparedBody } from "./prepared-body.ts";

/** One part with all that can be said of it. */
export interface Part {
  /** Text goes as it is, in UTF-8. A function makes the stream anew for each attempt. */
  readonly content: string | Uint8Array | Blob | StreamSource;
  /** In bytes, of a stream. With it, the whole body has a `content-length`; a stream of another length is an error. */
  readonly size?: number | undefined;
  /** @defaultValue the name of a `File`; `"blob"` for other bytes and streams; none for text, which is then a field */
  readonly filename?: string | undefined;
  /** @defaultValue that of a `Blob`, else `application/octet-stream`; none for text */
  readonly contentType?: string | undefined;
}

/** What a part can be given as. A plain value is a form field; a `Blob` (a `File`, `fs.openAsBlob`) and bytes, a file. */
export type PartValue = FieldValue | Blob | Uint8Array | Part;

/** Parts by their names, in this order; a list repeats the name; undefined and null are left out. */
export type MultipartBody = FormData | Readonly<Record<string, PartValue | readonly PartValue[]>>;

type Content = Uint8Array | Blob | StreamSource;

interface PreparedPart {
  /** Where a stream ends too early or too late, it is named by this. */
  readonly name: string;
  readonly head: Uint8Array;
  readonly content: Content;
  /** In bytes; undefined where a stream does not say. */
  readonly size: number | undefined;
}

/** `multipart/form-data` (RFC 7578), with the names encoded as the HTML standard says, and as browsers do. */
export function prepareMultipart(given: MultipartBody, report: (problem: string) => void): PreparedBody {
  const boundary = `hawser-${randomBytes(18).toString("base64url")}`;
  const parts: PreparedPart[] = [];
  for (const [name, value] of entriesOf(given, report)) {
    if (value === undefined || value === null) continue;
    const part = preparePart(boundary, name, value, (problem) => report(`multipart.${name} ${problem}`));
    if (part !== undefined) parts.push(part);
  }
  const tail = Buffer.from(`--${boundary}--\r\n`);
  let contentLength: number | undefined = tail.byteLength;
  for (const { head, size } of parts) {
    contentLength =
      size === undefined || contentLength === undefined ? undefined : contentLength + size + head.length + 2;
  }
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    contentLength,
    isReplayable: !parts.some(({ content }) => isReadOnce(content)),
    open() {
      const body = Readable.from(encoded(parts, tail), { objectMode: false });
      // Streams that were handed over are ours to close, also those whose turn never came.
      body.once("close", () => {
        for (const { content } of parts) if (content instanceof Readable) content.destroy();
      });
      return body;
    },
  };
}

function entriesOf(given: MultipartBody, report: (problem: string) => void): [string, PartValue][] {
  if (given instanceof FormData) return [...given];
  if (typeof given !== "object" || (given as object | null) === null || Symbol.iterator in given) {
    report("multipart must be a FormData, or an object of names and parts");
    return [];
  }
  return Object.entries(given).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as readonly PartValue[]) : [value as PartValue]).map((one): [string, PartValue] => [
      name,
      one,
    ]),
  );
}

function preparePart(
  boundary: string,
  name: string,
  value: NonNullable<PartValue>,
  report: (problem: string) => void,
): PreparedPart | undefined {
  const part = asPart(value);
  if (part === undefined) {
    report("must be a string, number, boolean, valid Date, Blob, Uint8Array, a part with content, or a list of these");
    return undefined;
  }
  const content = contentOf(part.content);
  const problem = partProblem(part, content);
  if (problem !== undefined) {
    report(problem);
    return undefined;
  }
  const isText = typeof part.content === "string";
  const ownName = part.content instanceof File ? part.content.name : "blob";
  const filename = part.filename ?? (isText ? undefined : ownName);
  const ownType = content instanceof Blob && content.type !== "" ? content.type : "application/octet-stream";
  const contentType = part.contentType ?? (isText ? undefined : ownType);
  const disposition = `form-data; name="${quoted(withCrlf(name))}"`;
  const head =
    `--${boundary}\r\ncontent-disposition: ${disposition}` +
    (filename === undefined ? "" : `; filename="${quoted(filename)}"`) +
    (contentType === undefined ? "" : `\r\ncontent-type: ${contentType}`) +
    "\r\n\r\n";
  return { name, head: Buffer.from(head), content, size: sizeOf(content) ?? part.size };
}

function asPart(value: NonNullable<PartValue>): Part | undefined {
  if (value instanceof Blob || value instanceof Uint8Array) return { content: value };
  if (typeof value === "object" && "content" in value) return value;
  const text = fieldText(value);
  // A form field's line breaks are CRLF; whoever wants others gives the text as the content of a part.
  return text === undefined ? undefined : { content: withCrlf(text) };
}

function contentOf(content: Part["content"]): Content {
  return typeof content === "string" ? Buffer.from(content) : content;
}

function partProblem({ size, filename, contentType, ...rest }: Part, content: Content): string | undefined {
  const { content: _, ...unknown } = rest;
  const [other] = Object.keys(unknown);
  if (other !== undefined) return `has the unknown option ${other}; known are content, contentType, filename, size`;
  if (filename !== undefined && typeof filename !== "string") return "must have a filename that is a string";
  if (contentType !== undefined && headerProblem("content-type", contentType) !== undefined) {
    return "must have a contentType that a header can hold";
  }
  if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) return "must have a size in whole bytes";
  const known = sizeOf(content);
  if (size !== undefined && known !== undefined && known !== size) return `has ${known} bytes, not size (${size})`;
  return known === undefined ? withContent(streamProblem(content)) : undefined;
}

const withContent = (problem: string | undefined): string | undefined =>
  problem === undefined ? undefined : `has a content that ${problem}`;

function sizeOf(content: Content): number | undefined {
  if (content instanceof Uint8Array) return content.byteLength;
  return content instanceof Blob ? content.size : undefined;
}

function isReadOnce(content: Content): boolean {
  return !(content instanceof Uint8Array || content instanceof Blob || typeof content === "function");
}

async function* encoded(parts: readonly PreparedPart[], tail: Uint8Array): AsyncGenerator<Uint8Array> {
  for (const { name, head, content, size } of parts) {
    yield head;
    if (content instanceof Uint8Array) {
      if (content.byteLength > 0) yield content;
    } else {
      yield* measured(name, content instanceof Blob ? content.stream() : openStream(content), size);
    }
    yield lineEnd;
  }
  yield tail;
}

/** The stream, which must not be of another length than was announced: the service would take parts for what they are not. */
async function* measured(
  name: string,
  stream: AsyncIterable<unknown>,
  size: number | undefined,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of stream) {
    const piece = typeof chunk === "string" ? Buffer.from(chunk) : (chunk as Uint8Array);
    bytes += piece.byteLength;
    if (size !== undefined && bytes > size) throw new Error(`multipart.${name} has more bytes than its size (${size})`);
    yield piece;
  }
  if (size !== undefined && bytes < size)
    throw new Error(`multipart.${name} has ${bytes} bytes, not its size (${size})`);
}

const lineEnd = Buffer.from("\r\n");

// HTML standard, "multipart/form-data encoding algorithm": with these three, no name can end its quotes or its line.
function quoted(name: string): string {
  return name.toWellFormed().replaceAll("\n", "%0A").replaceAll("\r", "%0D").replaceAll('"', "%22");
}

function withCrlf(text: string): string {
  return text.toWellFormed().replaceAll(/\r\n|\r|\n/g, "\r\n");
}
