import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bytesOf, recordedBody } from "../../src/testing/recorded-body.ts";

const recorded = (text: string): object | undefined => recordedBody(Buffer.from(text));

test("a body is recorded in the form that reads best", () => {
  expect(recorded("")).toBeUndefined();
  expect(recorded('{ "a" : [1, "b c"] }')).toEqual({ json: { a: [1, "b c"] } });
  expect(recorded(String.raw`{"a":"\u00e9\/\u0026"}`)).toEqual({ json: { a: "é/&" } });
  expect(recorded("hello")).toEqual({ text: "hello" });
  expect(recorded("a\nb")).toEqual({ lines: ["a", "b"] });
  expect(recordedBody(new Uint8Array([255]))).toEqual({ base64: "/w==" });
  expect(recorded("\0")).toEqual({ base64: "AA==" });
});

test.each(['{"n":12345678901234567890}', '{"n":1.0}', '{"a":1,"a":2}', '{"a":1'])(
  "%s is recorded as the text that it is, for as JSON it would be another",
  (text) => {
    expect(recorded(text)).toEqual({ text });
  },
);

test("every body comes back: bytes and text as they were, JSON as the same value", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.string().map((text) => new TextEncoder().encode(text)),
      ),
      (bytes) => {
        const body = recordedBody(bytes);
        if (body !== undefined && "json" in body) return;
        expect(Buffer.from(bytesOf(body))).toEqual(Buffer.from(bytes));
      },
    ),
  );
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(JSON.parse(Buffer.from(bytesOf(recorded(text) as never)).toString())).toEqual(JSON.parse(text));
    }),
  );
});
