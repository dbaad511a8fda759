import { expect, test } from "vitest";
import { IteratorLane } from "../../../src/websocket/receive/message-iterator.ts";
import { Pressure } from "../../../src/websocket/receive/pressure.ts";
import { WaitingLine } from "../../../src/websocket/receive/waiting-line.ts";
import { thrownBy } from "../peer.ts";

function setUp(signal?: AbortSignal) {
  const told: string[] = [];
  const pressure = new Pressure({ onFull: () => void told.push("full"), onRelief: () => void told.push("relief") });
  const line = new WaitingLine<string>({ maxMessages: 4, maxBytes: 100 }, pressure);
  const lane = new IteratorLane<string>({ consumer: "iterator" }, line, {
    onRest: () => void told.push("rest"),
    onLeave: () => void told.push("left"),
    signal,
  });
  const push = (...texts: string[]): void => {
    for (const text of texts) if (!lane.offer(text, undefined)) lane.wait(text, text.length, undefined, undefined);
  };
  return { lane, line, push, told };
}

const done = { value: undefined, done: true };

test("a reader that is ahead gets each message as it comes, in the order of its calls", async () => {
  const { lane, line, push } = setUp();
  const both = Promise.all([lane.next(), lane.next()]);
  push("a", "b", "c");
  expect(await both).toEqual([
    { value: "a", done: false },
    { value: "b", done: false },
  ]);
  expect([line.size, line.bytes]).toEqual([1, 1]);
});

test("leaving a for await ends the lane and frees it", async () => {
  const { lane, line, push, told } = setUp();
  push("a", "b");
  for await (const message of lane) if (message === "a") break;
  push("c");
  expect([line.size, told.at(-1), await lane.next()]).toEqual([0, "left", done]);
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

test("it tells when the last message that waited was taken", async () => {
  const { lane, push, told } = setUp();
  push("a", "b");
  await lane.next();
  expect(told).toEqual([]);
  await lane.next();
  expect(told).toEqual(["rest"]);
});

test("its end lets the socket be read, although it still holds what came", async () => {
  const { lane, push, told } = setUp();
  push("a", "b", "c", "d");
  lane.end();
  expect(told).toEqual(["full", "relief"]);
  for (const message of ["a", "b", "c", "d"]) expect(await lane.next()).toEqual({ value: message, done: false });
  expect([told, await lane.next()]).toEqual([["full", "relief", "rest"], done]);
});
