import { expect, test } from "vitest";
import { encode, encodeJson, json } from "../../src/websocket/codec.ts";

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

test("json decodes text frames and binary ones", () => {
  expect(json().decode('{"a":1}')).toEqual({ a: 1 });
  expect(json().decode(new TextEncoder().encode("[2]"))).toEqual([2]);
});
