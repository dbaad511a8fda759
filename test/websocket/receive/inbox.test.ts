import { expect, test } from "vitest";
import { currentDeadline, withDeadline } from "../../../src/core/deadline.ts";
import { settled } from "../../support/virtual-clock.ts";
import { setUp, slowHandler } from "../inbox-under-test.ts";
import { thrownBy } from "../peer.ts";

const main = { consumer: "onMessage" } as const;
const added = { consumer: "handler" } as const;

test("messages are held until release, then delivered in order before what comes later", () => {
  const { inbox, push } = setUp({}, { isFlowing: false });
  const seen: string[] = [];
  inbox.addHandler((message) => seen.push(message), main);
  inbox.hold(1);
  push("a", "b");
  expect(seen).toEqual([]);
  inbox.release(1);
  push("c");
  expect(seen).toEqual(["a", "b", "c"]);
});

test("what was held of a connection that failed is dropped with it", () => {
  const { inbox } = setUp({}, { isFlowing: false });
  const seen: string[] = [];
  inbox.addHandler((message) => seen.push(message), main);
  inbox.hold(1);
  inbox.push(1, "replaced", 1);
  inbox.hold(2);
  inbox.push(2, "forgotten", 1);
  inbox.forget(2);
  inbox.push(2, "after it", 1);
  inbox.hold(3);
  inbox.push(3, "kept", 1);
  inbox.release(3);
  expect(seen).toEqual(["kept"]);
});

test("a connection flows on while its successor is held, and is heard no more once the successor flows", () => {
  const { inbox } = setUp();
  const seen: string[] = [];
  inbox.addHandler((message) => seen.push(message), main);
  inbox.hold(2);
  inbox.push(2, "new 1", 1);
  inbox.push(1, "old 1", 1);
  inbox.push(2, "new 2", 1);
  inbox.release(2);
  inbox.push(1, "old 2", 1);
  inbox.hold(1);
  inbox.push(1, "old 3", 1);
  inbox.release(1);
  inbox.push(2, "new 3", 1);
  inbox.push(7, "stranger", 1);
  expect(seen).toEqual(["old 1", "new 1", "new 2", "new 3"]);
});

test("a held connection has a bound of its own, which does not pause the flowing one", () => {
  const { inbox, pressure } = setUp();
  inbox.hold(2);
  for (const text of ["a", "b", "c"]) inbox.push(2, text, 1);
  expect([pressure, inbox.depth]).toEqual([[], 3]);
  inbox.push(2, "big", 997);
  expect([pressure, inbox.isFull]).toEqual([[[true, 2]], false]);
  inbox.release(2);
  expect(pressure).toEqual([
    [true, 2],
    [false, 2],
  ]);
});

test("what was kept joins the lanes as far as they have room, and the connection waits for the rest", async () => {
  const { inbox, push, pressure } = setUp();
  const { seen, handle, letGo } = slowHandler();
  inbox.addHandler(handle, added);
  push("1", "2");
  inbox.hold(2);
  for (const text of ["3", "4", "5", "6"]) inbox.push(2, text, 1);
  inbox.release(2);
  inbox.push(2, "7", 1);
  expect(inbox.depths()[0]?.messages).toBe(4);
  expect([inbox.depth, inbox.isFull]).toEqual([6, true]);
  for (let i = 0; i < 7; i++) await letGo();
  expect(seen).toEqual(["1", "2", "3", "4", "5", "6", "7"]);
  expect(pressure).toEqual([
    [true, 2],
    [false, 2],
  ]);
});

test("a handler that hangs lets no more in with each new connection", () => {
  const { inbox, push, pressure } = setUp();
  inbox.addHandler(() => new Promise(() => undefined), added);
  push("1", "2", "3", "4", "5");
  for (let generation = 2; generation < 20; generation++) {
    inbox.hold(generation);
    // A peer sends until it is paused.
    while (pressure.findLast(([, of]) => of === generation)?.[0] !== true) inbox.push(generation, "more", 1);
    inbox.release(generation);
  }
  expect(inbox.depth).toBe(8);
});

test("a paused connection is read again once its successor flows: it may owe answers", () => {
  const { inbox, push, pressure } = setUp();
  inbox.addHandler(() => new Promise(() => undefined), added);
  push("1", "2", "3", "4", "5");
  inbox.release(2);
  expect(pressure).toEqual([
    [true, 1],
    [false, 1],
    [true, 2],
  ]);
});

test("the fullest lane pauses the reader at its bound, and half of it lets it go on", async () => {
  const { inbox, push, pressure } = setUp();
  const { handle, letGo } = slowHandler();
  inbox.addHandler(handle, added);
  inbox.addHandler(() => undefined, main);
  push("a", "b", "c", "d");
  expect(pressure).toEqual([]);
  push("e");
  expect([pressure, inbox.isFull, inbox.depth]).toEqual([[[true, 1]], true, 4]);
  await letGo();
  expect(pressure.length).toBe(1);
  await letGo();
  expect([pressure.slice(1), inbox.depth]).toEqual([[[false, 1]], 2]);
});

test("what comes although reading is paused waits for room, and no lane exceeds its bound", async () => {
  const { inbox, push, pressure } = setUp();
  const { handle, letGo } = slowHandler();
  const seen: string[] = [];
  inbox.addHandler((message) => seen.push(message), main);
  inbox.addHandler(handle, added);
  push("a", "b", "c", "d", "e", "f", "g", "h");
  expect([seen.join(""), inbox.depths()[1]?.messages, inbox.depth]).toEqual(["abcde", 4, 7]);
  await letGo();
  await letGo();
  expect([seen.join(""), inbox.depths()[1]?.messages, pressure]).toEqual(["abcdefg", 4, [[true, 1]]]);
  for (let i = 0; i < 4; i++) await letGo();
  expect([seen.join(""), inbox.depth, pressure[1]]).toEqual(["abcdefgh", 1, [false, 1]]);
});

test("bytes count as well as messages", async () => {
  const { inbox, push, pressure } = setUp();
  const { handle, letGo } = slowHandler();
  inbox.addHandler(handle, added);
  push("in hand");
  inbox.push(1, "big", 1_000);
  expect(pressure).toEqual([[true, 1]]);
  await letGo();
  expect(pressure[1]).toEqual([false, 1]);
});

test("removing the handler that held the reader lets it go on, and drops what waited", async () => {
  const { inbox, push, pressure } = setUp();
  const { seen, handle, letGo } = slowHandler();
  inbox.addHandler(handle, added);
  inbox.addHandler(handle, added);
  push("a", "b", "c", "d", "e");
  expect(inbox.removeHandler(handle)).toBe(true);
  await letGo();
  expect([pressure.length, seen, inbox.removeHandler(handle)]).toEqual([2, ["a"], false]);
});

test("a handler that removes a full one while a message goes round lets the reader go on", () => {
  const { inbox, push, pressure } = setUp();
  const { handle } = slowHandler();
  inbox.addHandler(handle, added);
  inbox.addHandler((message) => message === "drop" && inbox.removeHandler(handle), main);
  push("a", "b", "c", "d", "drop", "next");
  expect(pressure).toEqual([
    [true, 1],
    [false, 1],
  ]);
});

test("room that is made while a message goes round lets nothing in ahead of it", () => {
  const { inbox, push } = setUp();
  const { handle } = slowHandler();
  const seen: string[] = [];
  inbox.addHandler(handle, added);
  inbox.addHandler((message) => message === "x" && inbox.removeHandler(handle), main);
  inbox.addHandler((message) => seen.push(message), added);
  push("in hand", "a", "b", "c");
  inbox.hold(2);
  for (const text of ["x", "y"]) inbox.push(2, text, 1);
  inbox.release(2);
  expect(seen).toEqual(["in hand", "a", "b", "c", "x", "y"]);
});

test("what comes while a message goes round waits until every lane has that one", () => {
  const { inbox, push } = setUp();
  const seen: string[] = [];
  inbox.addHandler((message) => {
    seen.push(`1 ${message}`);
    if (message === "a") push("b");
  }, main);
  inbox.addHandler((message) => seen.push(`2 ${message}`), added);
  push("a");
  expect(seen).toEqual(["1 a", "2 a", "1 b", "2 b"]);
});

test("an end with an error leaves handlers what they were sent; one without drops and counts it", async () => {
  const { inbox, push } = setUp();
  const { seen, handle, letGo } = slowHandler();
  inbox.addHandler(handle, added);
  push("a", "b", "c");
  expect(inbox.end(new Error("failed"))).toBe(0);
  await letGo();
  expect(seen).toEqual(["a", "b"]);
  expect(inbox.end()).toBe(1);
  await letGo();
  expect(seen).toEqual(["a", "b"]);
});

test("an end counts what still waited for room in the lanes, too", () => {
  const { inbox, push } = setUp();
  inbox.addHandler(() => new Promise(() => undefined), added);
  push("a", "b", "c", "d", "e");
  inbox.hold(2);
  inbox.push(2, "f", 1);
  inbox.release(2);
  expect(inbox.end()).toBe(5);
});

test.each([
  ["close", undefined],
  ["failure", new Error("failed")],
])("after a %s, an iterator ends after all that came, also what waited for room in its lane", async (_how, error) => {
  const { inbox, push } = setUp();
  const messages = inbox.iterate();
  const other = inbox.iterate(undefined, "b");
  push("1", "2", "3", "4", "5");
  inbox.push(1, "6", 1, { topic: "b" });
  inbox.end(error);
  const read: string[] = [];
  for (let i = 0; i < 6; i++) read.push(String((await messages.next()).value));
  expect([read, (await other.next()).value]).toEqual([["1", "2", "3", "4", "5", "6"], "6"]);
  expect(await messages.next().catch((thrown: unknown) => thrown)).toEqual(error ?? { value: undefined, done: true });
});

test("what waited for room when a stream is closed was not handled, though an iterator reads it yet", async () => {
  const { inbox, push } = setUp();
  const handled: string[] = [];
  const messages = inbox.iterate();
  inbox.addHandler(() => undefined, added);
  push("1", "2", "3", "4");
  inbox.push(1, "5", 1, { onHandled: () => void handled.push("5") });
  expect(inbox.end()).toBe(1);
  for (let i = 0; i < 6; i++) await messages.next();
  expect(handled).toEqual([]);
});

test("what an end drops was not handled, and what is in hand then may still be", async () => {
  const { inbox } = setUp();
  const { handle, letGo } = slowHandler();
  const handled: string[] = [];
  inbox.addHandler(handle, added);
  for (const text of ["a", "b"]) inbox.push(1, text, 1, { onHandled: () => void handled.push(text) });
  inbox.end();
  expect(handled).toEqual([]);
  await letGo();
  expect(handled).toEqual(["a"]);
});

test("once shut, what comes is discarded and new iterators are done", async () => {
  const { inbox, push } = setUp();
  const before = inbox.iterate();
  inbox.shut();
  push("late");
  inbox.hold(2);
  inbox.push(2, "later", 1);
  inbox.release(2);
  expect(await inbox.iterate().next()).toEqual({ value: undefined, done: true });
  inbox.end();
  expect(await before.next()).toEqual({ value: undefined, done: true });
});

test("once shut, full lanes hold the socket no more, and still get what had come", async () => {
  const { inbox, push, pressure } = setUp();
  const { seen, handle, letGo } = slowHandler();
  inbox.addHandler(handle, added);
  push("a", "b", "c", "d", "e", "f");
  inbox.shut();
  push("late");
  for (let i = 0; i < 6; i++) await letGo();
  expect(seen.join("")).toBe("abcdef");
  expect(pressure).toEqual([
    [true, 1],
    [false, 1],
  ]);
});

test("an iterator that nobody reads pauses the stream, and returning it lets the stream go on", async () => {
  const { inbox, push, pressure } = setUp();
  const messages = inbox.iterate();
  push("a", "b", "c", "d");
  expect(pressure).toEqual([[true, 1]]);
  await messages.return?.();
  expect(pressure[1]).toEqual([false, 1]);
});

test("an iterator that ended with the stream holds the next connection no more, and gives what it has", async () => {
  const { inbox, push, pressure } = setUp();
  const messages = inbox.iterate();
  push("a", "b", "c", "d");
  inbox.end(new Error("failed"));
  expect(pressure[1]).toEqual([false, 1]);
  expect(await messages.next()).toEqual({ value: "a", done: false });
});

test("an iterator whose signal had aborted throws the reason and takes part in nothing", async () => {
  const { inbox, push, pressure } = setUp();
  const messages = inbox.iterate(AbortSignal.abort("stop"));
  push("a", "b", "c", "d");
  expect(pressure).toEqual([]);
  expect(await thrownBy(messages.next())).toBe("stop");
});

/** Whether `idle()` has resolved. */
function watch(idle: Promise<void>): () => Promise<boolean> {
  let isIdle = false;
  void idle.then(() => (isIdle = true));
  return async () => (await settled(), isIdle);
}

test("it is idle when handlers have settled and iterators are empty", async () => {
  const { inbox, push } = setUp();
  const { handle, letGo } = slowHandler();
  inbox.addHandler(handle, added);
  const messages = inbox.iterate();
  push("a", "b");
  const isIdle = watch(inbox.idle());
  await letGo();
  await messages.next();
  await letGo();
  expect(await isIdle()).toBe(false);
  await messages.next();
  expect(await isIdle()).toBe(true);
});

test("an inbox without work is idle at once", async () => {
  const { inbox } = setUp();
  inbox.addHandler(() => undefined, main);
  expect(await watch(inbox.idle())()).toBe(true);
});

test("removing the consumer that was waited for makes it idle", async () => {
  const { inbox, push } = setUp();
  const { handle } = slowHandler();
  inbox.addHandler(handle, added);
  push("a", "b");
  const isIdle = watch(inbox.idle());
  expect(await isIdle()).toBe(false);
  inbox.removeHandler(handle);
  expect(await isIdle()).toBe(true);
});

test.for(["at once", "after an await"])(
  "a handler that waits for idleness %s is not waited for, the others are",
  async (when) => {
    const { inbox, push } = setUp();
    const { handle, letGo } = slowHandler();
    let isOver = false;
    inbox.addHandler(async () => {
      if (when === "after an await") await settled();
      await inbox.idle();
      isOver = true;
    }, main);
    inbox.addHandler(handle, added);
    push("a", "behind it");
    await settled();
    expect(isOver).toBe(false);
    await letGo();
    await letGo();
    expect(isOver).toBe(true);
  },
);

test("a handler that was plain for long and then waits for idleness is not waited for", async () => {
  const { inbox, push } = setUp();
  let isOver = false;
  inbox.addHandler((message) => {
    if (message === "plain") return undefined;
    return inbox.idle().then(() => (isOver = true));
  }, main);
  for (let i = 0; i < 50; i++) push("plain");
  push("last");
  await settled();
  expect(isOver).toBe(true);
});

test("a handler whose own lane is full, with more behind it, is not waited for", async () => {
  const { inbox, push } = setUp();
  let isOver = false;
  inbox.addHandler(async (message) => {
    if (message !== "first") return;
    await settled();
    await inbox.idle();
    isOver = true;
  }, main);
  push("first", "b", "c", "d", "e");
  inbox.hold(2);
  inbox.push(2, "f", 1);
  inbox.release(2);
  await settled();
  await settled();
  expect(isOver).toBe(true);
});

test("handlers that wait for idleness beside one another are waited for by none, but all others are", async () => {
  const { inbox, push } = setUp();
  const { handle, letGo } = slowHandler();
  let over = 0;
  const waiting = (before: () => Promise<void>) => async (): Promise<void> => {
    await before();
    await inbox.idle();
    over++;
  };
  inbox.addHandler(
    waiting(() => Promise.resolve()),
    main,
  );
  inbox.addHandler(waiting(settled), added);
  inbox.addHandler(handle, { consumer: "handler", handler: "slow" });
  push("a");
  await settled();
  await settled();
  expect(over).toBe(0);
  await letGo();
  expect(over).toBe(2);
});

test("a connection that is prepared and paused is read again when the inbox is shut, for its answers", () => {
  const { inbox, pressure } = setUp();
  inbox.hold(2);
  for (const text of ["a", "b", "c", "d"]) inbox.push(2, text, 1);
  inbox.shut();
  expect(pressure).toEqual([
    [true, 2],
    [false, 2],
  ]);
});

test("what comes in when a reader makes room is handled outside of the reader's deadline", async () => {
  const { inbox, push } = setUp();
  const scopes: unknown[] = [];
  // It has been plain for long, so that its own scope is not entered any more.
  inbox.addHandler(() => void scopes.push(currentDeadline()), main);
  for (let i = 0; i < 20; i++) push("plain");
  scopes.length = 0;
  const messages = inbox.iterate();
  push("a", "b", "c", "d", "behind");
  await withDeadline({ deadlineMs: 1_000 }, async () => {
    for (let i = 0; i < 3; i++) await messages.next();
  });
  expect(scopes).toEqual([undefined, undefined, undefined, undefined, undefined]);
});
