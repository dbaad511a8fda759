import { ServiceConfigurationError } from "../core/errors.ts";

/** Turns what arrives into messages. */
export interface MessageCodec<Message> {
  /** Gets a text frame as `string`, a binary one as `Uint8Array`. What it throws goes to `onError`; the message is lost. */
  decode(data: string | Uint8Array): Message;
}

/** Each message is one JSON text, in a text frame or a binary one. It is `unknown`: nothing has looked at its shape. */
export function json(): MessageCodec<unknown> {
  return {
    decode: (data) => JSON.parse(typeof data === "string" ? data : new TextDecoder().decode(data)) as unknown,
  };
}

/** What goes into a frame: a text frame for a string, a binary one for bytes. */
export interface Encoded {
  readonly data: string | Uint8Array;
  readonly bytes: number;
}

/**
 * Text and bytes as they are, everything else as JSON.
 *
 * @throws ServiceConfigurationError for what JSON cannot say, and for what is larger than `maxBytes`.
 */
export function encode(service: string, message: unknown, maxBytes: number): Encoded {
  if (typeof message === "string") return bounded(service, ofText(message), maxBytes);
  const binary = ofBinary(message);
  return binary === undefined ? encodeJson(service, message, maxBytes) : bounded(service, binary, maxBytes);
}

/** Any value as JSON; a string too, in its quotes. @throws as {@link encode}. */
export function encodeJson(service: string, value: unknown, maxBytes: number): Encoded {
  return bounded(service, ofText(stringify(service, value)), maxBytes);
}

function bounded(service: string, encoded: Encoded, maxBytes: number): Encoded {
  if (encoded.bytes <= maxBytes) return encoded;
  throw new ServiceConfigurationError(service, [
    `send: the message has ${encoded.bytes} bytes, and maxPayloadBytes is ${maxBytes}`,
  ]);
}

function stringify(service: string, value: unknown): string {
  let problem = "the value has no JSON form (it is undefined, a function or a symbol)";
  try {
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) return text;
  } catch (error) {
    // A cycle or a BigInt; V8 names the path to it, never the values.
    problem = error instanceof Error ? error.message : "its toJSON threw";
  }
  throw new ServiceConfigurationError(service, [`send: the message cannot be encoded as JSON: ${problem}`]);
}

const ofText = (data: string): Encoded => ({ data, bytes: Buffer.byteLength(data) });

function ofBinary(message: unknown): Encoded | undefined {
  if (message instanceof Uint8Array) return { data: message, bytes: message.byteLength };
  // As JSON both would turn into {} without a word.
  if (ArrayBuffer.isView(message))
    return ofBinary(new Uint8Array(message.buffer, message.byteOffset, message.byteLength));
  if (message instanceof ArrayBuffer) return ofBinary(new Uint8Array(message));
  return undefined;
}
