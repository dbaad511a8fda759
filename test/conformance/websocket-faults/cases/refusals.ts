import { answers, type Behaviour, refuses } from "../behaviour.ts";
import { comesBack, type FaultCase, givesUp } from "../fault-case.ts";

const forGood = (status: string, rule: string, headers = ""): FaultCase => ({
  rule,
  farSide: refuses(status, headers),
  expect: givesUp("status", { code: "response-status", status: Number.parseInt(status, 10), outcome: "rejected" }),
});

const forNow = (status: string, rule: string, headers = ""): FaultCase => ({
  rule,
  farSide: refuses(status, headers),
  expect: comesBack("status", { code: "response-status", status: Number.parseInt(status, 10), outcome: "rejected" }),
});

/** Refused, with a hint of a second; the delays of the client alone would be far shorter. */
const hinted = (status: string, code: "response-status" | "rate-limited"): Omit<FaultCase, "rule"> => ({
  farSide: refuses(status, "retry-after: 1"),
  limits: { baseDelayMs: 10, maxDelayMs: 3_000 },
  dials: { withinMs: 900, atMost: 1 },
  expect: comesBack("status", { code }),
});

function* endlessly(piece: string, count: number): Generator<Buffer> {
  for (let i = 0; i < count; i++) yield Buffer.from(piece);
}

const endlessBody = (status: string): Behaviour => ({
  onUpgrade: (line) => {
    line.write(`HTTP/1.1 ${status}\ntransfer-encoding: chunked\n\n5\nwords\n`);
    void line.drip(endlessly("5\r\nwords\r\n", 1_000_000), 5);
    line.reach();
  },
});

const floodOfBody: Behaviour = {
  onUpgrade: (line) => {
    line.write("HTTP/1.1 403 Forbidden\ncontent-length: 99999999999\n\n");
    line.flood(endlessly("x".repeat(65_536), 768));
    line.reach();
  },
};

/** Upgrades that are refused, with a status. */
export const refusalFaults: readonly FaultCase[] = [
  forGood("400 Bad Request", "a bad request is not sent again"),
  forGood("401 Unauthorized", "a credential that is refused is not tried again as it is"),
  forGood("403 Forbidden", "what is forbidden is not asked for again"),
  forGood("404 Not Found", "a path that does not exist is not dialled again"),
  forGood("410 Gone", "a path that is gone is not dialled again"),
  forGood("426 Upgrade Required", "a version that is refused is not offered again", "sec-websocket-version: 8"),
  forGood("301 Moved", "a place that was left for good is not dialled again", "location: ws://127.0.0.1:9/"),
  forGood("308 Moved", "a redirect for good is not taken with the credentials along", "location: ws://127.0.0.1:9/"),
  forNow("302 Found", "a redirect for now is dialled again", "location: ws://127.0.0.1:9/"),
  forNow("200 OK", "a page in place of the upgrade passes", "content-type: text/html"),
  {
    rule: "no content in place of the upgrade passes",
    farSide: answers("HTTP/1.1 204 No Content\nconnection: close\n\n", "ends"),
    expect: comesBack("status", { code: "response-status", status: 204 }),
  },
  forNow("408 Request Timeout", "a request that came too slowly is sent again"),
  forNow("425 Too Early", "a request that came too early is sent again"),
  forNow("500 Error", "an error over there passes"),
  forNow("502 Bad Gateway", "a bad gateway passes"),
  forNow("503 Unavailable", "a service that is not available is dialled again"),
  forNow("504 Gateway Timeout", "a gateway that waited in vain passes"),
  { rule: "a second that a 503 asks for is waited for", ...hinted("503 Unavailable", "response-status") },
  { rule: "a second that a 429 asks for is waited for", ...hinted("429 Too Many Requests", "rate-limited") },
  {
    rule: "a 429 without a hint passes",
    farSide: refuses("429 Too Many Requests"),
    expect: comesBack("status", { code: "rate-limited", outcome: "rejected" }),
  },
  {
    rule: "a storm of 503 is answered with ever longer waits",
    farSide: refuses("503 Unavailable"),
    limits: { baseDelayMs: 100, maxDelayMs: 2_000 },
    dials: { withinMs: 4_000, atMost: 12, atLeast: 2 },
    expect: comesBack("status", { code: "response-status", status: 503 }),
  },
  {
    rule: "a hint of an hour keeps nobody away for longer than the longest wait",
    farSide: refuses("503 Unavailable", "retry-after: 3600"),
    expect: comesBack("status", { code: "response-status", status: 503 }),
  },
  {
    rule: "a refusal is told by its status, its body cut short or not",
    farSide: answers("HTTP/1.1 403 Forbidden\ncontent-length: 100\n\nno", "ends"),
    expect: givesUp("status", { code: "response-status", status: 403 }),
  },
  {
    rule: "a refusal is told by its status, though its body never comes",
    farSide: answers("HTTP/1.1 403 Forbidden\ncontent-length: 100\n\n"),
    expect: givesUp("status", { code: "response-status", status: 403 }),
  },
  {
    rule: "a refusal whose body trickles in without an end is told by its status",
    farSide: endlessBody("403 Forbidden"),
    expect: givesUp("status", { code: "response-status", status: 403 }),
  },
  {
    rule: "a refusal for now whose body trickles in without an end is followed by another dial",
    farSide: endlessBody("503 Unavailable"),
    expect: comesBack("status", { code: "response-status", status: 503 }),
  },
  {
    rule: "a refusal with a flood for a body does not fill the memory",
    farSide: floodOfBody,
    maxFloodBytes: 30 * 1024 * 1024,
    expect: givesUp("status", { code: "response-status", status: 403 }),
  },
];
