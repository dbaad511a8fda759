import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { ServiceConnectionError } from "../../../src/core/errors.ts";
import type { OutboxLimits } from "../../../src/websocket/send/backlog.ts";
import { Outbox } from "../../../src/websocket/send/outbox.ts";
import type { SendTerms } from "../../../src/websocket/send/outgoing.ts";
import { settled, VirtualClock } from "../../support/virtual-clock.ts";
import { thrownBy } from "../peer.ts";

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

function setUp(limits: Partial<OutboxLimits> = {}) {
  const clock = new VirtualClock();
  const all = { maxMessages: 2, maxBytes: 100, whenFull: "wait", ...limits } as const;
  const outbox = new Outbox({ service: "feed", operation: "/stream" }, all, clock);
  const send = (data: string | Uint8Array, terms: Partial<SendTerms> = {}): Promise<void> =>
    outbox.send(
      data,
      { data, bytes: data.length },
      { limitMs: 1_000, limit: "send", signals: [], setupFor: undefined, ...terms },
    );
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
  const setup = send("setup", { setupFor: sink });
  expect(sink.texts()).toEqual(["setup"]);
  outbox.open(sink);
  expect(sink.texts()).toEqual(["setup", "user"]);
  for (const { done } of sink.taken) done();
  await Promise.all([user, setup]);
});

test("when the connection goes, what it had is unknown, its preparation not sent, and the rest waits", async () => {
  const { outbox, send, sink } = setUp();
  outbox.prepare(sink);
  const handed = thrownBy(send("handed", { setupFor: sink }));
  sink.isWritable = false;
  const unhanded = thrownBy(send("unhanded", { setupFor: sink }));
  const user = send("user");
  outbox.lose(sink, lost);
  sink.isWritable = true;
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

test("a send that has ended leaves no listener on its signals", async () => {
  const { clock, outbox, send, sink } = setUp();
  const { signal } = new AbortController();
  const expired = thrownBy(send("expired", { signals: [signal] }));
  await clock.advance(1_000);
  await expired;
  const written = send("written", { signals: [signal] });
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  outbox.open(sink);
  sink.taken[0]?.done();
  await written;
  expect(getEventListeners(signal, "abort")).toEqual([]);
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

test("told to reject, a full outbox refuses at once, and takes again when there is room", async () => {
  const { outbox, send, sink } = setUp({ maxMessages: 1, whenFull: "reject" });
  const first = send("first");
  const refused = await thrownBy(send("second"));
  expect(refused).toMatchObject({ code: "unavailable-queue-full", outcome: "not-sent", retryable: true });
  expect(String(refused)).toContain("the outbox was full (1 messages, 5 bytes)");
  outbox.open(sink);
  const third = send("third");
  for (const { done } of sink.taken) done();
  await Promise.all([first, third]);
  expect(sink.texts()).toEqual(["first", "third"]);
});

test("told to drop the oldest, a full outbox refuses as many of them as the new one needs", async () => {
  const { outbox, send, sink } = setUp({ maxMessages: 3, maxBytes: 10, whenFull: "dropOldest" });
  const dropped = ["1111", "222"].map((text) => thrownBy(send(text)));
  const kept = [send("3"), send("44444444")];
  expect(await dropped[0]).toMatchObject({ code: "unavailable-queue-full", outcome: "not-sent" });
  expect(String(await dropped[1])).toContain("dropped for newer ones");
  outbox.open(sink);
  for (const { done } of sink.taken) done();
  await Promise.all(kept);
  expect(sink.texts()).toEqual(["3", "44444444"]);
});

test("told to drop the oldest, one that is larger than the bound empties the outbox", async () => {
  const { outbox, send, sink } = setUp({ maxMessages: 3, maxBytes: 10, whenFull: "dropOldest" });
  const dropped = ["1", "2"].map((text) => thrownBy(send(text)));
  const large = send("x".repeat(11));
  await Promise.all(dropped);
  expect([outbox.queuedMessages, outbox.queuedBytes]).toEqual([1, 11]);
  outbox.open(sink);
  sink.taken[0]?.done();
  await large;
});

test("neither what a socket has nor what prepares one is dropped for newer ones", async () => {
  const { outbox, send, sink } = setUp({ maxMessages: 1, whenFull: "dropOldest" });
  outbox.open(sink);
  const handed = send("handed");
  sink.unsentBytes = 64 * 1024;
  const setup = send("setup", { setupFor: sink });
  const dropped = thrownBy(send("dropped"));
  const kept = send("kept");
  expect(await dropped).toMatchObject({ code: "unavailable-queue-full" });
  sink.unsentBytes = 0;
  for (const { done } of sink.taken) done();
  await Promise.all([handed, setup, kept]);
  expect(sink.texts()).toEqual(["handed", "setup", "kept"]);
});

test("a message that is larger than the bound is taken where nothing is queued, whatever the policy", async () => {
  for (const whenFull of ["wait", "reject", "dropOldest"] as const) {
    const { outbox, send, sink } = setUp({ maxBytes: 1, whenFull });
    const sent = send("large");
    outbox.open(sink);
    sink.taken[0]?.done();
    await sent;
    expect(sink.texts()).toEqual(["large"]);
  }
});

test("a successor is prepared while the main way goes on, and takes over in one step", async () => {
  const { outbox, send, sink } = setUp();
  const successor = fakeSink();
  outbox.open(sink);
  const first = send("first");
  outbox.prepare(successor);
  const setup = send("setup", { setupFor: successor });
  const second = send("second");
  expect([sink.texts(), successor.texts()]).toEqual([["first", "second"], ["setup"]]);
  outbox.open(successor);
  const third = send("third");
  expect([sink.texts(), successor.texts()]).toEqual([
    ["first", "second"],
    ["setup", "third"],
  ]);
  for (const { done } of [...sink.taken, ...successor.taken]) done();
  await Promise.all([first, setup, second, third]);
});

test("what the old way had stays with it after the move: written there, or lost with it", async () => {
  const { outbox, send, sink } = setUp();
  const successor = fakeSink();
  outbox.open(sink);
  const written = send("written");
  const lostWithIt = thrownBy(send("lost"));
  outbox.open(successor);
  sink.taken[0]?.done();
  await written;
  outbox.lose(sink, lost);
  expect(await lostWithIt).toMatchObject({ code: "connection-reset", outcome: "unknown", cause: lost });
  const next = send("next");
  successor.taken[0]?.done();
  await next;
  expect(successor.texts()).toEqual(["next"]);
});

test("what was queued behind a slow old way goes out on the new one, in order", async () => {
  const { outbox, send, sink } = setUp({ maxMessages: 1 });
  const successor = fakeSink();
  outbox.open(sink);
  const all = [send("1")];
  sink.unsentBytes = 64 * 1024;
  all.push(send("2"), send("3"), send("4"));
  outbox.open(successor);
  all.push(send("5"));
  for (const { done } of [...sink.taken, ...successor.taken]) done();
  await Promise.all(all);
  expect([sink.texts(), successor.texts()]).toEqual([["1"], ["2", "3", "4", "5"]]);
});

test("a successor that is lost takes only its own preparation with it", async () => {
  const { outbox, send, sink } = setUp();
  const successor = fakeSink();
  successor.isWritable = false;
  outbox.open(sink);
  const user = send("user");
  outbox.prepare(successor);
  const setup = thrownBy(send("setup", { setupFor: successor }));
  outbox.lose(successor, lost);
  expect(await setup).toMatchObject({ code: "connection-not-connected", outcome: "not-sent", cause: lost });
  const more = send("more");
  for (const { done } of sink.taken) done();
  await Promise.all([user, more]);
});

test("the preparation of a connection that is gone already, or not known, is refused at once", async () => {
  const { outbox, send, sink } = setUp();
  outbox.prepare(sink);
  outbox.lose(sink, lost);
  outbox.lose(sink, lost);
  for (const setupFor of [sink, fakeSink()]) {
    expect(await thrownBy(send("late", { setupFor }))).toMatchObject({
      code: "connection-not-connected",
      outcome: "not-sent",
    });
  }
});

test("whoever asks is told when a socket has the message, and which", async () => {
  const { outbox, send, sink } = setUp();
  const handedTo: unknown[] = [];
  const sent = send("x", { onHanded: (to) => handedTo.push(to) });
  expect(handedTo).toEqual([]);
  outbox.open(sink);
  expect(handedTo).toEqual([sink]);
  sink.taken[0]?.done();
  await sent;
  expect(handedTo).toHaveLength(1);
});

test("a socket that control frames alone have filled does not stop the queue for ever", async () => {
  const { outbox, send, sink } = setUp();
  outbox.open(sink);
  sink.unsentBytes = 64 * 1024;
  const first = send("first");
  const second = send("second");
  expect(sink.texts()).toEqual(["first"]);
  sink.unsentBytes = 0;
  sink.taken[0]?.done();
  sink.taken[1]?.done();
  await Promise.all([first, second]);
});

test("a limit that passes with the socket gives it no more to do, and its late answer moves the queue on", async () => {
  const { clock, outbox, send, sink } = setUp();
  outbox.open(sink);
  const first = thrownBy(send("first"));
  sink.unsentBytes = 64 * 1024;
  const second = send("second", { limitMs: 5_000 });
  await clock.advance(1_000);
  expect(await first).toMatchObject({ outcome: "unknown" });
  expect(sink.texts()).toEqual(["first"]);
  sink.unsentBytes = 0;
  sink.taken[0]?.done();
  sink.taken[1]?.done();
  await second;
});

test("the end hands back what was not written, as it was given and in order, but for what prepared a connection", async () => {
  const { outbox, send, sink } = setUp({ maxMessages: 1 });
  const order = { id: 7 };
  outbox.open(sink);
  const sends = [
    outbox.send(order, { data: '{"id":7}', bytes: 8 }, { limitMs: 1, limit: "send", signals: [], setupFor: undefined }),
    send("setup", { setupFor: sink }),
  ];
  sink.unsentBytes = 64 * 1024;
  sends.push(send("more setup", { setupFor: sink }), send("queued"), send("waiting"), send("waiting, too"));
  const ends = Promise.allSettled(sends);
  const drained = outbox.drain(() => new Error("closing"));
  expect(outbox.end(() => new Error("closed"), lost)).toEqual([
    { message: order, bytes: 8, outcome: "unknown" },
    { message: "queued", bytes: 6, outcome: "not-sent" },
    { message: "waiting", bytes: 7, outcome: "not-sent" },
    { message: "waiting, too", bytes: 12, outcome: "not-sent" },
  ]);
  await drained;
  expect((await ends).map((end) => end.status)).toEqual(Array.from({ length: 6 }, () => "rejected"));
  expect(outbox.end(() => new Error("closed"))).toEqual([]);
});

test("bytes that waited are handed back as they were when they were given", async () => {
  const { outbox, send } = setUp({ maxMessages: 4 });
  const bytes = new Uint8Array([1, 2, 3]);
  const view = new DataView(new Uint8Array([4]).buffer);
  const { buffer } = new Uint8Array([5]);
  const pool = Buffer.from([6, 0]);
  const terms: SendTerms = { limitMs: 1_000, limit: "send", signals: [], setupFor: undefined };
  const sends = [
    send(bytes),
    outbox.send(view, { data: new Uint8Array(view.buffer), bytes: 1 }, terms),
    outbox.send(buffer, { data: new Uint8Array(buffer), bytes: 1 }, terms),
    outbox.send(pool.subarray(0, 1), { data: pool.subarray(1), bytes: 1 }, terms),
  ].map((sent) => thrownBy(sent));
  bytes.fill(0);
  view.setInt8(0, 0);
  new Uint8Array(buffer).fill(0);
  expect(outbox.end(() => new Error("over")).map(({ message }) => message)).toEqual([
    new Uint8Array([1, 2, 3]),
    new Uint8Array([4]),
    new Uint8Array([5]),
    // What the codec made of it is something else, though it lies beside it.
    pool.subarray(0, 1),
  ]);
  await Promise.all(sends);
});

test("while it drains nothing new is taken, and an outbox that has ended takes again", async () => {
  const { outbox, send, sink } = setUp();
  const refusal = new Error("closing");
  const drained = outbox.drain(() => refusal);
  expect(await thrownBy(send("late"))).toBe(refusal);
  await drained;
  outbox.end(() => refusal);
  outbox.open(sink);
  const sent = send("again");
  sink.taken[0]?.done();
  await sent;
});

test("draining waits for what the old way still has", async () => {
  const { outbox, send, sink } = setUp();
  outbox.open(sink);
  const sent = send("x");
  outbox.open(fakeSink());
  let isDrained = false;
  const drained = outbox
    .drain(() => undefined)
    .then(() => {
      isDrained = true;
      return undefined;
    });
  await settled();
  expect(isDrained).toBe(false);
  sink.taken[0]?.done();
  await Promise.all([sent, drained]);
});

test("a great many that wait for room are refused and handed back, all of them", async () => {
  const { outbox, send } = setUp({ maxMessages: 1 });
  const sends = Promise.allSettled(Array.from({ length: 200_001 }, () => send("x")));
  // One for all: so many stack traces would take a second.
  const refusal = new Error("closing");
  const drained = outbox.drain(() => refusal);
  expect(outbox.end(() => refusal)).toHaveLength(200_001);
  await Promise.all([drained, sends]);
});

test("the limits of what onConnect sends pass too, while its connection takes nothing", async () => {
  const { clock, outbox, send, sink } = setUp();
  outbox.prepare(sink);
  sink.isWritable = false;
  const late = thrownBy(send("setup", { setupFor: sink, limitMs: 100 }));
  await clock.advance(100);
  expect(await late).toMatchObject({ code: "timeout-send", outcome: "not-sent" });
  expect([sink.texts(), clock.timers]).toEqual([[], 0]);
});

test("what is written after its limit has passed is not counted as sent", async () => {
  const clock = new VirtualClock();
  const written: unknown[] = [];
  const limits = { maxMessages: 2, maxBytes: 100, whenFull: "wait" } as const;
  const outbox = new Outbox({ service: "feed", operation: "/" }, limits, clock, {
    written: ({ message }) => void written.push(message),
  });
  const sink = fakeSink();
  outbox.open(sink);
  const send = (data: string, limitMs: number): Promise<void> =>
    outbox.send(data, { data, bytes: 1 }, { limitMs, limit: "send", signals: [], setupFor: undefined });
  const late = thrownBy(send("a", 100));
  const timely = send("b", 1_000);
  await clock.advance(100);
  for (const { done } of sink.taken) done();
  await timely;
  expect([await late, written]).toMatchObject([{ code: "timeout-send", outcome: "unknown" }, ["b"]]);
});

test("what is written counts for the connection that it was handed to, wherever the flow is by then", async () => {
  const clock = new VirtualClock();
  const written: unknown[] = [];
  const limits = { maxMessages: 2, maxBytes: 100, whenFull: "wait" } as const;
  const outbox = new Outbox({ service: "feed", operation: "/" }, limits, clock, {
    written: ({ message }, way) => void written.push([message, way]),
  });
  const [old, next] = [fakeSink(), fakeSink()];
  const send = (data: string): Promise<void> =>
    outbox.send(data, { data, bytes: 1 }, { limitMs: 1_000, limit: "send", signals: [], setupFor: undefined });
  outbox.open(old);
  const first = send("a");
  outbox.open(next);
  const second = send("b");
  for (const { done } of [...next.taken, ...old.taken]) done();
  await Promise.all([first, second]);
  expect(written).toEqual([
    ["b", next],
    ["a", old],
  ]);
});

test("sends without number leave one listener on the signal that they share, and none once they are over", async () => {
  const { outbox, send, sink } = setUp({ maxMessages: 2_000, maxBytes: 2_000 });
  const { signal } = new AbortController();
  const all = Array.from({ length: 2_000 }, () => send("a", { signals: [signal] }));
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  outbox.open(sink);
  for (const { done } of sink.taken) done();
  await Promise.all(all);
  expect(getEventListeners(signal, "abort")).toEqual([]);
});
