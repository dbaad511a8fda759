import { answer, answers, type Exchange, write } from "../behaviour.ts";
import { either, fails, type FaultCase, succeeds } from "../fault-case.ts";
import { crlf } from "../behaviour.ts";

const get = { call: { method: "GET" } } as const;
const json = { call: { method: "GET", reads: "json" } } as const;
const brokenJson = fails("json", { code: "decode-json", outcome: "accepted" });
const isJson = "content-type: application/json";
// Who waits for as long as it was told to, ends by its deadline.
const hinted = fails(["status", "timeout"], { code: "response-status", status: 503 });
const status = (code: number) => fails("status", { code: "response-status", status: code });
const storm = fails(["status", "timeout"], { code: "rate-limited", status: 429, outcome: "rejected" });
// No time for what the hint asks: the call ends now, or has tried in vain.
const hurried = { limits: { deadlineMs: 1_500, attemptTimeoutMs: 1_000 } };
const retryAfter = (value: string, code = "503 Busy"): ReturnType<typeof answers> =>
  answers(answer("busy", `retry-after: ${value}`, code));

/** Says back what it was sent, as error pages of frameworks do. */
const echoes = (code: string, type: string): { onRequest(exchange: Exchange): void } => ({
  onRequest: (exchange) =>
    write(
      exchange,
      answer(`you sent: ${exchange.head.replaceAll("\r\n", " ")}`, `content-type: ${type}`, code),
      "goes-on",
    ),
});

const bytes = (headers: string, body: Buffer): Buffer =>
  Buffer.concat([crlf(`HTTP/1.1 200 OK\n${headers}\ncontent-length: ${body.byteLength}\n\n`), body]);

/** Answers that are HTTP, and bad: what their status, their hints and their bodies say. */
export const answerFaults: readonly FaultCase[] = [
  { rule: "a hint of an hour is not waited for", farSide: retryAfter("3600"), ...get, ...hurried, expect: hinted },
  {
    rule: "a hint beyond all numbers is not waited for",
    farSide: retryAfter("99999999999999999999"),
    ...get,
    ...hurried,
    expect: hinted,
  },
  {
    rule: "a hint of a far date is not waited for",
    farSide: retryAfter("Fri, 31 Dec 9999 23:59:59 GMT"),
    ...get,
    ...hurried,
    expect: hinted,
  },
  {
    rule: "a hint of a past date is no hint",
    farSide: retryAfter("Thu, 01 Jan 1970 00:00:00 GMT"),
    ...get,
    ...hurried,
    expect: hinted,
  },
  { rule: "a negative hint is no hint", farSide: retryAfter("-5"), ...get, ...hurried, expect: hinted },
  { rule: "a hint in words is no hint", farSide: retryAfter("soon"), ...get, ...hurried, expect: hinted },
  { rule: "an empty hint is no hint", farSide: retryAfter(""), ...get, ...hurried, expect: hinted },
  {
    rule: "two hints are no reason to fail otherwise",
    farSide: retryAfter("1000\nretry-after: 2000"),
    ...get,
    ...hurried,
    expect: hinted,
  },
  {
    rule: "an hour that a 429 asks for is not waited for",
    farSide: retryAfter("3600", "429 Slow Down"),
    ...get,
    ...hurried,
    expect: storm,
  },
  {
    rule: "a storm of 429 ends by itself",
    farSide: answers(answer("slow down", "", "429 Slow Down")),
    ...get,
    ...hurried,
    expect: storm,
  },
  {
    rule: "a storm of 429 upon a POST ends by itself",
    farSide: answers(answer("slow down", "", "429 Slow Down")),
    ...hurried,
    maxDeliveries: 3,
    expect: storm,
  },
  {
    rule: "a storm of 503 ends by itself",
    farSide: answers(answer("busy", "", "503 Busy")),
    ...get,
    ...hurried,
    expect: status(503),
  },
  { rule: "a 500 upon a POST is not tried again", farSide: answers(answer("no", "", "500 No")), expect: status(500) },
  { rule: "a 502 upon a POST is not tried again", farSide: answers(answer("no", "", "502 No")), expect: status(502) },
  {
    rule: "a 408 upon a POST is not tried again",
    farSide: answers(answer("no", "connection: close", "408 No")),
    expect: status(408),
  },
  {
    rule: "a status that nobody knows is told as it is",
    farSide: answers(answer("no", "", "599 No")),
    expect: status(599),
  },
  {
    rule: "a status beyond all classes is told as it is",
    farSide: answers(answer("no", "", "999 No")),
    expect: either(
      status(999),
      fails(["status", "protocol"], { code: "response-status", status: 999 }, { code: "connection-protocol" }),
    ),
  },
  {
    rule: "an error is told by its status, its body cut short or not",
    farSide: answers("HTTP/1.1 400 No\ncontent-length: 9\n\nno", "ends"),
    expect: fails(
      ["status", "reset"],
      { code: "response-status", status: 400 },
      { code: "connection-reset", outcome: "unknown" },
    ),
  },
  {
    rule: "an error is told by its status, its body too large",
    farSide: answers(answer("n".repeat(150_000), "", "400 No")),
    expect: fails(["status", "too-large"], { code: "response-status", status: 400 }),
  },
  {
    rule: "an error with an endless body is told within the deadline",
    farSide: answers("HTTP/1.1 400 No\n\nno"),
    limits: { deadlineMs: 150 },
    expect: fails(["status", "timeout"], { code: "response-status", status: 400 }, { code: "timeout-deadline" }),
  },
  {
    rule: "an error page that says back what was sent gives no secret away",
    farSide: echoes("400 Bad", "text/html"),
    expect: status(400),
  },
  {
    rule: "an error in JSON that says back what was sent gives no secret away",
    farSide: echoes("500 Bad", "application/json"),
    expect: status(500),
  },
  {
    rule: "problem details that are no JSON are an error like any other",
    farSide: answers(answer("{", "content-type: application/problem+json", "422 No")),
    expect: status(422),
  },
  {
    rule: "a page in place of JSON is told as such",
    farSide: answers(answer("<html>ok</html>", "content-type: text/html")),
    ...json,
    expect: brokenJson,
  },
  {
    rule: "what says back in broken JSON what was sent gives no secret away",
    farSide: echoes("200 OK", "application/json"),
    ...json,
    expect: brokenJson,
  },
  {
    rule: "JSON that breaks off is told as such",
    farSide: answers(answer('{"id": 1, "na', isJson)),
    ...json,
    expect: brokenJson,
  },
  {
    rule: "JSON with something behind it is told as such",
    farSide: answers(answer('{"id": 1} {"id": 2}', isJson)),
    ...json,
    expect: brokenJson,
  },
  {
    rule: "JSON with a mark of byte order is read",
    farSide: answers(answer('\u00ef\u00bb\u00bf{"id":1}', isJson)),
    ...json,
    expect: succeeds('{"id":1}'),
  },
  { rule: "a NUL is no JSON", farSide: answers(answer("\0", isJson)), ...json, expect: brokenJson },
  {
    rule: "JSON that only ever opens brackets is told as such",
    farSide: answers(answer("[".repeat(49_000), isJson)),
    ...json,
    expect: brokenJson,
  },
  {
    rule: "JSON with a __proto__ changes nobody else",
    farSide: answers(answer('{"__proto__":{"isAdmin":true}}', isJson)),
    ...json,
    expect: either(succeeds('{"__proto__":{"isAdmin":true}}'), succeeds('{"__proto__":{"isAdmin":true}}')),
  },
  {
    rule: "bytes that are no UTF-8 are an answer all the same",
    farSide: answers(bytes("content-type: text/plain", Buffer.from([0x6f, 0xff, 0x6b]))),
    ...get,
    expect: succeeds("o\uFFFDk"),
  },
  {
    rule: "a charset that is not so is an answer all the same",
    farSide: answers(bytes("content-type: text/plain; charset=utf-16", Buffer.from("ok"))),
    ...get,
    expect: succeeds(),
  },
  {
    rule: "a charset that nobody knows is an answer all the same",
    farSide: answers(bytes("content-type: text/plain; charset=klingon", Buffer.from("ok"))),
    ...get,
    expect: succeeds(),
  },
  {
    rule: "a content type that is none is an answer all the same",
    farSide: answers(bytes("content-type: ;;;=", Buffer.from("ok"))),
    ...get,
    expect: succeeds(),
  },
];
