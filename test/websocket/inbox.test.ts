import { expect, test } from "vitest";
import { Inbox } from "../../src/websocket/inbox.ts";
import { settled } from "../support/virtual-clock.ts";
import { thrownBy } from "./peer.ts";

function setUp(limits = { maxMessages: 4, maxBytes: 1_000 }) {
  const pressure: boolean[] = [];
  const errors: unknown[] = [];
  const inbox = new Inbox<string>(limits, {
    onPressure: (isFull) => void pressure.push(isFull),
    onError: (thrown, from) => void errors.push([thrown, from]),
  });
  return { inbox, pressure, errors };
}

/** A handler that keeps each message until the test lets it go. */
function slowHandler() {
  const seen: string[] = [];
  const gates: (() => void)[] = [];
  const handle = async (message: string): Promise<void> => {
    seen.push(message);
    await new Promise<void>((resolve) => gates.push(resolve));
  };
  return { seen, handle, letGo: async () => (gates.shift()?.(), await settled()) };
}

test("messages are held until release, then delivered in order before what comes later", () => {
  const { inbox } = setUp();
  const seen: string[] = [];
  inbox.addHandler((message) => seen.push(message), { consumer: "onMessage" });
  inbox.push("a", 1);
  inbox.push("b", 1);
  expect(seen).toEqual([]);
  inbox.release();
  inbox.push("c", 1);
  expect(seen).toEqual(["a", "b", "c"]);
});

test("what was held of a connection that failed is dropped with it", () => {
  const { inbox } = setUp();
  const seen: string[] = [];
  inbox.addHandler((message) => seen.push(message), { consumer: "onMessage" });
  inbox.push("old", 1);
  inbox.hold();
  inbox.release();
  expect(seen).toEqual([]);
});

test("one message at a time goes to a handler that returns a promise", async () => {
  const { inbox } = setUp();
  const { seen, handle, letGo } = slowHandler();
  inbox.addHandler(handle, { consumer: "handler" });
  inbox.release();
  for (const text of ["a", "b", "c"]) inbox.push(text, 1);
  expect(seen).toEqual(["a"]);
  await letGo();
  expect([seen, inbox.depth]).toEqual([["a", "b"], 1]);
});

test("the fullest lane pauses the reader at its bound, and half of it lets it go on", async () => {
  const { inbox, pressure } = setUp();
  const { handle, letGo } = slowHandler();
  inbox.addHandler(handle, { consumer: "handler" });
  inbox.addHandler(() => undefined, { consumer: "onMessage" });
  inbox.release();
  for (const text of ["a", "b", "c", "d", "e", "f"]) inbox.push(text, 1);
  expect([pressure, inbox.isFull, inbox.depth]).toEqual([[true], true, 5]);
  await letGo();
  await letGo();
  expect(pressure).toEqual([true]);
  await letGo();
  expect([pressure, inbox.depth]).toEqual([[true, false], 2]);
});

test("bytes count as well as messages, and held ones too", () => {
  const { inbox, pressure } = setUp();
  inbox.push("big", 1_000);
  expect(pressure).toEqual([true]);
  inbox.release();
  expect(pressure).toEqual([true, false]);
});

test("removing the handler that held the reader lets it go on, and drops what waited", async () => {
  const { inbox, pressure } = setUp();
  const { seen, handle, letGo } = slowHandler();
  inbox.addHandler(handle, { consumer: "handler" });
  inbox.addHandler(handle, { consumer: "handler" });
  inbox.release();
  for (const text of ["a", "b", "c", "d", "e"]) inbox.push(text, 1);
  expect(inbox.removeHandler(handle)).toBe(true);
  await letGo();
  expect([pressure, seen, inbox.removeHandler(handle)]).toEqual([[true, false], ["a"], false]);
});

test("what a handler throws or rejects with is told with its name, and the next message comes", async () => {
  const { inbox, errors } = setUp();
  inbox.addHandler(
    (message) => {
      if (message === "sync") throw new Error(message);
      return Promise.reject(new Error(message));
    },
    { consumer: "handler", handler: "flawed" },
  );
  inbox.release();
  inbox.push("sync", 1);
  inbox.push("async", 1);
  inbox.push("async too", 1);
  await settled();
  const from = { consumer: "handler", handler: "flawed" };
  expect(errors).toEqual([
    [new Error("sync"), from],
    [new Error("async"), from],
    [new Error("async too"), from],
  ]);
});

test("a foreign thenable that throws does not stop its lane", async () => {
  const { inbox, errors } = setUp();
  inbox.addHandler(
    () => ({
      // oxlint-disable-next-line unicorn/no-thenable
      then() {
        throw new Error("bad thenable");
      },
    }),
    { consumer: "handler" },
  );
  inbox.release();
  inbox.push("a", 1);
  inbox.push("b", 1);
  await settled();
  expect(errors.length).toBe(2);
});

test("an end with an error leaves handlers what they were sent; one without drops and counts it", async () => {
  const { inbox } = setUp();
  const { seen, handle, letGo } = slowHandler();
  inbox.addHandler(handle, { consumer: "handler" });
  inbox.release();
  for (const text of ["a", "b", "c"]) inbox.push(text, 1);
  expect(inbox.end(new Error("failed"))).toBe(0);
  await letGo();
  expect(seen).toEqual(["a", "b"]);
  expect(inbox.end()).toBe(1);
  await letGo();
  expect(seen).toEqual(["a", "b"]);
});

test("once shut, what comes is discarded and new iterators are done", async () => {
  const { inbox } = setUp();
  inbox.release();
  const before = inbox.iterate(undefined);
  inbox.shut();
  inbox.push("late", 1);
  expect(await inbox.iterate(undefined).next()).toEqual({ value: undefined, done: true });
  inbox.end();
  expect(await before.next()).toEqual({ value: undefined, done: true });
});

test("an iterator that nobody reads pauses the stream, and returning it lets the stream go on", async () => {
  const { inbox, pressure } = setUp();
  inbox.release();
  const messages = inbox.iterate(undefined);
  for (const text of ["a", "b", "c", "d"]) inbox.push(text, 1);
  expect(pressure).toEqual([true]);
  await messages.return?.();
  expect(pressure).toEqual([true, false]);
});

test("an iterator whose signal had aborted throws the reason and takes part in nothing", async () => {
  const { inbox, pressure } = setUp();
  inbox.release();
  const messages = inbox.iterate(AbortSignal.abort("stop"));
  for (const text of ["a", "b", "c", "d"]) inbox.push(text, 1);
  expect(pressure).toEqual([]);
  expect(await thrownBy(messages.next())).toBe("stop");
});
