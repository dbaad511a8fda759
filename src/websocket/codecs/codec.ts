import { isServiceConfigurationError, ServiceConfigurationError } from "../../core/errors.ts";

/** Turns what arrives into messages, and what is sent into frames. */
export interface MessageCodec<Message> {
  /**
   * Gets a text frame as `string`, a binary one as the Buffer that was read, whose `slice` copies nothing. What it throws
   * goes to `onError`; the message is lost.
   */
  decode(data: string | Uint8Array): Message;
  /**
   * Makes a text frame (`string`) or a binary one of what is given to `send`. What it throws refuses the send, as the
   * cause of a ServiceConfigurationError; the problems of one that it throws itself are shown, so they name no values.
   *
   * @defaultValue text and bytes as they are, everything else as JSON
   */
  encode?(message: unknown): string | Uint8Array;
}

/** What goes into a frame: a text frame for a string, a binary one for bytes. */
export interface Encoded {
  readonly data: string | Uint8Array;
  readonly bytes: number;
}

/**
 * What the codec makes of it; where it does not say, text and bytes as they are, and everything else as JSON.
 *
 * @throws ServiceConfigurationError for what cannot be encoded, and for what is larger than `maxBytes`.
 */
export function encode(
  service: string,
  message: unknown,
  maxBytes: number,
  codec?: Pick<MessageCodec<unknown>, "encode">,
): Encoded {
  if (codec?.encode !== undefined) return bounded(service, ofCodec(service, message, codec), maxBytes);
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

function ofCodec(service: string, message: unknown, codec: Pick<MessageCodec<unknown>, "encode">): Encoded {
  let data: unknown;
  try {
    data = codec.encode?.(message);
  } catch (thrown) {
    // The codec is anybody's, and its words may show what was to be sent: only its name of the problem is repeated.
    const problem = isServiceConfigurationError(thrown) ? thrown.problems.join("; ") : nameOf(thrown);
    throw unencodable(service, problem, thrown);
  }
  if (typeof data === "string") return ofText(data);
  if (data instanceof Uint8Array) return { data, bytes: data.byteLength };
  throw unencodable(service, "it made neither a string nor a Uint8Array of it");
}

const nameOf = (thrown: unknown): string =>
  thrown instanceof Error ? `it threw ${thrown.constructor.name}, which is the cause of this error` : "it threw";

const unencodable = (service: string, problem: string, cause?: unknown): ServiceConfigurationError =>
  new ServiceConfigurationError(service, [`send: the message cannot be encoded by the codec: ${problem}`], cause);

const ofText = (data: string): Encoded => ({ data, bytes: Buffer.byteLength(data) });

function ofBinary(message: unknown): Encoded | undefined {
  if (message instanceof Uint8Array) return { data: message, bytes: message.byteLength };
  // As JSON both would turn into {} without a word.
  if (ArrayBuffer.isView(message))
    return ofBinary(new Uint8Array(message.buffer, message.byteOffset, message.byteLength));
  if (message instanceof ArrayBuffer) return ofBinary(new Uint8Array(message));
  return undefined;
}
