import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { MessageCodec } from "./codec.ts";
import { schemaCheck } from "./schema-check.ts";
import { UndecodableMessage } from "./undecodable-message.ts";

/** Messages are the texts of text frames. A binary frame is refused: `decode-encoding`. */
export function text(): MessageCodec<string> {
  return {
    decode: (data) => {
      if (typeof data === "string") return data;
      throw new UndecodableMessage("encoding", "a binary frame came, and text() takes text frames alone");
    },
  };
}

/** Messages are bytes: of a binary frame as they are (all consumers share them), of a text frame its UTF-8. */
export function bytes(): MessageCodec<Uint8Array> {
  return { decode: (data) => (typeof data === "string" ? Buffer.from(data) : data) };
}

/** Each message is one JSON text, in a text frame or a binary one. It is `unknown`: nothing has looked at its shape. */
export function json(): MessageCodec<unknown>;
/**
 * Each message is one JSON text, and is what the schema makes of it. What does not match is refused: `decode-schema`.
 * An asynchronous schema refuses every message.
 *
 * @throws ServiceConfigurationError for anything but a Standard Schema.
 */
export function json<S extends StandardSchemaV1>(schema: S): MessageCodec<StandardSchemaV1.InferOutput<S>>;
export function json(schema?: StandardSchemaV1): MessageCodec<unknown> {
  const check = schemaCheck("json", schema);
  // Fatal: a byte that is no UTF-8 would come out as U+FFFD, in a value that looks sound.
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  return {
    decode: (data) => check(parse(typeof data === "string" ? data : decoded(data, utf8))),
    encode: (message) => {
      // JSON.stringify makes an object of them whose keys are the indexes, or {}.
      if (ArrayBuffer.isView(message) || message instanceof ArrayBuffer) throw new TypeError("bytes have no JSON form");
      const encoded = JSON.stringify(message) as string | undefined;
      if (encoded === undefined) throw new TypeError("it has no JSON form (it is undefined, a function or a symbol)");
      return encoded;
    },
  };
}

function decoded(data: Uint8Array, utf8: InstanceType<typeof TextDecoder>): string {
  try {
    return utf8.decode(data);
  } catch {
    throw new UndecodableMessage("encoding", "the message is not UTF-8");
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    // Not as the cause: JSON.parse quotes the text, which may hold anything.
    throw new UndecodableMessage("json", "the message is not JSON");
  }
}
