import { setImmediate as turn } from "node:timers/promises";
import { answer, answers, answersInTurn, type Behaviour, crlf } from "../behaviour.ts";
import { either, fails, type FaultCase, succeeds } from "../fault-case.ts";

const unknown = fails("reset", { code: "connection-reset", outcome: "unknown", phase: "headers" });
const dropped = fails(
  ["reset", "connect"],
  { code: "connection-reset", outcome: "unknown" },
  { code: "connection-connect", outcome: "not-sent" },
);
const get = { method: "GET" } as const;

/** Whoever connects is dropped before a word. */
const drops = (how: "ends" | "resets"): Behaviour => ({
  onConnection: (socket) => {
    if (how === "ends") socket.end();
    else socket.resetAndDestroy();
    return true;
  },
});

/** Answers, and says one thing more when the connection is idle. */
const speaksAgain = (bytes: string): Behaviour => ({
  onRequest: ({ socket, side }) => {
    socket.write(crlf(answer("ok")));
    side.also(later(async () => void socket.write(crlf(bytes))));
  },
});

/** Answers, and ends the connection a moment later, when it is idle. */
const endsIdle = (how: "ends" | "resets"): Behaviour => ({
  onRequest: ({ socket, side }) => {
    socket.write(crlf(answer("ok")));
    side.also(later(async () => void (how === "ends" ? socket.end() : socket.resetAndDestroy())));
  },
});

async function later(act: () => Promise<void>): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await turn();
  await act();
}

/** Restarts when so many calls have come; those just before are lost. */
const restartsAt = (count: number): Behaviour => ({
  onHead: ({ number, side }) => {
    if (number === count) side.also(side.restart());
    return number <= count && number > count - 10;
  },
  onRequest: ({ socket }) => void socket.write(crlf(answer("ok"))),
});

const hundred = { maxRetries: 5, retryDelayMs: 20, maxConnections: 16 };

/** Connections that break, that end, and that are used again. */
export const connectionFaults: readonly FaultCase[] = [
  { rule: "an end before a word is an error", farSide: drops("ends"), expect: dropped, limits: { maxRetries: 0 } },
  { rule: "a reset before a word is an error", farSide: drops("resets"), expect: dropped, limits: { maxRetries: 0 } },
  {
    rule: "a TLS handshake that ends is an error, and nothing was sent",
    farSide: { ...drops("ends"), scheme: "https" },
    expect: fails(
      ["connect", "tls", "reset"],
      { code: "connection-connect", outcome: "not-sent" },
      { code: "connection-tls", outcome: "not-sent" },
    ),
  },
  {
    rule: "a certificate that nobody vouches for is an error, and nothing was sent",
    farSide: { scheme: "untrusted" },
    expect: fails("tls", { code: "connection-tls", outcome: "not-sent" }),
  },
  {
    rule: "a far side that speaks no TLS is an error, and nothing was sent",
    farSide: {
      scheme: "https",
      onConnection: (socket) => {
        socket.end(crlf(answer("ok")));
        return true;
      },
    },
    expect: fails(["tls", "connect"], { code: "connection-tls", outcome: "not-sent" }),
  },
  { rule: "no answer but the end leaves the effect unknown", farSide: answers("", "ends"), expect: unknown },
  { rule: "no answer but a reset leaves the effect unknown", farSide: answers("", "resets"), expect: unknown },
  {
    rule: "a call that may be repeated survives a reset",
    farSide: answersInTurn(["", "resets"], [answer("ok"), "goes-on"]),
    call: get,
    expect: succeeds(),
  },
  {
    rule: "a call that may be repeated survives an end",
    farSide: answersInTurn(["", "ends"], [answer("ok"), "goes-on"]),
    call: get,
    expect: succeeds(),
  },
  {
    rule: "a call that may be repeated survives an answer cut short",
    farSide: answersInTurn(["HTTP/1.1 200 OK\ncontent-length: 9\n\nok", "ends"], [answer("ok"), "goes-on"]),
    call: get,
    expect: succeeds(),
  },
  { rule: "an end right after the answer loses nothing", farSide: answers(answer("ok"), "ends"), expect: succeeds() },
  {
    rule: "a reset right after the answer loses nothing",
    farSide: answers(answer("ok"), "resets"),
    expect: succeeds(),
  },
  { rule: "a connection that ends when it is idle is not used again", farSide: endsIdle("ends"), expect: succeeds() },
  {
    rule: "a connection that is reset when it is idle is not used again",
    farSide: endsIdle("resets"),
    expect: succeeds(),
  },
  {
    rule: "a kept connection that ends when a call comes loses no call that may be repeated",
    farSide: answersInTurn(["", "ends"], [answer("ok"), "goes-on"]),
    warmUps: 1,
    call: get,
    expect: succeeds(),
  },
  {
    rule: "a kept connection that breaks when a call comes loses no call that may be repeated",
    farSide: answersInTurn(["", "resets"], [answer("ok"), "goes-on"]),
    warmUps: 3,
    call: get,
    expect: succeeds(),
  },
  {
    rule: "a kept connection that breaks when a call comes does not repeat a POST",
    farSide: answersInTurn(["", "resets"], [answer("ok"), "goes-on"]),
    warmUps: 1,
    expect: unknown,
  },
  {
    rule: "a second answer on an idle connection is taken for nobody's",
    farSide: speaksAgain(answer("poison")),
    expect: succeeds(),
  },
  {
    rule: "garbage on an idle connection is taken for nobody's",
    farSide: speaksAgain("garbage\n\n"),
    expect: succeeds(),
  },
  {
    rule: "an interim answer on an idle connection is taken for nobody's",
    farSide: speaksAgain("HTTP/1.1 103 Early Hints\n\n"),
    expect: succeeds(),
  },
  {
    rule: "a 408 on an idle connection is taken for nobody's",
    farSide: speaksAgain(answer("late", "connection: close", "408 Request Timeout")),
    expect: succeeds(),
  },
  {
    rule: "a connection that was said to be closed is not used again",
    farSide: answers(answer("ok", "connection: close")),
    expect: succeeds(),
  },
  {
    rule: "a keep-alive of no time is believed",
    farSide: answers(answer("ok", "connection: keep-alive\nkeep-alive: timeout=0")),
    expect: succeeds(),
  },
  {
    rule: "a keep-alive that is nonsense is passed over",
    farSide: answers(answer("ok", "keep-alive: timeout=-1, max=soon")),
    expect: succeeds(),
  },
  {
    rule: "a connection that the far side has ended is not left half open",
    farSide: {
      onRequest: ({ socket }) => {
        socket.allowHalfOpen = true;
        socket.end(crlf(answer("ok")));
      },
    },
    expect: succeeds(),
  },
  {
    rule: "of 100 calls that may be repeated, a restart in the middle loses none",
    farSide: restartsAt(50),
    limits: hundred,
    call: { ...get, count: 100 },
    expect: succeeds(),
  },
  {
    rule: "of 100 calls that may not be repeated, a restart in the middle repeats none",
    farSide: restartsAt(50),
    limits: hundred,
    call: { count: 100 },
    expect: either(succeeds(), fails(["reset", "connect"], { code: "connection-reset", outcome: "unknown" })),
  },
  {
    rule: "a call with a key may be repeated, and does not have to be",
    farSide: answersInTurn(["", "resets"], [answer("ok"), "goes-on"]),
    call: { key: "order-7" },
    expect: either(succeeds(), fails("reset", { code: "connection-reset" })),
  },
  {
    rule: "a body that can be read once is never sent again as nothing",
    farSide: answersInTurn([answer("no", "", "503 No"), "goes-on"], [answer("ok"), "goes-on"]),
    call: { method: "PUT", body: "one-shot" },
    expect: either(succeeds(), fails(["status", "reset", "protocol"], { code: "response-status", status: 503 })),
  },
  {
    rule: "a body that can be read once is not sent again as nothing after a reset",
    farSide: answersInTurn(["", "resets"], [answer("ok"), "goes-on"]),
    call: { method: "PUT", body: "one-shot" },
    expect: either(succeeds(), fails(["reset", "protocol"], { code: "connection-reset", outcome: "unknown" })),
  },
];
