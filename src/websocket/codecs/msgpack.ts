import { Decoder, Encoder, type ExtensionCodecType } from "@msgpack/msgpack";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { OptionReader } from "../../core/options.ts";
import { readSchema } from "../../core/schema.ts";
import type { MessageCodec } from "./codec.ts";
import { claimProblem } from "./msgpack-claims.ts";
import { schemaCheck } from "./schema-check.ts";
import { UndecodableMessage } from "./undecodable-message.ts";

/** Every length is also bounded by the message itself: one that claims more than it holds is refused. */
export interface MsgpackOptions {
  /** Each message is what it makes of the decoded value. An asynchronous one refuses every message. */
  readonly schema?: StandardSchemaV1 | undefined;
  /** For extension types; timestamps are known without it. */
  readonly extensionCodec?: ExtensionCodecType<undefined> | undefined;
  /** 64-bit integers as `bigint`, both ways; without it they lose what a number cannot hold. @defaultValue false */
  readonly useBigInt64?: boolean | undefined;
  /** Bytes of one string. @defaultValue those of the message */
  readonly maxStrLength?: number | undefined;
  /** Bytes of one binary value. @defaultValue those of the message */
  readonly maxBinLength?: number | undefined;
  /** Elements of one array. @defaultValue the bytes of the message */
  readonly maxArrayLength?: number | undefined;
  /** Pairs of one map. @defaultValue half the bytes of the message */
  readonly maxMapLength?: number | undefined;
  /** Bytes of one extension. @defaultValue those of the message */
  readonly maxExtLength?: number | undefined;
  /** Arrays and maps within each other, both ways. @defaultValue 100 */
  readonly maxDepth?: number | undefined;
}

/** What messages are: what the schema makes of them, `unknown` where there is none. */
export type MsgpackMessage<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : unknown;

const lengths = ["maxStrLength", "maxBinLength", "maxArrayLength", "maxMapLength", "maxExtLength"] as const;

/**
 * Each message is one MessagePack value in a binary frame, on `@msgpack/msgpack`. A text frame is refused. Binary values
 * are views of the frame, which all consumers share.
 *
 * @throws ServiceConfigurationError with every problem of the options at once.
 */
export function msgpack<S extends StandardSchemaV1 | undefined = undefined>(
  options: MsgpackOptions & { readonly schema?: S } = {},
): MessageCodec<MsgpackMessage<S>> {
  const { check, maxDepth, shared, limits } = readOptions(options);
  const decoder = new Decoder({ ...shared, ...limits });
  const encoder = new Encoder({ ...shared, maxDepth });
  return {
    decode: (data) => {
      if (typeof data === "string") {
        throw new UndecodableMessage("encoding", "a text frame came, and msgpack() takes binary frames alone");
      }
      const problem = claimProblem(data, maxDepth);
      if (problem !== undefined) throw new UndecodableMessage("encoding", `the message is not MessagePack: ${problem}`);
      // The schema, or nobody, has looked at it; the overload of the types says which.
      return check(decoded(decoder, plain(data))) as MsgpackMessage<S>;
    },
    encode: (message) => encoder.encode(message),
  };
}

/** Not a Buffer: the decoder would make Buffers of the binary values in it, which are compared as something else. */
function plain(data: Uint8Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function decoded(decoder: Decoder, data: Uint8Array): unknown {
  try {
    return decoder.decode(data);
  } catch (cause) {
    throw new UndecodableMessage("encoding", "the message is not MessagePack, or beyond a limit of the codec", {
      cause,
    });
  }
}

function readOptions(options: MsgpackOptions): {
  readonly check: (value: unknown) => unknown;
  readonly maxDepth: number;
  readonly shared: { readonly extensionCodec?: ExtensionCodecType<undefined>; readonly useBigInt64: boolean };
  readonly limits: Partial<Record<(typeof lengths)[number], number>>;
} {
  const reader = new OptionReader("msgpack", options);
  const extensionCodec = reader.withMethods<ExtensionCodecType<undefined>>("extensionCodec", ["decode", "tryToEncode"]);
  const useBigInt64 = reader.boolean("useBigInt64", false);
  const maxDepth = reader.number("maxDepth", 100, { min: 1, whole: true });
  const limits: Partial<Record<(typeof lengths)[number], number>> = {};
  for (const name of lengths) {
    const value = reader.number(name, undefined, { min: 0, whole: true });
    if (value !== undefined) limits[name] = value;
  }
  const schema = readSchema(reader);
  reader.finish();
  return {
    check: schemaCheck("msgpack", schema),
    maxDepth,
    shared: { ...(extensionCodec === undefined ? {} : { extensionCodec }), useBigInt64 },
    limits,
  };
}
