import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { AnswerHeaders } from "../../src/rest/answer.ts";
import { IncomingAnswer } from "../../src/rest/incoming-answer.ts";

function incoming(status: number, headers: AnswerHeaders = {}, method = "GET"): IncomingAnswer {
  return new IncomingAnswer({ status, headers, at: 5 }, { method, maxBytes: 10 });
}

test.each([
  ["GET", 200, true],
  ["GET", 204, false],
  ["GET", 304, false],
  ["HEAD", 200, false],
  ["HEAD", 500, false],
])("the answer to a %s with %i has a body: %s", (method, status, hasBody) => {
  expect(incoming(status, { "content-length": "3" }, method).hasBody).toBe(hasBody);
});

describe("a body", () => {
  test("is taken up to its limit, and what would be too much is left", () => {
    const answer = incoming(200);
    expect([answer.take(Buffer.alloc(6, "a")), answer.take(Buffer.alloc(5, "b"))]).toEqual([true, false]);
    expect(answer.take(Buffer.from("cccc"))).toBe(true);
    expect(Buffer.from(answer.whole()).toString()).toBe("aaaaaacccc");
  });

  test("of one piece is that piece, and of three all of them in their order", () => {
    const answer = incoming(200);
    expect(answer.whole()).toHaveLength(0);
    const first = Buffer.from("ab");
    answer.take(first);
    expect(answer.whole()).toBe(first);
    answer.take(Buffer.from("cd"));
    answer.take(Buffer.from("e"));
    expect(Buffer.from(answer.whole()).toString()).toBe("abcde");
  });

  test.each([
    ["11", 200, true],
    ["10", 200, false],
    ["11", 404, false],
    ["eleven", 200, false],
    [undefined, 200, false],
  ])("that is announced with length %s in a %i is too large: %s", (length, status, isTooLarge) => {
    expect(incoming(status, { "content-length": length }).isAnnouncedTooLarge).toBe(isTooLarge);
  });

  test("is whole with the last byte that was announced, and never known to be where none was", () => {
    const announced = incoming(200, { "content-length": "4" });
    announced.take(Buffer.from("abc"));
    expect(announced.isWhole).toBe(false);
    announced.take(Buffer.from("d"));
    expect(announced.isWhole).toBe(true);
    const chunked = incoming(200, { "transfer-encoding": "chunked" });
    chunked.take(Buffer.from("abcd"));
    expect(chunked.isWhole).toBe(false);
  });

  test("that is encoded and not whole cannot be read", () => {
    const answer = incoming(500, { "content-encoding": "gzip" });
    expect(answer.readEncoding(true, "gzip")).toBeUndefined();
    answer.take(Buffer.from("half"));
    expect(answer.readable()).toHaveLength(0);
  });

  test("is decoded within its limit, and its headers no longer say that it is encoded", async () => {
    const headers = { "content-encoding": "gzip", "content-length": "22", etag: '"1"' };
    const answer = new IncomingAnswer({ status: 200, headers, at: 5 }, { method: "GET", maxBytes: 100 });
    answer.readEncoding(true, "gzip");
    answer.take(gzipSync("ok"));
    expect(await answer.decoded(answer.codings ?? [])).toEqual({ kind: "decoded", bytes: Buffer.from("ok") });
    expect(answer.decodedHeaders).toEqual({ etag: '"1"' });
  });
});

describe("an encoding", () => {
  test("of the transfer that is not chunked is refused, whatever was asked for", () => {
    expect(incoming(200, { "transfer-encoding": "gzip, chunked" }).readEncoding(false, undefined)).toContain(
      'transfer coding of the answer is not "chunked"',
    );
    expect(incoming(200, { "transfer-encoding": "Chunked" }).readEncoding(true, undefined)).toBeUndefined();
  });

  test("that is not to be undone is the caller's, unless none was asked for", () => {
    const answer = incoming(200, { "content-encoding": "gzip" });
    expect([answer.readEncoding(false, "gzip"), answer.codings]).toEqual([undefined, undefined]);
    expect(answer.readEncoding(false, "identity")).toBe(
      "the answer is encoded (gzip) although no encoding was asked for",
    );
  });
});
