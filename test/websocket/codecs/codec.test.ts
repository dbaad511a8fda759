import { expect, test } from "vitest";
import { ServiceConfigurationError } from "../../../src/core/errors.ts";
import { encode, encodeJson } from "../../../src/websocket/codecs/codec.ts";
import { json } from "../../../src/websocket/codecs/codecs.ts";

test("text and bytes go as they are, counted in bytes", () => {
  expect(encode("s", "grüße", 100)).toEqual({ data: "grüße", bytes: 7 });
  const bytes = new Uint8Array([1, 2]);
  expect(encode("s", bytes, 100).data).toBe(bytes);
});

test("an ArrayBuffer and a view are bytes, not an empty JSON object", () => {
  const buffer = new Uint8Array([1, 2, 3, 4]).buffer;
  expect(encode("s", buffer, 100).data).toEqual(new Uint8Array([1, 2, 3, 4]));
  expect(encode("s", new DataView(buffer, 1, 2), 100).data).toEqual(new Uint8Array([2, 3]));
});

test("everything else is JSON", () => {
  expect(encode("s", { a: [1] }, 100).data).toBe('{"a":[1]}');
  expect(encodeJson("s", "text", 100).data).toBe('"text"');
});

test("what JSON cannot say is refused with a reason", () => {
  expect(() => encodeJson("s", undefined, 100)).toThrow(/no JSON form/);
  expect(() => encodeJson("s", 1n, 100)).toThrow(/BigInt/);
  const rude = {
    toJSON() {
      // oxlint-disable-next-line typescript/only-throw-error
      throw "no";
    },
  };
  expect(() => encodeJson("s", rude, 100)).toThrow(/its toJSON threw/);
});

test("what is larger than the bound is refused, and the message names both", () => {
  expect(() => encode("s", "x".repeat(11), 10)).toThrow(/11 bytes, and maxPayloadBytes is 10/);
  expect(() => encodeJson("s", "x".repeat(9), 10)).toThrow(/11 bytes/);
});

test("a codec that encodes is asked for every message, and its word decides the kind of frame", () => {
  const codec = { encode: (message: unknown) => `<${String(message)}>` };
  expect(encode("s", "ü", 100, codec)).toEqual({ data: "<ü>", bytes: 4 });
  const bytes = new Uint8Array([1]);
  expect(encode("s", {}, 100, { encode: () => bytes })).toEqual({ data: bytes, bytes: 1 });
  expect(() => encode("s", "abc", 4, codec)).toThrow(/5 bytes, and maxPayloadBytes is 4/);
});

test("a codec that only decodes leaves the encoding as it is", () => {
  expect(encode("s", { a: 1 }, 100, json()).data).toBe('{"a":1}');
});

test("what a codec throws refuses the message without showing it, and is the cause", () => {
  const thrown = new RangeError("cannot encode hunter2");
  const refuse = () =>
    encode("s", { password: "hunter2" }, 100, {
      encode: () => {
        throw thrown;
      },
    });
  expect(refuse).toThrow(/cannot be encoded by the codec: it threw RangeError/);
  expect(refuse).not.toThrow(/hunter2/);
  expect(refuse).toThrow(expect.objectContaining({ code: "configuration-invalid", cause: thrown }));
});

test("the problems that a codec names itself are passed on", () => {
  const codec = {
    encode: () => {
      throw new ServiceConfigurationError("codec", ["id: expected a number", "at: expected a date"]);
    },
  };
  expect(() => encode("s", {}, 100, codec)).toThrow(/by the codec: id: expected a number; at: expected a date/);
});

test("a codec that makes neither text nor bytes is refused", () => {
  const codec = { encode: async () => "late" } as unknown as { encode(message: unknown): string };
  expect(() => encode("s", {}, 100, codec)).toThrow(/by the codec: it made neither a string nor a Uint8Array of it/);
});
