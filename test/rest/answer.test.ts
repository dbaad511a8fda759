import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { headerOf, isJson, requestIdOf, textOf } from "../../src/rest/answer.ts";

describe("headers", () => {
  test("of a header that came more than once, the first counts", () => {
    expect(headerOf({ link: ["<a>", "<b>"] }, "link")).toBe("<a>");
    expect(headerOf({ link: "<a>" }, "link")).toBe("<a>");
    expect(headerOf({}, "link")).toBeUndefined();
  });

  test("a name that every object has is not a header", () => {
    expect(headerOf({}, "constructor")).toBeUndefined();
    expect(headerOf({}, "__proto__")).toBeUndefined();
  });
});

describe("request ids", () => {
  test.each(["x-request-id", "request-id", "x-correlation-id", "x-amzn-requestid"])("%s is one", (name) => {
    expect(requestIdOf({ [name]: "req_1" })).toBe("req_1");
  });

  test("x-request-id goes before the others", () => {
    expect(requestIdOf({ "x-correlation-id": "trace", "x-request-id": "req_1" })).toBe("req_1");
  });

  test("an answer without one has none", () => {
    expect(requestIdOf({ date: "today" })).toBeUndefined();
  });
});

describe("text", () => {
  test("is UTF-8, without the byte order mark", () => {
    expect(textOf(Buffer.from("\uFEFFgrüße"))).toBe("grüße");
  });

  test("bytes that are not UTF-8 become U+FFFD, and nothing throws", () => {
    expect(textOf(Uint8Array.of(0x61, 0xff, 0x62))).toBe("a\uFFFDb");
  });

  test("is what a TextDecoder makes of the bytes, whatever they are and wherever they lie", () => {
    const piece = fc.constantFrom(0x61, 0x80, 0xbb, 0xbf, 0xc3, 0xed, 0xef, 0xf0, 0x9f, 0xa0, 0xff);
    const bytes = fc.array(fc.oneof(piece, fc.nat({ max: 255 })), { maxLength: 12 });
    fc.assert(
      fc.property(bytes, fc.boolean(), (given, isMarked) => {
        const all = isMarked ? [0xef, 0xbb, 0xbf, ...given] : given;
        const expected = new TextDecoder().decode(Uint8Array.from(all));
        expect(textOf(Buffer.from(all))).toBe(expected);
        expect(textOf(Uint8Array.from([1, ...all, 2]).subarray(1, -1))).toBe(expected);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("JSON", () => {
  test.each([
    "application/json",
    "application/json; charset=utf-8",
    "APPLICATION/JSON",
    "application/problem+json",
    "application/vnd.api+json",
  ])("%s is JSON", (type) => {
    expect(isJson({ "content-type": type })).toBe(true);
  });

  test.each(["text/html", "application/jsonp", "text/plain; note=application/json", ""])("%j is not", (type) => {
    expect(isJson({ "content-type": type })).toBe(false);
  });

  test("an answer without a content type is not", () => {
    expect(isJson({})).toBe(false);
  });
});
