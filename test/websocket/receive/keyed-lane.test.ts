import * as fc from "fast-check";
import { expect, test } from "vitest";
import { concurrencyProblems } from "../../../src/websocket/receive/keyed-lane.ts";
import type { InboxLimits } from "../../../src/websocket/receive/waiting-line.ts";
import { settled } from "../../support/virtual-clock.ts";
import { setUp, slowHandler } from "../inbox-under-test.ts";

const added = { consumer: "handler" } as const;
const keyOf = (message: string): string => message.slice(0, 1);

function keyed(maxConcurrent: number, limits: Partial<InboxLimits<string>> = {}) {
  const it = setUp({ maxMessages: 100, ...limits });
  const handler = slowHandler();
  it.inbox.addHandler(handler.handle, added, { concurrency: { maxConcurrent, keyOf } });
  return { ...it, ...handler };
}

test("messages of different keys are handled at once, those of one key in order", async () => {
  const { push, handling, letGo } = keyed(3);
  push("a1", "a2", "b1", "a3", "b2");
  expect(handling()).toEqual(["a1", "b1"]);
  await letGo("a1");
  expect(handling()).toEqual(["b1", "a2"]);
  await letGo("b1");
  expect(handling()).toEqual(["a2", "b2"]);
});

test("no more than maxConcurrent are handled, and the oldest whose key is free comes next", async () => {
  const { push, handling, letGo } = keyed(2);
  push("a1", "b1", "a2", "c1", "b2");
  expect(handling()).toEqual(["a1", "b1"]);
  await letGo("b1");
  expect(handling()).toEqual(["a1", "c1"]);
  await letGo("a1");
  expect(handling()).toEqual(["c1", "a2"]);
});

test("a key that is stuck holds up itself alone", async () => {
  const { push, seen, letGo } = keyed(2);
  push("a1", "a2", "a3");
  for (let i = 0; i < 20; i++) {
    push(`b${i}`);
    await letGo(`b${i}`);
  }
  expect(seen.filter((message) => keyOf(message) === "b").length).toBe(20);
  expect(seen).not.toContain("a2");
});

test("a handler that returns at once is handed everything at once", () => {
  const { inbox, push } = setUp();
  const seen: string[] = [];
  inbox.addHandler((message) => seen.push(message), added, { concurrency: { maxConcurrent: 1, keyOf } });
  push("a1", "a2", "b1");
  expect(seen).toEqual(["a1", "a2", "b1"]);
});

test("keyOf that throws is told with the consumer, and such messages are handled in order", async () => {
  const { inbox, push, errors } = setUp();
  const { handle, handling, letGo } = slowHandler();
  const bad = new Error("no key");
  inbox.addHandler(handle, added, {
    concurrency: {
      maxConcurrent: 5,
      keyOf: () => {
        throw bad;
      },
    },
  });
  push("a", "b");
  expect([handling(), errors]).toEqual([
    ["a"],
    [
      [bad, added],
      [bad, added],
    ],
  ]);
  await letGo();
  expect(handling()).toEqual(["b"]);
});

test("a full lane drops its oldest waiting message, never one in hand", async () => {
  const { inbox, push, seen, letGo } = keyed(2, { maxMessages: 2, whenFull: "dropOldest" });
  push("a1", "a2", "a3", "a4", "b1", "b2", "b3");
  expect(inbox.depths()[0]).toMatchObject({ messages: 2, dropped: 3 });
  await letGo("a1");
  await letGo("b1");
  await letGo("b2");
  expect(seen).toEqual(["a1", "b1", "b2", "b3"]);
});

test("a message that takes another's place is handled by its own key", async () => {
  const it = setUp({ maxMessages: 2, whenFull: "coalesceByKey", keyOf: () => "same" });
  const { handle, handling, letGo } = slowHandler();
  it.inbox.addHandler(handle, added, { concurrency: { maxConcurrent: 2, keyOf } });
  it.push("a1", "b1", "a2", "a3", "c1");
  expect(it.inbox.depths()[0]).toMatchObject({ messages: 2, coalesced: 1 });
  await letGo("b1");
  expect(handling()).toEqual(["a1", "c1"]);
  await letGo("a1");
  expect(handling()).toEqual(["c1", "a2"]);
});

test("a handling that takes too long frees its key and its place", async () => {
  const { inbox, push, errors, clock } = setUp({}, { handlerTimeoutMs: 100 });
  const { handle, handling } = slowHandler();
  inbox.addHandler(handle, added, { concurrency: { maxConcurrent: 1, keyOf } });
  push("a1", "a2");
  await clock.advance(100);
  expect([handling(), errors.length]).toEqual([["a1", "a2"], 1]);
});

test("removed, it is done with what it has, and starts nothing more", async () => {
  const { inbox, handle, seen, letGo } = keyed(2);
  let handled = 0;
  for (const text of ["a1", "a2", "b1", "c1"]) inbox.push(1, text, 1, { onHandled: () => void handled++ });
  inbox.removeHandler(handle);
  expect(handled).toBe(4);
  await letGo("a1");
  expect([seen, handled]).toEqual([["a1", "b1"], 4]);
});

test("ended, it starts nothing more, and what is in hand may still be handled", async () => {
  const { inbox, seen, letGo } = keyed(1);
  const handled: string[] = [];
  for (const text of ["a1", "b1"]) inbox.push(1, text, 1, { onHandled: () => void handled.push(text) });
  expect(inbox.end()).toBe(1);
  await letGo("a1");
  expect([seen, handled]).toEqual([["a1"], ["a1"]]);
});

test("it is at rest when the last handling has settled", async () => {
  const { inbox, push, letGo } = keyed(2);
  push("a1", "a2", "b1");
  let isIdle = false;
  void inbox.idle().then(() => (isIdle = true));
  await letGo("a1");
  await letGo("b1");
  expect(isIdle).toBe(false);
  await letGo("a2");
  expect(isIdle).toBe(true);
});

/** What is to be in hand: the oldest messages whose key has none before it in hand, while there is a place. */
function refill(hand: string[], waiting: string[], maxConcurrent: number): void {
  while (hand.length < maxConcurrent) {
    const index = waiting.findIndex((message) => !hand.some((other) => keyOf(other) === keyOf(message)));
    if (index < 0) return;
    hand.push(...waiting.splice(index, 1));
  }
}

test("whatever comes and settles in whatever order, the oldest of the free keys is in hand", async () => {
  const step = fc.oneof(
    fc.constantFrom("a", "b", "c", "d").map((key) => ({ key })),
    fc.nat({ max: 5 }).map((settle) => ({ settle })),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(step, { maxLength: 40 }),
      async (maxConcurrent, steps) => {
        const { push, handling, letGo } = keyed(maxConcurrent);
        const [hand, waiting]: string[][] = [[], []];
        for (const [index, one] of steps.entries()) {
          if ("key" in one) {
            waiting?.push(`${one.key}${index}`);
            push(`${one.key}${index}`);
          } else if (hand !== undefined && hand.length > 0) {
            const [message] = hand.splice(one.settle % hand.length, 1);
            await letGo(message);
          }
          refill(hand ?? [], waiting ?? [], maxConcurrent);
          expect(handling()).toEqual(hand);
        }
        await settled();
      },
    ),
    { numRuns: 150 },
  );
});

test("what is wrong with the setting is told at once, all of it", () => {
  expect(concurrencyProblems({ maxConcurrent: 2, keyOf })).toEqual([]);
  expect(concurrencyProblems(3, "options.concurrency")).toEqual([
    "options.concurrency must be an object { maxConcurrent, keyOf }",
  ]);
  for (const maxConcurrent of [0, 1.5, Number.NaN, "2"]) {
    expect(concurrencyProblems({ maxConcurrent, keyOf: "key", limit: 1 }).length).toBe(3);
  }
});
