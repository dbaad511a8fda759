import { expect, test } from "vitest";
import { settled } from "../../support/virtual-clock.ts";
import { setUp, slowHandler } from "../inbox-under-test.ts";

const added = { consumer: "handler" } as const;

test("one message at a time goes to a handler that returns a promise", async () => {
  const { inbox, push } = setUp();
  const { seen, handle, letGo } = slowHandler();
  inbox.addHandler(handle, added);
  push("a", "b", "c");
  expect(seen).toEqual(["a"]);
  await letGo();
  expect([seen, inbox.depth]).toEqual([["a", "b"], 1]);
});

test("what a handler throws or rejects with is told with its name, and the next message comes", async () => {
  const { inbox, push, errors } = setUp();
  inbox.addHandler(
    (message) => {
      if (message === "sync") throw new Error(message);
      return Promise.reject(new Error(message));
    },
    { consumer: "handler", handler: "flawed" },
  );
  push("sync", "async", "async too");
  await settled();
  const from = { consumer: "handler", handler: "flawed" };
  expect(errors).toEqual([
    [new Error("sync"), from],
    [new Error("async"), from],
    [new Error("async too"), from],
  ]);
});

test("a foreign thenable that throws does not stop its lane", async () => {
  const { inbox, push, errors } = setUp();
  inbox.addHandler(
    () => ({
      // oxlint-disable-next-line unicorn/no-thenable
      then() {
        throw new Error("bad thenable");
      },
    }),
    added,
  );
  push("a", "b");
  await settled();
  expect(errors.length).toBe(2);
});

test("a handler that brings in a message itself gets it when it has returned", () => {
  const { inbox, push } = setUp();
  const seen: string[] = [];
  inbox.addHandler((message) => {
    seen.push(`${message} begins`);
    if (message === "a") push("b");
    seen.push(`${message} ends`);
  }, added);
  push("a");
  expect(seen).toEqual(["a begins", "a ends", "b begins", "b ends"]);
});

test("ten thousand waiting messages for a handler that returns nothing do not overflow the stack", async () => {
  const { inbox, push } = setUp({ maxMessages: 100_000, maxBytes: 100_000 });
  const gate = Promise.withResolvers<void>();
  let count = 0;
  inbox.addHandler((message) => {
    if (message === "first") return gate.promise;
    count++;
    return undefined;
  }, added);
  push("first");
  for (let i = 0; i < 10_000; i++) push("more");
  gate.resolve();
  await settled();
  expect(count).toBe(10_000);
});

test("room that is made by the next message lets nothing in ahead of it", async () => {
  const { inbox, push } = setUp({ maxMessages: 2 });
  const { seen, handle, letGo } = slowHandler();
  inbox.addHandler(handle, added);
  push("a", "b", "c", "d", "e");
  for (let i = 0; i < 4; i++) await letGo();
  expect(seen).toEqual(["a", "b", "c", "d", "e"]);
});
