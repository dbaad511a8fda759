import { expect, test } from "vitest";
import { settled } from "../../support/virtual-clock.ts";
import { setUp, slowHandler } from "../inbox-under-test.ts";

const main = { consumer: "onMessage" } as const;
const added = { consumer: "handler" } as const;
const subscribed = { consumer: "subscription" } as const;

test("general lanes get everything, those of a topic its messages alone", () => {
  const { inbox } = setUp();
  const seen: string[] = [];
  inbox.addHandler((message) => seen.push(`all ${message}`), main);
  inbox.addHandler((message) => seen.push(`gold ${message}`), subscribed, { topic: "gold" });
  inbox.addHandler((message) => seen.push(`iron ${message}`), subscribed, { topic: "iron" });
  inbox.push(1, "1", 1, { topic: "gold" });
  inbox.push(1, "2", 1);
  inbox.push(1, "3", 1, { topic: "tin" });
  expect(seen).toEqual(["all 1", "gold 1", "all 2", "all 3"]);
});

test("one handler may serve several topics, and leave one of them", () => {
  const { inbox } = setUp();
  const seen: string[] = [];
  const handle = (message: string): unknown => seen.push(message);
  for (const topic of ["gold", "iron"]) inbox.addHandler(handle, subscribed, { topic });
  expect([inbox.removeHandler(handle, "gold"), inbox.removeHandler(handle, "gold")]).toEqual([true, false]);
  inbox.push(1, "1", 1, { topic: "gold" });
  inbox.push(1, "2", 1, { topic: "iron" });
  expect([seen, inbox.removeHandler(handle)]).toEqual([["2"], false]);
});

test("a lane of a topic that is full pauses the stream like any other", () => {
  const { inbox, pressure } = setUp();
  const { handle } = slowHandler();
  inbox.addHandler(handle, subscribed, { topic: "gold" });
  for (const text of ["a", "b", "c", "d", "e"]) inbox.push(1, text, 1, { topic: "gold" });
  expect(pressure).toEqual([[true, 1]]);
});

test("an iterator of a topic gets its messages alone", async () => {
  const { inbox } = setUp();
  const messages = inbox.iterate(undefined, "gold");
  inbox.push(1, "1", 1);
  inbox.push(1, "2", 1, { topic: "gold" });
  expect(await messages.next()).toEqual({ value: "2", done: false });
  await messages.return?.();
  expect(inbox.depths()).toEqual([]);
});

test("each lane is shown with its consumer and what it holds", () => {
  const { inbox } = setUp({ whenFull: "dropOldest", maxMessages: 2 });
  const { handle } = slowHandler();
  inbox.addHandler(handle, { consumer: "handler", handler: "store" });
  inbox.addHandler(() => undefined, subscribed, { topic: "gold" });
  inbox.iterate(undefined, "gold");
  for (const text of ["a", "b", "c", "d"]) inbox.push(1, text, 3, { topic: "gold" });
  expect(inbox.depths()).toEqual([
    { consumer: "handler", handler: "store", messages: 2, bytes: 6, dropped: 1, coalesced: 0 },
    { consumer: "subscription", topic: "gold", messages: 0, bytes: 0, dropped: 0, coalesced: 0 },
    { consumer: "iterator", topic: "gold", messages: 2, bytes: 6, dropped: 2, coalesced: 0 },
  ]);
});

test("a handler that is added while a message goes round gets the next one first", () => {
  const { inbox, push } = setUp();
  const seen: string[] = [];
  inbox.addHandler((message) => {
    if (message === "a") inbox.addHandler((other) => seen.push(other), added);
  }, main);
  push("a", "b");
  expect(seen).toEqual(["b"]);
});

test("a handler that is removed while a message goes round does not get it", () => {
  const { inbox, push } = setUp();
  const seen: string[] = [];
  const removed = (message: string): unknown => seen.push(message);
  inbox.addHandler(() => inbox.removeHandler(removed), main);
  inbox.addHandler(removed, added);
  push("a");
  expect(seen).toEqual([]);
});

/** Pushes a message that tells when it was handled. */
function pushTracked(inbox: ReturnType<typeof setUp>["inbox"], text: string, topic?: string): () => number {
  let times = 0;
  inbox.push(1, text, 1, { topic, onHandled: () => void times++ });
  return () => times;
}

test("a message that no lane takes is handled at once", () => {
  const { inbox } = setUp();
  inbox.addHandler(() => undefined, subscribed, { topic: "gold" });
  expect(pushTracked(inbox, "a", "iron")()).toBe(1);
});

test("a message is handled once, when the last of its lanes is done with it", async () => {
  const { inbox } = setUp();
  const [slow, slower] = [slowHandler(), slowHandler()];
  inbox.addHandler(() => undefined, main);
  inbox.addHandler(slow.handle, added);
  inbox.addHandler(slower.handle, added);
  const first = pushTracked(inbox, "a");
  const second = pushTracked(inbox, "b");
  await slow.letGo();
  await slow.letGo();
  await slower.fail(new Error("thrown"));
  expect([first(), second()]).toEqual([1, 0]);
  await slower.letGo();
  expect([first(), second()]).toEqual([1, 1]);
});

test("a handler that throws has handled the message", () => {
  const { inbox, errors } = setUp();
  inbox.addHandler(() => {
    throw new Error("bad");
  }, main);
  expect([pushTracked(inbox, "a")(), errors.length]).toEqual([1, 1]);
});

test("a consumer that is removed is done with all it has, once", async () => {
  const { inbox } = setUp();
  const { handle, letGo } = slowHandler();
  inbox.addHandler(handle, added);
  const handled = ["a", "b"].map((text) => pushTracked(inbox, text));
  inbox.removeHandler(handle);
  await letGo();
  expect(handled.map((times) => times())).toEqual([1, 1]);
});

test("a handler that removes itself, at once or with a promise, has handled the message", async () => {
  const { inbox } = setUp();
  const plain = (): unknown => inbox.removeHandler(plain);
  const pending = async (): Promise<void> => {
    inbox.removeHandler(pending);
    await new Promise(() => undefined);
  };
  inbox.addHandler(plain, added);
  inbox.addHandler(pending, added);
  expect(pushTracked(inbox, "a")()).toBe(1);
});

test("an iterator is done with a message when it asks for the next one, or leaves", async () => {
  const { inbox } = setUp();
  const messages = inbox.iterate();
  const waiting = messages.next();
  const handled = ["a", "b", "c"].map((text) => pushTracked(inbox, text));
  const times = (): number[] => handled.map((one) => one());
  await waiting;
  expect(times()).toEqual([0, 0, 0]);
  await messages.next();
  expect(times()).toEqual([1, 0, 0]);
  await messages.return?.();
  expect(times()).toEqual([1, 1, 1]);
});

test("keyOf that throws is told, and the message has no key", async () => {
  const { inbox, push, errors, pressure } = setUp({
    maxMessages: 1,
    whenFull: "coalesceByKey",
    keyOf: (message) => {
      if (message === "bad") throw new Error("no key");
      return message;
    },
  });
  const { handle } = slowHandler();
  inbox.addHandler(handle, added);
  push("in hand", "x", "x");
  expect(pressure).toEqual([]);
  push("bad");
  await settled();
  expect([errors, pressure]).toEqual([[[new Error("no key"), { consumer: "inbox" }]], [[true, 1]]]);
});
