import { Pieces } from "./pieces.ts";

/** What a mock answers with where no type says more: see `reply`. */
export type RawBody = Uint8Array | Pieces | AsyncIterable<string | Uint8Array> | ReadableStream<Uint8Array>;

/** A body as it is written. */
export type AnswerBody =
  | { readonly kind: "none" }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly contentType: string; readonly value: unknown }
  | { readonly kind: "pieces"; readonly pieces: Pieces }
  | { readonly kind: "stream"; readonly stream: AsyncIterable<string | Uint8Array> };

/**
 * What is sent for a value: nothing for `undefined`; text as it is; bytes and streams as they are; anything else as
 * JSON. Or why it cannot be sent.
 */
export function answerBodyOf(value: unknown): AnswerBody | { readonly problem: string } {
  if (value === undefined) return { kind: "none" };
  if (typeof value === "string") {
    return { kind: "bytes", bytes: Buffer.from(value), contentType: "text/plain; charset=utf-8", value };
  }
  if (value instanceof Uint8Array) {
    return { kind: "bytes", bytes: value, contentType: "application/octet-stream", value };
  }
  if (value instanceof Pieces) return { kind: "pieces", pieces: value };
  if (value instanceof URLSearchParams) {
    const contentType = "application/x-www-form-urlencoded";
    return { kind: "bytes", bytes: Buffer.from(value.toString()), contentType, value: value.toString() };
  }
  if (typeof value === "object" && value !== null && Symbol.asyncIterator in value) {
    return { kind: "stream", stream: value as AsyncIterable<string | Uint8Array> };
  }
  return jsonBody(value);
}

function jsonBody(value: unknown): AnswerBody | { readonly problem: string } {
  const stranger = [Promise, Map, Set, WeakMap, WeakSet, Blob, FormData, ArrayBuffer].find(
    (kind) => value instanceof kind,
  );
  const problem = `body must be a value that JSON has, text, a Uint8Array or a stream, not ${stranger?.name ?? `a ${typeof value}`}`;
  if (stranger !== undefined) return { problem };
  try {
    const text: string | undefined = JSON.stringify(value);
    if (text === undefined) return { problem };
    return { kind: "bytes", bytes: Buffer.from(text), contentType: "application/json", value: JSON.parse(text) };
  } catch (error) {
    return { problem: `body cannot be written as JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
