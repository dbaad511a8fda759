import { STATUS_CODES } from "node:http";

/** Headers of an answer; a list repeats the header. */
export type MockHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What the bytes of a body are preceded by, and whether any may follow. */
export interface RawHead {
  readonly bytes: Uint8Array;
  /** `none`: whatever the body is, an answer of this status, or to this method, has none. */
  readonly framing: "none" | "length" | "chunked";
}

/**
 * The head of an answer as a server writes it (RFC 9112, section 6): the length of a body that is known, chunks for
 * one that is not. Headers that were given are written as they are, a wrong length among them.
 *
 * @param length - of the body, undefined where it is a stream.
 */
export function rawHead(answer: {
  readonly status: number;
  readonly method: string;
  readonly headers: MockHeaders;
  readonly length: number | undefined;
}): RawHead {
  const { status, method, headers, length } = answer;
  const given = new Set(
    Object.entries(headers)
      .filter(([, value]) => value !== undefined)
      .map(([name]) => name.toLowerCase()),
  );
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`];
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    for (const one of typeof value === "string" ? [value] : value) lines.push(`${name}: ${one}`);
  }
  const isBodiless = hasNoBody(status);
  const isFramed = given.has("content-length") || given.has("transfer-encoding");
  if (!isBodiless && !isFramed) {
    lines.push(length === undefined ? "transfer-encoding: chunked" : `content-length: ${length}`);
  }
  const isChunked = given.has("transfer-encoding") || (length === undefined && !isFramed);
  const framing = isBodiless || method === "HEAD" ? "none" : isChunked ? "chunked" : "length";
  return { bytes: Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), framing };
}

/** RFC 9110, sections 15.3.5 and 15.4.5. */
export const hasNoBody = (status: number): boolean => status === 204 || status === 304;

/** A piece of a body as a chunk (RFC 9112, section 7.1). */
export function chunkOf(piece: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${piece.byteLength.toString(16)}\r\n`), piece, Buffer.from("\r\n")]);
}

export const lastChunk: Uint8Array = Buffer.from("0\r\n\r\n");
