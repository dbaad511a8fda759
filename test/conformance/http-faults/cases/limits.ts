import { answer, answers, readsNothing, saysNothing, trickles, type Behaviour } from "../behaviour.ts";
import type { SaidByHawser } from "../../faults/said-by-hawser.ts";
import { fails, type FaultCase, type FaultKind } from "../fault-case.ts";

const limitMs = 150;
const deadline = { limits: { deadlineMs: limitMs } };
const attempt = { limits: { attemptTimeoutMs: limitMs } };
const connect = { limits: { connectTimeoutMs: 1_500, maxRetries: 0 } };
const idle = { limits: { bodyIdleTimeoutMs: 60 } };

const passed = (
  said: Omit<SaidByHawser, "code">,
  limit: "deadline" | "attempt" | "connect" | "body-idle" = "deadline",
) => fails("timeout", { code: `timeout-${limit}`, ...said });
// The reason of the abort passes through; there is nothing for Hawser to say.
const aborted = { isAborted: true, expect: fails("aborted") };

const partOfBody = "HTTP/1.1 200 OK\ncontent-length: 10\n\nabc";
const trickledHead = trickles("HTTP/1.1 200 OK\n", "x-more: 1\n");
const trickledBody = trickles("HTTP/1.1 200 OK\ncontent-length: 100000\n\nabc", "d");
const stalledName: Behaviour = { name: "stalled" };
const fullBacklog: Behaviour = { accepts: "backlog-full" };
const stalledHandshake: Behaviour = { scheme: "https", onConnection: readsNothing.onConnection ?? (() => true) };
// Within what a hint may be beyond our own delay: it is waited for.
const comeBackLater = answers(answer("busy", "retry-after: 4", "503 Busy"));

const notSent = { outcome: "not-sent" } as const;
const unknown = { outcome: "unknown" } as const;
const get = { call: { method: "GET" } } as const;
const status: readonly FaultKind[] = ["status", "timeout"];

/** The deadline, the limits within it and the caller's abort, in every phase of a call. */
export const limitFaults: readonly FaultCase[] = [
  {
    rule: "a name that is never resolved ends by the connect limit",
    farSide: stalledName,
    ...connect,
    expect: passed(notSent, "connect"),
  },
  {
    rule: "a name that is never resolved ends by the deadline",
    farSide: stalledName,
    ...deadline,
    expect: passed(notSent),
  },
  { rule: "an abort ends the wait for a name", farSide: stalledName, ...aborted },
  {
    rule: "a name that does not exist is told as one",
    farSide: { name: "missing" },
    expect: fails("dns", { code: "connection-dns", ...notSent, phase: "connect" }),
  },
  {
    rule: "a port where nobody listens is told as one, and nothing was sent",
    farSide: { accepts: "refused" },
    expect: fails("connect", { code: "connection-connect", ...notSent, phase: "connect" }),
  },
  {
    rule: "a connection that nobody takes ends by the connect limit",
    farSide: fullBacklog,
    ...connect,
    expect: passed(notSent, "connect"),
  },
  {
    rule: "a connection that nobody takes ends by the deadline",
    farSide: fullBacklog,
    ...deadline,
    expect: passed(notSent),
  },
  { rule: "an abort ends the wait for a connection", farSide: fullBacklog, ...aborted },
  {
    rule: "a TLS handshake that stalls ends by the connect limit",
    farSide: stalledHandshake,
    ...connect,
    expect: passed(notSent, "connect"),
  },
  {
    rule: "a TLS handshake that stalls ends by the deadline",
    farSide: stalledHandshake,
    ...deadline,
    expect: passed(notSent),
  },
  { rule: "an abort ends a TLS handshake that stalls", farSide: stalledHandshake, ...aborted },
  {
    rule: "the wait for a free connection ends by the deadline, and nothing was sent",
    farSide: saysNothing,
    isBehindAnother: true,
    limits: { deadlineMs: limitMs, maxConnections: 1 },
    expect: passed({ ...notSent, phase: "queue" }),
  },
  {
    rule: "an abort ends the wait for a free connection",
    farSide: saysNothing,
    isBehindAnother: true,
    limits: { maxConnections: 1 },
    ...aborted,
  },
  {
    rule: "a large body that nobody reads ends by the deadline",
    farSide: readsNothing,
    call: { body: "large" },
    ...deadline,
    expect: passed(unknown),
  },
  {
    rule: "a large stream that nobody reads ends by the deadline, while sending",
    farSide: readsNothing,
    call: { body: "large-stream" },
    ...deadline,
    expect: passed({ ...unknown, phase: "send" }),
  },
  {
    rule: "a large stream that nobody reads ends by the attempt limit",
    farSide: readsNothing,
    call: { body: "large-stream" },
    ...attempt,
    expect: passed({ ...unknown, limitMs }, "attempt"),
  },
  {
    rule: "an abort ends the sending of a body that nobody reads",
    farSide: readsNothing,
    call: { body: "large-stream" },
    ...aborted,
  },
  {
    rule: "headers that never come end by the deadline",
    farSide: saysNothing,
    ...deadline,
    expect: passed({ ...unknown, phase: "headers", limitMs }),
  },
  {
    rule: "headers that never come end by the attempt limit",
    farSide: saysNothing,
    ...attempt,
    expect: passed({ ...unknown, phase: "headers" }, "attempt"),
  },
  { rule: "an abort ends the wait for headers", farSide: saysNothing, ...aborted },
  {
    rule: "headers that trickle in end by the deadline",
    farSide: trickledHead,
    ...deadline,
    expect: passed({ ...unknown, phase: "headers" }),
  },
  {
    rule: "headers that trickle in end by the attempt limit",
    farSide: trickledHead,
    ...attempt,
    expect: passed(unknown, "attempt"),
  },
  { rule: "an abort ends headers that trickle in", farSide: trickledHead, ...aborted },
  {
    rule: "a body that stalls ends by the idle limit",
    farSide: answers(partOfBody),
    ...idle,
    expect: passed({ ...unknown, phase: "body" }, "body-idle"),
  },
  {
    rule: "a body that stalls ends by the deadline",
    farSide: answers(partOfBody),
    ...deadline,
    expect: passed({ ...unknown, phase: "body" }),
  },
  { rule: "an abort ends a body that stalls", farSide: answers(partOfBody), ...aborted },
  {
    rule: "a body that trickles in ends by the deadline, for all that it never idles",
    farSide: trickledBody,
    ...deadline,
    expect: passed({ ...unknown, phase: "body" }),
  },
  {
    rule: "a body that trickles in ends by the attempt limit",
    farSide: trickledBody,
    ...attempt,
    expect: passed(unknown, "attempt"),
  },
  { rule: "an abort ends a body that trickles in", farSide: trickledBody, ...aborted },
  {
    rule: "a chunk that never ends, ends by the deadline",
    farSide: trickles("HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\nfffff\nabc", "d"),
    ...deadline,
    expect: passed({ ...unknown, phase: "body" }),
  },
  { rule: "an abort ends the wait before a retry", farSide: comeBackLater, ...get, ...aborted },
  {
    rule: "a retry that could not start before the deadline is not waited for",
    farSide: comeBackLater,
    ...get,
    limits: { deadlineMs: 1_000 },
    expect: fails(status, { code: "response-status", status: 503 }),
  },
];
