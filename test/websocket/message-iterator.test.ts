import { expect, test } from "vitest";
import { IteratorLane } from "../../src/websocket/message-iterator.ts";
import { thrownBy } from "./peer.ts";

function setUp(signal?: AbortSignal) {
  const told: string[] = [];
  const lane = new IteratorLane<string>({
    onTaken: () => void told.push("taken"),
    onLeave: () => void told.push("left"),
    signal,
  });
  const push = (...texts: string[]): void => texts.forEach((message) => lane.push({ message, bytes: message.length }));
  return { lane, push, told };
}

const done = { value: undefined, done: true };

test("a reader that is ahead gets each message as it comes, in the order of its calls", async () => {
  const { lane, push } = setUp();
  const both = Promise.all([lane.next(), lane.next()]);
  push("a", "b", "c");
  expect(await both).toEqual([
    { value: "a", done: false },
    { value: "b", done: false },
  ]);
  expect([lane.size, lane.bytes]).toEqual([1, 1]);
});

test("leaving a for await ends the lane and frees it", async () => {
  const { lane, push, told } = setUp();
  push("a", "b");
  for await (const message of lane) if (message === "a") break;
  push("c");
  expect([lane.size, told.at(-1), await lane.next()]).toEqual([0, "left", done]);
});

test("it gives what it holds, then throws the error once, then is done", async () => {
  const { lane, push } = setUp();
  push("a");
  lane.end("failed");
  lane.end();
  expect(await lane.next()).toEqual({ value: "a", done: false });
  expect(await thrownBy(lane.next())).toBe("failed");
  expect(await lane.next()).toEqual(done);
});

test("an end releases those who wait", async () => {
  const { lane } = setUp();
  const waiting = lane.next();
  lane.end();
  expect(await waiting).toEqual(done);
});

test("its signal ends it with the reason unchanged, and drops what it holds", async () => {
  const stop = new AbortController();
  const { lane, push, told } = setUp(stop.signal);
  const reason = new Error("enough");
  push("a");
  stop.abort(reason);
  expect(await thrownBy(lane.next())).toBe(reason);
  expect(told).toContain("left");
});

test("it is disposable", async () => {
  const { lane, told } = setUp();
  await lane[Symbol.asyncDispose]();
  expect(told.at(-1)).toBe("left");
});
