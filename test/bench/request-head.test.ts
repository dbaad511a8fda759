import { expect, test } from "vitest";
import { readRequestHead } from "../../bench/request-head.ts";

const head = (text: string): ReturnType<typeof readRequestHead> => readRequestHead(Buffer.from(text), 0);

test("a GET ends with its head, and names what it wants at the end of its path", () => {
  const request = "GET /json/200 HTTP/1.1\r\nhost: a/b\r\n\r\n";
  expect(head(`${request}GET /json/1`)).toEqual({ name: "200", length: request.length });
});

test("a POST has a body of the length that its head says, whatever the case of the name", () => {
  const request = "POST /json/200 HTTP/1.1\r\nContent-Length: 5\r\n\r\n";
  expect(head(`${request}{"a"`)).toEqual({ name: "200", length: request.length + 5 });
});

test("a request behind another is found where it begins", () => {
  const first = "GET /json/1 HTTP/1.1\r\n\r\n";
  const second = "GET /json/22 HTTP/1.1\r\n\r\n";
  expect(readRequestHead(Buffer.from(first + second), first.length)).toEqual({ name: "22", length: second.length });
});

test("a head that has not come to its end is none yet", () => {
  expect(head("GET /json/200 HTTP/1.1\r\nhost: a\r\n")).toBeUndefined();
});

test("a body of unknown length is refused", () => {
  expect(() => head("POST /json/200 HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n")).toThrow(RangeError);
});
