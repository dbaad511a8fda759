import { answers, type Behaviour, type Then } from "../behaviour.ts";
import { either, type Expectation, fails, type FaultCase, succeeds } from "../fault-case.ts";

const protocol = fails("protocol", { code: "connection-protocol", outcome: "unknown" });
// Some parsers tell of the end of the connection, some of the answer that it made incomplete.
const cutShort = fails(["reset", "protocol"], { code: "connection-reset", outcome: "unknown", phase: "body" });
const notChunked = fails(["encoding", "protocol"], { code: "decode-encoding" }, { code: "connection-protocol" });
const tooLarge = fails("too-large", { code: "decode-too-large", outcome: "accepted" });

const withLength = (headers: string, body = "ok", then: Then = "goes-on"): Behaviour =>
  answers(`HTTP/1.1 200 OK\n${headers}\n\n${body}`, then);
const chunked = (body: string, then: Then = "goes-on"): Behaviour =>
  withLength("transfer-encoding: chunked", body, then);
const get = { call: { method: "GET" } } as const;
const head = { call: { method: "HEAD" } } as const;

const refused = (rule: string, farSide: Behaviour, expect: Expectation = protocol): FaultCase => ({
  rule,
  farSide,
  expect,
});

/** How long an answer says it is, and how long it is. */
export const lengthFaults: readonly FaultCase[] = [
  refused("a negative length breaks the protocol", withLength("content-length: -2")),
  refused("a length that is no number breaks the protocol", withLength("content-length: two")),
  refused("a length with a sign breaks the protocol", withLength("content-length: +2")),
  refused("a length in hexadecimal breaks the protocol", withLength("content-length: 0x2")),
  refused("a length beyond all numbers breaks the protocol", withLength("content-length: 99999999999999999999999")),
  refused("an empty length breaks the protocol", withLength("content-length:")),
  refused("a list of different lengths breaks the protocol", withLength("content-length: 2, 5")),
  refused("two lengths that differ break the protocol", withLength("content-length: 2\ncontent-length: 5")),
  refused(
    "two lengths that agree are one length or break the protocol",
    withLength("content-length: 2\ncontent-length: 2"),
    either(succeeds(), protocol),
  ),
  refused(
    "a length beside chunks breaks the protocol, or the chunks count",
    withLength("content-length: 2\ntransfer-encoding: chunked", "2\nok\n0\n\n"),
    either(succeeds(), protocol),
  ),
  refused(
    "chunks beside a length break the protocol, or the chunks count",
    withLength("transfer-encoding: chunked\ncontent-length: 30", "2\nok\n0\n\n"),
    either(succeeds(), protocol),
  ),
  refused("a chunk size that is none breaks the protocol", chunked("ZZ\nok\n0\n\n")),
  refused("an empty chunk size breaks the protocol", chunked("\nok\n0\n\n")),
  refused("a negative chunk size breaks the protocol", chunked("-2\nok\n0\n\n")),
  refused("a chunk size in the style of a program breaks the protocol", chunked("0x2\nok\n0\n\n")),
  refused("a chunk size beyond all numbers breaks the protocol", chunked("FFFFFFFFFFFFFFFFFF\nok\n0\n\n")),
  refused("a chunk longer than its size breaks the protocol", chunked("2\nokay\n0\n\n")),
  refused("a chunk extension is passed over", chunked('2;a="b;c"\nok\n0\n\n'), succeeds()),
  refused(
    "a very long chunk extension ends as an answer or breaks the protocol",
    chunked(`2;${"a".repeat(50_000)}\nok\n0\n\n`),
    either(succeeds(), protocol),
  ),
  refused("trailers are passed over", chunked("2\nok\n0\nx-checksum: 1\n\n"), succeeds()),
  refused(
    "trailers that mean to change the length change nothing, or break the protocol",
    chunked("2\nok\n0\ncontent-length: 9\n\n"),
    either(succeeds(), protocol),
  ),
  refused(
    "endless trailers break the protocol",
    chunked(`2\nok\n0\n${"x-t: aaaaaaaaaaaaaaaa\n".repeat(8_000)}`),
    protocol,
  ),
  refused("chunks that end without the last one are cut short", chunked("2\nok\n", "ends"), cutShort),
  refused("chunks that end within one are cut short", chunked("9\nok", "ends"), cutShort),
  refused("chunks that end before the trailers do are cut short", chunked("2\nok\n0\n", "ends"), cutShort),
  refused("chunks that a reset ends are cut short", chunked("2\nok\n", "resets"), cutShort),
  refused("a body that ends before its length is cut short", withLength("content-length: 10", "ok", "ends"), cutShort),
  refused(
    "a body that a reset ends before its length is cut short",
    withLength("content-length: 10", "ok", "resets"),
    cutShort,
  ),
  refused(
    "a last body that a reset ends before its length is cut short",
    withLength("connection: close\ncontent-length: 10", "ok", "resets"),
    fails(
      ["reset", "protocol"],
      { code: "connection-reset", outcome: "unknown" },
      { code: "connection-protocol", outcome: "unknown" },
    ),
  ),
  refused(
    "last chunks that a reset ends are cut short",
    withLength("connection: close\ntransfer-encoding: chunked", "2\nok\n", "resets"),
    fails(
      ["reset", "protocol"],
      { code: "connection-reset", outcome: "unknown" },
      { code: "connection-protocol", outcome: "unknown" },
    ),
  ),
  refused(
    "headers that the end cuts off are cut short",
    answers("HTTP/1.1 200 OK\ncontent-le", "ends"),
    fails(["reset", "protocol"], { code: "connection-reset", outcome: "unknown" }),
  ),
  refused(
    "a transfer coding that nobody asked for is not taken for the body",
    withLength("transfer-encoding: gzip, chunked", "2\nok\n0\n\n"),
    notChunked,
  ),
  refused(
    "a transfer coding after the chunks is refused or lasts to the end",
    withLength("transfer-encoding: chunked, identity", "2\nok\n0\n\n", "ends"),
    either(succeeds("2\r\nok\r\n0\r\n\r\n"), notChunked),
  ),
  refused(
    "a body without a length lasts to the end of the connection",
    withLength("x-a: 1", "until the end", "ends"),
    succeeds("until the end"),
  ),
  refused("a body without a length that a reset ends is cut short", withLength("x-a: 1", "until", "resets"), cutShort),
  refused(
    "a body longer than its length is cut there, and the rest poisons nothing",
    withLength("content-length: 2", "ok and more"),
    either(succeeds(), protocol),
  ),
  refused(
    "a second answer behind the first poisons nothing",
    withLength("content-length: 2", "okHTTP/1.1 200 OK\ncontent-length: 6\n\npoison"),
    either(succeeds(), protocol),
  ),
  refused(
    "bytes behind the last chunk poison nothing",
    chunked("2\nok\n0\n\nHTTP/1.1 200 OK\ncontent-length: 6\n\npoison"),
    either(succeeds(), protocol),
  ),
  refused(
    "a 204 has no body, and what comes in its place poisons nothing",
    answers("HTTP/1.1 204 No Content\n\nHTTP/1.1 200 OK\ncontent-length: 6\n\npoison"),
    either(succeeds("", 204), protocol),
  ),
  refused(
    "a 204 with a length has no body all the same",
    answers("HTTP/1.1 204 No Content\ncontent-length: 6\n\npoison"),
    either(succeeds("", 204), protocol),
  ),
  {
    rule: "a 304 has no body, whatever its headers say",
    farSide: answers("HTTP/1.1 304 Not Modified\ncontent-length: 99999\n\n"),
    ...get,
    expect: either(succeeds("", 304), fails("status", { code: "response-status", status: 304 })),
  },
  {
    rule: "an answer to HEAD has no body, whatever its headers say",
    farSide: withLength("content-length: 99999", ""),
    ...head,
    expect: succeeds(""),
  },
  {
    rule: "an answer to HEAD that has a body poisons nothing",
    farSide: withLength("content-length: 6", "poison"),
    ...head,
    expect: either(succeeds(""), protocol),
  },
  refused(
    "a 205 with a body is read with it or without",
    answers("HTTP/1.1 205 Reset Content\ncontent-length: 2\n\nok"),
    succeeds(["ok", ""], 205),
  ),
  refused(
    "a length above the limit is refused before the body is read",
    withLength("content-length: 100001", "ok"),
    tooLarge,
  ),
  refused("a body above the limit is refused, its length untold", withLength("x-a: 1", "a".repeat(150_000)), tooLarge),
  refused("chunks above the limit are refused", chunked(`30d40\n${"a".repeat(200_000)}\n`), tooLarge),
  refused(
    "an empty answer of HTTP/1.0 lasts to the end of the connection",
    answers("HTTP/1.0 200 OK\n\n", "ends"),
    succeeds(""),
  ),
  refused(
    "an answer of HTTP/1.0 lasts to the end of the connection",
    answers("HTTP/1.0 200 OK\n\nold", "ends"),
    succeeds("old"),
  ),
  refused(
    "an answer of HTTP/1.0 with a length ends there",
    answers("HTTP/1.0 200 OK\ncontent-length: 3\n\nold"),
    succeeds("old"),
  ),
  refused(
    "an answer of HTTP/1.0 may keep the connection",
    answers("HTTP/1.0 200 OK\nconnection: keep-alive\ncontent-length: 3\n\nold"),
    succeeds("old"),
  ),
];
