import { inspect } from "node:util";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { expect, test } from "vitest";
import { z } from "zod";
import { bytes, json, text } from "../../../src/websocket/codecs/codecs.ts";
import { undecodable } from "../../../src/websocket/connection/connection-errors.ts";

const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value);

/** What `onError` gets of a message that the codec refuses. */
function refusal(codec: { decode(data: string | Uint8Array): unknown }, data: string | Uint8Array) {
  try {
    codec.decode(data);
  } catch (thrown) {
    return undecodable("feed", "/ticks", thrown);
  }
  throw new Error("it was not refused");
}

test("text takes text frames alone", () => {
  expect(text().decode("grüße")).toBe("grüße");
  expect(refusal(text(), utf8("grüße"))).toMatchObject({ code: "decode-encoding", outcome: "accepted" });
});

test("bytes takes binary frames as they are, and text frames as their UTF-8", () => {
  const data = utf8("a");
  expect(bytes().decode(data)).toBe(data);
  expect(bytes().decode("grüße")).toEqual(Buffer.from("grüße"));
});

test("json decodes text frames and binary ones", () => {
  expect(json().decode('{"a":1}')).toEqual({ a: 1 });
  expect(json().decode(utf8("[2]"))).toEqual([2]);
});

test("what is not JSON is decode-json, and nothing of it is shown", () => {
  const error = refusal(json(), 'sk_live_1 {"a":');
  expect(error).toMatchObject({ code: "decode-json", fault: "json", service: "feed", operation: "/ticks" });
  expect(inspect(error) + JSON.stringify(error)).not.toContain("sk_live_1");
});

test("bytes that are no UTF-8 are refused, and do not turn into other text", () => {
  expect(refusal(json(), new Uint8Array([0x22, 0xff, 0x22]))).toMatchObject({ code: "decode-encoding" });
});

test("a message that was refused leaves no trace in the next", () => {
  const codec = json();
  // The first byte of two: a decoder that streams would keep it.
  refusal(codec, new Uint8Array([0xc3]));
  expect(codec.decode(utf8('"a"'))).toBe("a");
});

test("with a schema, a message is what the schema makes of it", () => {
  const codec = json(z.object({ at: z.string().transform(Number) }));
  expect(codec.decode('{"at":"5"}')).toEqual({ at: 5 });
});

test("a message that does not match is decode-schema, with the places and without the values", () => {
  const error = refusal(json(z.object({ price: z.literal(5) })), '{"price":"sk_live_1"}');
  expect(error).toMatchObject({ code: "decode-schema", issues: [{ path: "price" }] });
  expect(error.message).toContain("at price");
  expect(inspect(error) + JSON.stringify(error)).not.toContain("sk_live_1");
});

test("an asynchronous schema refuses a message with a reason, and its rejection is nobody's error", () => {
  const rejects: StandardSchemaV1 = {
    "~standard": { version: 1, vendor: "test", validate: () => Promise.reject(new Error("later")) },
  };
  for (const schema of [rejects, z.string().refine(() => Promise.resolve(true))]) {
    const error = refusal(json(schema), '"a"');
    expect(error.code).toBe("decode-schema");
    expect(error.message).toMatch(/asynchronous/);
  }
});

test("anything but a schema is refused when the codec is made", () => {
  // @ts-expect-error: not a schema
  expect(() => json({ type: "object" })).toThrow(/must be a Standard Schema/);
});

test("json encodes everything as JSON, a string too, and refuses what has no JSON form", () => {
  const codec = json();
  expect([codec.encode?.({ a: [1] }), codec.encode?.("text")]).toEqual(['{"a":[1]}', '"text"']);
  expect(() => codec.encode?.(undefined)).toThrow(/no JSON form/);
  expect(() => codec.encode?.(1n)).toThrow(/BigInt/);
  for (const binary of [utf8("{}"), Buffer.from("{}"), new ArrayBuffer(2)]) {
    expect(() => codec.encode?.(binary)).toThrow(/no JSON form/);
  }
});

test("what a codec of somebody else throws is the cause", () => {
  const cause = new Error("own");
  expect(undecodable("feed", "/ticks", cause)).toMatchObject({ code: "decode-encoding", cause });
});
