import { expect, test } from "vitest";
import { ServiceConnectionError } from "../../src/core/errors.ts";
import { Outbox, type SendTerms } from "../../src/websocket/outbox.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";
import { thrownBy } from "./peer.ts";

const lost = new ServiceConnectionError("reset", { service: "feed", phase: "receive", outcome: "unknown" });

/** A socket that keeps what it is given until the test confirms it. */
function fakeSink() {
  const taken: { data: string | Uint8Array; done: (error?: Error) => void }[] = [];
  return {
    taken,
    isWritable: true,
    unsentBytes: 0,
    send: (data: string | Uint8Array, done: (error?: Error) => void) => void taken.push({ data, done }),
    texts: () => taken.map(({ data }) => data),
  };
}

function setUp(limits = { maxMessages: 2, maxBytes: 100 }) {
  const clock = new VirtualClock();
  const outbox = new Outbox({ service: "feed", operation: "/stream" }, limits, clock);
  const send = (data: string | Uint8Array, terms: Partial<SendTerms> = {}): Promise<void> =>
    outbox.send({ data, bytes: data.length }, { limitMs: 1_000, limit: "send", signals: [], isSetup: false, ...terms });
  return { clock, outbox, send, sink: fakeSink() };
}

test("a send resolves when the socket has confirmed it, and not before", async () => {
  const { outbox, send, sink } = setUp();
  outbox.open(sink);
  let isDone = false;
  const sent = send("a").then(() => {
    isDone = true;
    return undefined;
  });
  await settled();
  expect([sink.texts(), isDone]).toEqual([["a"], false]);
  sink.taken[0]?.done();
  await sent;
  expect(isDone).toBe(true);
});

test("messages go out in the order of the calls, those that waited for room too", async () => {
  const { outbox, send, sink } = setUp();
  const all = Promise.all(["1", "2", "3", "4", "5"].map((text) => send(text)));
  expect(outbox.queuedMessages).toBe(5);
  outbox.open(sink);
  for (const { done } of sink.taken) done();
  await all;
  expect(sink.texts()).toEqual(["1", "2", "3", "4", "5"]);
});

test("the outbox is bounded by bytes, but takes any one message while it is empty", async () => {
  const { clock, outbox, send } = setUp();
  const big = thrownBy(send("x".repeat(1_000)));
  const small = thrownBy(send("y", { limitMs: 500 }));
  expect(outbox.queuedBytes).toBe(1_000);
  await clock.advance(500);
  expect(String(await small)).toContain("the outbox was full (1 messages, 1000 bytes)");
  await clock.advance(500);
  expect(await big).toMatchObject({ code: "timeout-send", outcome: "not-sent", phase: "queue", limitMs: 1_000 });
  expect([outbox.queuedMessages, outbox.queuedBytes]).toEqual([0, 0]);
});

test("what waits for room moves up when something before it ends early", async () => {
  const { clock, outbox, send, sink } = setUp({ maxMessages: 1, maxBytes: 100 });
  const stop = new AbortController();
  const first = thrownBy(send("first", { signals: [stop.signal] }));
  const second = send("second");
  stop.abort("changed my mind");
  expect(await first).toBe("changed my mind");
  outbox.open(sink);
  expect(sink.texts()).toEqual(["second"]);
  sink.taken[0]?.done();
  await second;
  outbox.end(() => undefined);
  expect(clock.timers).toBe(0);
});

test("no more than 64 KiB are handed to the socket ahead of the kernel", async () => {
  const { outbox, send, sink } = setUp();
  outbox.open(sink);
  const one = send("one");
  sink.unsentBytes = 64 * 1024;
  const two = send("two");
  expect(sink.texts()).toEqual(["one"]);
  sink.unsentBytes = 0;
  sink.taken[0]?.done();
  await one;
  expect(sink.texts()).toEqual(["one", "two"]);
  sink.taken[1]?.done();
  await two;
});

test("while a connection is prepared only its own messages pass", async () => {
  const { outbox, send, sink } = setUp();
  const user = send("user");
  outbox.prepare(sink);
  const setup = send("setup", { isSetup: true });
  expect(sink.texts()).toEqual(["setup"]);
  outbox.open(sink);
  expect(sink.texts()).toEqual(["setup", "user"]);
  for (const { done } of sink.taken) done();
  await Promise.all([user, setup]);
});

test("when the connection goes, what it had is unknown, its preparation not sent, and the rest waits", async () => {
  const { outbox, send, sink } = setUp();
  outbox.prepare(sink);
  const handed = thrownBy(send("handed", { isSetup: true }));
  sink.isWritable = false;
  const unhanded = thrownBy(send("unhanded", { isSetup: true }));
  const user = send("user");
  outbox.hold(lost);
  expect(await handed).toMatchObject({ code: "connection-reset", outcome: "unknown", cause: lost, retryable: false });
  expect(await unhanded).toMatchObject({ code: "connection-not-connected", outcome: "not-sent" });
  const next = fakeSink();
  outbox.open(next);
  sink.taken[0]?.done();
  expect(next.texts()).toEqual(["user"]);
  next.taken[0]?.done();
  await user;
});

test("a write that fails has an unknown outcome", async () => {
  const { outbox, send, sink } = setUp();
  outbox.open(sink);
  const sent = thrownBy(send("x"));
  sink.taken[0]?.done(new Error("EPIPE"));
  expect(await sent).toMatchObject({ code: "connection-reset", outcome: "unknown", cause: { message: "EPIPE" } });
});

test("a limit that passes after the message was handed over has an unknown outcome", async () => {
  const { clock, outbox, send, sink } = setUp();
  outbox.open(sink);
  const sent = thrownBy(send("x"));
  await clock.advance(1_000);
  expect(await sent).toMatchObject({ code: "timeout-send", outcome: "unknown", phase: "send" });
});

test("a deadline that has passed, or a signal that has aborted, ends a send before it is queued", async () => {
  const { outbox, send } = setUp();
  expect(await thrownBy(send("x", { limitMs: -5, limit: "deadline" }))).toMatchObject({
    code: "timeout-deadline",
    limitMs: 0,
    outcome: "not-sent",
  });
  expect(await thrownBy(send("x", { signals: [AbortSignal.abort("stop")] }))).toBe("stop");
  expect(outbox.queuedMessages).toBe(0);
});

test("a caller may use its buffer again while its message waits", async () => {
  const { outbox, send, sink } = setUp();
  const bytes = new Uint8Array([1, 2, 3]);
  const sent = send(bytes);
  bytes.fill(0);
  outbox.open(sink);
  expect(sink.texts()).toEqual([new Uint8Array([1, 2, 3])]);
  sink.taken[0]?.done();
  await sent;
});

test("draining refuses what waits for room and waits for what was taken", async () => {
  const { outbox, send, sink } = setUp({ maxMessages: 1, maxBytes: 100 });
  const taken = send("taken");
  const waiting = thrownBy(send("waiting"));
  const refusal = new Error("closing");
  const drained = outbox.drain(() => refusal);
  expect(await waiting).toBe(refusal);
  outbox.open(sink);
  sink.taken[0]?.done();
  await Promise.all([taken, drained]);
  await outbox.drain(() => refusal);
});

test("the end rejects all that is left, and leaves no timer", async () => {
  const { clock, outbox, send, sink } = setUp();
  outbox.open(sink);
  const handed = thrownBy(send("handed"));
  sink.isWritable = false;
  const queued = thrownBy(send("queued", { limitMs: Number.POSITIVE_INFINITY }));
  const drained = outbox.drain(() => undefined);
  const refusal = new Error("over");
  outbox.end(() => refusal, lost);
  expect(await handed).toMatchObject({ outcome: "unknown" });
  expect(await queued).toBe(refusal);
  await drained;
  expect(clock.timers).toBe(0);
});
