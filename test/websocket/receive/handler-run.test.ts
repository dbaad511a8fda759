import { expect, test } from "vitest";
import { setUp, slowHandler } from "../inbox-under-test.ts";

const added = { consumer: "handler", handler: "store" } as const;

test("a handler that takes too long is told once, and its lane goes on", async () => {
  const { inbox, push, errors, clock } = setUp({}, { handlerTimeoutMs: 100 });
  const { seen, handle } = slowHandler();
  inbox.addHandler(handle, added);
  push("a", "b");
  await clock.advance(99);
  expect([seen, errors]).toEqual([["a"], []]);
  await clock.advance(1);
  expect(seen).toEqual(["a", "b"]);
  expect(errors).toMatchObject([
    [{ code: "timeout-handler", limit: "handler", limitMs: 100, service: "feed", operation: "/stream" }, added],
  ]);
  await clock.advance(100);
  expect(errors.length).toBe(2);
  await clock.advance(1_000);
  expect(errors.length).toBe(2);
});

test("the late settling of a handler does not start the message after the next", async () => {
  const { inbox, push, clock } = setUp({}, { handlerTimeoutMs: 100 });
  const { seen, handle, letGo } = slowHandler();
  inbox.addHandler(handle, added);
  push("a", "b", "c");
  await clock.advance(100);
  await letGo("a");
  expect(seen).toEqual(["a", "b"]);
  await letGo("b");
  expect(seen).toEqual(["a", "b", "c"]);
});

test("what a handler throws after its time is told all the same", async () => {
  const { inbox, push, errors, clock } = setUp({}, { handlerTimeoutMs: 100 });
  const { handle, fail } = slowHandler();
  inbox.addHandler(handle, added);
  push("a");
  await clock.advance(100);
  const late = new Error("late");
  await fail(late);
  expect(errors[1]).toEqual([late, added]);
});

test("a message whose handler took too long counts as handled, once", async () => {
  const { inbox, clock } = setUp({}, { handlerTimeoutMs: 100 });
  const { handle, letGo } = slowHandler();
  inbox.addHandler(handle, added);
  let handled = 0;
  inbox.push(1, "a", 1, { onHandled: () => void handled++ });
  await clock.advance(100);
  expect(handled).toBe(1);
  await letGo("a");
  expect(handled).toBe(1);
});

test("the limit of each message begins with its handling", async () => {
  const { inbox, push, errors, clock } = setUp({}, { handlerTimeoutMs: 100 });
  const { handle, letGo } = slowHandler();
  inbox.addHandler(handle, added);
  push("a", "b");
  await clock.advance(60);
  await letGo("a");
  await clock.advance(99);
  expect(errors).toEqual([]);
  await clock.advance(1);
  expect(errors.length).toBe(1);
});

test("all lanes share one timer, and without a limit there is none", () => {
  const limited = setUp({}, { handlerTimeoutMs: 100 });
  for (let i = 0; i < 5; i++) limited.inbox.addHandler(() => new Promise(() => undefined), added);
  limited.push("a", "b");
  expect(limited.clock.timers).toBe(1);
  const free = setUp();
  free.inbox.addHandler(() => new Promise(() => undefined), added);
  free.push("a");
  expect(free.clock.timers).toBe(0);
});

test("neither an end nor a removal leaves anything that could be told of", async () => {
  const { inbox, push, errors, clock } = setUp({}, { handlerTimeoutMs: 100 });
  const { handle } = slowHandler();
  inbox.addHandler(handle, added);
  inbox.addHandler(() => new Promise(() => undefined), { consumer: "onMessage" });
  push("a");
  inbox.removeHandler(handle);
  inbox.end();
  expect(clock.timers).toBe(0);
  await clock.advance(1_000);
  expect(errors).toEqual([]);
});

test("what a handler rejects with after it was removed is told, and nothing follows", async () => {
  const { inbox, push, errors } = setUp();
  const { seen, handle, fail } = slowHandler();
  inbox.addHandler(handle, added);
  push("a", "b");
  inbox.removeHandler(handle);
  await fail(new Error("gone"));
  expect([seen, errors.length]).toEqual([["a"], 1]);
});
