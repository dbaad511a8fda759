import { expect, test } from "vitest";
import { chunkOf, rawHead } from "../../src/testing/raw-answer.ts";

const plain = { status: 200, method: "GET", headers: {}, length: 3 } as const;
const linesOf = (given: Partial<Parameters<typeof rawHead>[0]>): string[] =>
  Buffer.from(rawHead({ ...plain, ...given }).bytes)
    .toString("latin1")
    .split("\r\n")
    .slice(0, -2);

test("a body that is known has its length, and one that is a stream has chunks", () => {
  expect(linesOf({})).toEqual(["HTTP/1.1 200 OK", "content-length: 3"]);
  expect(linesOf({ length: undefined })).toEqual(["HTTP/1.1 200 OK", "transfer-encoding: chunked"]);
  expect(rawHead({ ...plain, length: undefined }).framing).toBe("chunked");
});

test("what was given is written as it is, a wrong length too", () => {
  const headers = { "Content-Length": "99", "Set-Cookie": ["a=1", "b=2"], absent: undefined };
  expect(linesOf({ headers })).toEqual(["HTTP/1.1 200 OK", "Content-Length: 99", "Set-Cookie: a=1", "Set-Cookie: b=2"]);
  expect(rawHead({ ...plain, headers, length: undefined }).framing).toBe("length");
});

test("a HEAD has the length and no body, a 204 and a 304 have neither", () => {
  expect(linesOf({ method: "HEAD" })).toEqual(["HTTP/1.1 200 OK", "content-length: 3"]);
  expect(rawHead({ ...plain, method: "HEAD" }).framing).toBe("none");
  for (const status of [204, 304]) {
    expect(linesOf({ status })).toHaveLength(1);
    expect(rawHead({ ...plain, status }).framing).toBe("none");
  }
});

test("a status without a name is written without one", () => {
  expect(linesOf({ status: 299 })[0]).toBe("HTTP/1.1 299 ");
});

test("the length of a chunk is hexadecimal", () => {
  expect(Buffer.from(chunkOf(Buffer.alloc(26, "x"))).toString()).toBe(`1a\r\n${"x".repeat(26)}\r\n`);
});
