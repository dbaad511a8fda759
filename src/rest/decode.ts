import type { Transform } from "node:stream";
import {
  brotliDecompress,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
  gunzip,
  inflate,
  zstdDecompress,
} from "node:zlib";
import type { AnswerHeaders } from "./answer.ts";

/** What an encoded body is asked for with. `deflate` is undone as well, but servers do not agree on what it is. */
export const acceptEncoding = "gzip, br, zstd";

type Coding = "gzip" | "deflate" | "br" | "zstd";

/** In the order in which they are undone. */
export type Codings = readonly Coding[];

const names: Readonly<Record<string, Coding>> = {
  gzip: "gzip",
  "x-gzip": "gzip",
  deflate: "deflate",
  br: "br",
  zstd: "zstd",
};

// Nobody encodes more than twice; each further layer multiplies what a few bytes can grow to.
const maxCodings = 3;

// RFC 9659, section 3: a zstd frame for the web needs a window of 8 MiB at most, whatever it asks for.
const zstdWindow = { params: { [constants.ZSTD_d_windowLogMax]: 23 } };

/**
 * How the body of an answer is encoded (RFC 9110, section 8.4): codings that are known, none, or why it cannot be
 * undone.
 */
export function codingsOf(headers: AnswerHeaders): Codings | { readonly problem: string } | undefined {
  const header = headers["content-encoding"];
  if (header === undefined) return undefined;
  const codings: Coding[] = [];
  for (const part of String(header).split(",")) {
    const name = part.trim().toLowerCase();
    if (name === "" || name === "identity") continue;
    const coding = Object.hasOwn(names, name) ? names[name] : undefined;
    if (coding === undefined) return { problem: `the answer is encoded in a way that is not known: ${shown(name)}` };
    codings.unshift(coding);
  }
  if (codings.length > maxCodings) return { problem: `the answer is encoded ${codings.length} times over` };
  return codings.length === 0 ? undefined : codings;
}

// It is whatever the far side wrote there.
const shown = (name: string): string => JSON.stringify(name.slice(0, 40));

/** What is no longer true of an answer whose body was decoded. */
export function headersOfDecoded(headers: AnswerHeaders): AnswerHeaders {
  const { "content-encoding": _encoding, "content-length": _length, ...others } = headers;
  return others;
}

export type Decoded =
  | { readonly kind: "decoded"; readonly bytes: Uint8Array }
  /** It grows beyond the limit. */
  | { readonly kind: "too-large" }
  | { readonly kind: "broken"; readonly problem: string };

/** Decodes a whole body, outside of the event loop. No layer grows beyond `maxBytes`. Does not reject. */
export async function decodeWhole(body: Uint8Array, codings: Codings, maxBytes: number): Promise<Decoded> {
  // Common, though no coding has an empty form: an answer without content that went through the same proxy as others.
  if (body.byteLength === 0) return { kind: "decoded", bytes: body };
  let bytes = body;
  for (const coding of codings) {
    const decoded = await decodeOne(bytes, coding, maxBytes);
    if (decoded instanceof Error) {
      const isTooLarge = (decoded as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE";
      return isTooLarge ? { kind: "too-large" } : { kind: "broken", problem: problemOf(coding, decoded) };
    }
    bytes = decoded;
  }
  return { kind: "decoded", bytes };
}

function decodeOne(bytes: Uint8Array, coding: Coding, maxOutputLength: number): Promise<Uint8Array | Error> {
  return new Promise((resolve) => {
    const done = (error: Error | null, decoded: Uint8Array): void => resolve(error ?? decoded);
    switch (coding) {
      case "gzip":
        gunzip(bytes, { maxOutputLength }, done);
        return;
      case "deflate":
        inflate(bytes, { maxOutputLength }, done);
        return;
      case "br":
        brotliDecompress(bytes, { maxOutputLength }, done);
        return;
      case "zstd":
        zstdDecompress(bytes, { maxOutputLength, ...zstdWindow }, done);
    }
  });
}

/** A stream for each coding, to be piped through in this order. */
export function decodersFor(codings: Codings): Transform[] {
  return codings.map((coding) => {
    switch (coding) {
      case "gzip":
        return createGunzip();
      case "deflate":
        return createInflate();
      case "br":
        return createBrotliDecompress();
      case "zstd":
        return createZstdDecompress(zstdWindow);
    }
  });
}

/** Why decoding failed, without a byte of the body. */
export function problemOf(codings: string, error: unknown): string {
  const { code } = error as { code?: unknown };
  const isCut = code === "Z_BUF_ERROR";
  return isCut
    ? `the answer ends before its encoding (${codings}) does`
    : `the answer is not what its encoding (${codings}) should be (${typeof code === "string" ? code : "unknown reason"})`;
}
