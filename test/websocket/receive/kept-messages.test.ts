import { expect, test } from "vitest";
import { fitToKeep, KeptMessages } from "../../../src/websocket/receive/kept-messages.ts";
import { setUp, slowHandler } from "../inbox-under-test.ts";

test("it keeps messages in order, with their bytes and what is known of them", () => {
  const kept = new KeptMessages<string>();
  kept.push("a", 1, undefined);
  kept.push("b", 2, { topic: "gold" });
  kept.push("c", 3, undefined);
  expect([kept.size, kept.bytes]).toEqual([3, 6]);
  expect([kept.shift()?.message, kept.shift()]).toEqual(["a", { message: "b", bytes: 2, facts: { topic: "gold" } }]);
  expect([kept.shift()?.message, kept.size, kept.bytes]).toEqual(["c", 0, 0]);
});

test("a small part of a large buffer is copied out, one of at least half is kept as it is", () => {
  const chunk = new Uint8Array(65_536).map((_, index) => index);
  const small = chunk.subarray(8, 12);
  const kept = fitToKeep(small);
  expect([...kept]).toEqual([8, 9, 10, 11]);
  expect(kept.buffer).not.toBe(chunk.buffer);
  const large = chunk.subarray(0, 32_768);
  expect(fitToKeep(large)).toBe(large);
  const text = "text";
  expect(fitToKeep(text)).toBe(text);
});

test("what is copied stays of its kind: whether a message has waited does not show", () => {
  const chunk = Buffer.alloc(65_536, 7);
  expect(fitToKeep(chunk.subarray(8, 12))).toEqual(Buffer.alloc(4, 7));
  expect(fitToKeep(new Uint8Array(chunk.buffer, 8, 4))).toEqual(new Uint8Array([7, 7, 7, 7]));
});

test("what waits is copied once for all lanes, and what is handed at once is not", async () => {
  const { inbox } = setUp();
  const atOnce: unknown[] = [];
  inbox.addHandler((message) => atOnce.push(message), { consumer: "onMessage" });
  const iterators = [inbox.iterate(), inbox.iterate()];
  const { handle } = slowHandler();
  inbox.addHandler(handle, { consumer: "handler" });
  const chunk = new Uint8Array(65_536);
  const message = chunk.subarray(0, 20) as unknown as string;
  inbox.push(1, message, 20);
  expect(atOnce[0]).toBe(message);
  const [one, other] = await Promise.all(iterators.map(async (messages) => (await messages.next()).value));
  expect(one).toBe(other);
  expect((one as unknown as Uint8Array).buffer).not.toBe(chunk.buffer);
});

test("what is kept of a connection that is being prepared is copied, too", async () => {
  const { inbox } = setUp();
  inbox.hold(2);
  const chunk = new Uint8Array(65_536);
  inbox.push(2, chunk.subarray(0, 20) as unknown as string, 20);
  const messages = inbox.iterate();
  inbox.release(2);
  const { value } = await messages.next();
  expect((value as unknown as Uint8Array).buffer).not.toBe(chunk.buffer);
});
