import { encode, ExtensionCodec } from "@msgpack/msgpack";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { undecodable } from "../../../src/websocket/connection/connection-errors.ts";
import { msgpack } from "../../../src/websocket/codecs/msgpack.ts";
import { UndecodableMessage } from "../../../src/websocket/codecs/undecodable-message.ts";

function refusal(codec: { decode(data: string | Uint8Array): unknown }, data: string | Uint8Array) {
  try {
    codec.decode(data);
  } catch (thrown) {
    return undecodable("feed", "/ticks", thrown);
  }
  throw new Error("it was not refused");
}

const nestedArrays = (depth: number): Uint8Array => new Uint8Array([...Array<number>(depth).fill(0x91), 0xc0]);

describe("msgpack", () => {
  test("what it encodes it decodes, in binary", () => {
    const codec = msgpack();
    const value = { symbol: "ACME", price: 1.5, tags: ["a", null, true], raw: new Uint8Array([1, 2]) };
    const data = codec.encode?.(value);
    expect(data).toBeInstanceOf(Uint8Array);
    expect(codec.decode(data ?? "")).toEqual(value);
  });

  test("a text frame is refused", () => {
    expect(refusal(msgpack(), "text")).toMatchObject({ code: "decode-encoding" });
  });

  test.each([
    ["nothing", []],
    ["a byte that stands for nothing", [0xc1]],
    ["a value that is cut", [0x93, 1, 2]],
    ["a length that is cut", [0xdd, 0xff]],
    ["a value with more after it", [1, 2]],
    ["a string that is no UTF-8 key of a map", [0x81, 0xc0, 1]],
    ["the key __proto__", [0x81, 0xa9, ...new TextEncoder().encode("__proto__"), 1]],
  ])("%s is decode-encoding", (_what, data) => {
    expect(refusal(msgpack(), new Uint8Array(data))).toMatchObject({ code: "decode-encoding" });
  });

  test("a few bytes that claim a thousand arrays of millions are refused before anything is reserved", () => {
    const header = [0xdd, 0x00, 0xff, 0xff, 0xff];
    const error = refusal(msgpack(), new Uint8Array(Array.from({ length: 1000 }, () => header).flat()));
    expect(error.message).toContain("it claims more than it holds");
  });

  test("what is nested deeper than maxDepth is refused, either way", () => {
    const codec = msgpack({ maxDepth: 3 });
    expect(codec.decode(nestedArrays(3))).toEqual([[[null]]]);
    expect(refusal(codec, nestedArrays(4)).message).toContain("maxDepth (3)");
    expect(() => codec.encode?.([[[[1]]]])).toThrow(/depth/i);
    expect(refusal(msgpack(), nestedArrays(101)).message).toContain("maxDepth (100)");
  });

  test("the limits of lengths hold", () => {
    expect(msgpack({ maxStrLength: 3 }).decode(encode("abc"))).toBe("abc");
    expect(refusal(msgpack({ maxStrLength: 2 }), encode("abc"))).toMatchObject({ code: "decode-encoding" });
    expect(refusal(msgpack({ maxArrayLength: 2 }), encode([1, 2, 3]))).toMatchObject({ code: "decode-encoding" });
    expect(refusal(msgpack({ maxMapLength: 0 }), encode({ a: 1 }))).toMatchObject({ code: "decode-encoding" });
    expect(refusal(msgpack({ maxBinLength: 1 }), encode(new Uint8Array(2)))).toMatchObject({ code: "decode-encoding" });
  });

  test("64-bit integers are bigints where it is asked for", () => {
    const codec = msgpack({ useBigInt64: true });
    expect(codec.decode(codec.encode?.(2n ** 60n) ?? "")).toBe(2n ** 60n);
  });

  test("an extension codec is handed on, both ways", () => {
    const extensionCodec = new ExtensionCodec();
    extensionCodec.register({
      type: 1,
      encode: (value) => (value instanceof Set ? encode([...value]) : null),
      decode: () => new Set([1]),
    });
    const codec = msgpack({ extensionCodec });
    expect(codec.decode(codec.encode?.(new Set([1])) ?? "")).toEqual(new Set([1]));
  });

  test("with a schema, a message is what the schema makes of it, and what does not match is decode-schema", () => {
    const codec = msgpack({ schema: z.object({ at: z.number().transform(String) }) });
    expect(codec.decode(encode({ at: 5 }))).toEqual({ at: "5" });
    expect(refusal(codec, encode({ at: "x" }))).toMatchObject({ code: "decode-schema", issues: [{ path: "at" }] });
  });

  test("every problem of the options is told at once", () => {
    // @ts-expect-error: wrong in three places
    const make = () => msgpack({ maxDepth: 0, maxStrLen: 1, extensionCodec: {} });
    expect(make).toThrow(/extensionCodec must be[\s\S]*maxDepth must be[\s\S]*did you mean|unknown option maxStrLen/);
  });

  test("whatever comes is decoded, or refused as what cannot be decoded", () => {
    const codec = msgpack();
    const outcomeOf = (data: Uint8Array): string => {
      try {
        codec.decode(data);
        return "decoded";
      } catch (thrown) {
        return thrown instanceof UndecodableMessage ? thrown.fault : "something else";
      }
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (data) => {
        expect(["decoded", "encoding"]).toContain(outcomeOf(data));
      }),
      { numRuns: 2000 },
    );
  });
});
