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
