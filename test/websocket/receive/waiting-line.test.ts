import { expect, test } from "vitest";
import { Pressure } from "../../../src/websocket/receive/pressure.ts";
import { Receipt } from "../../../src/websocket/receive/receipt.ts";
import { type InboxLimits, WaitingLine } from "../../../src/websocket/receive/waiting-line.ts";

function setUp(limits: Partial<InboxLimits<string>>) {
  const told: string[] = [];
  const pressure = new Pressure({ onFull: () => void told.push("full"), onRelief: () => void told.push("relief") });
  const line = new WaitingLine<string>({ maxMessages: 4, maxBytes: 100, ...limits }, pressure);
  const handled: string[] = [];
  const push = (message: string, bytes = 1, key?: unknown): void => {
    const receipt = new Receipt(() => void handled.push(message));
    line.push(message, bytes, receipt, key);
    receipt.done();
  };
  const messages = (): string[] => {
    const all: string[] = [];
    for (let waiting = line.first; waiting !== undefined; waiting = waiting.next) all.push(waiting.message);
    return all;
  };
  return { line, push, messages, told, handled };
}

test("it is full at its bound, and relieved at half of it", () => {
  const { line, push, told } = setUp({ maxMessages: 5 });
  for (const text of ["a", "b", "c", "d"]) push(text);
  expect(told).toEqual([]);
  push("e");
  expect(told).toEqual(["full"]);
  line.shift();
  line.shift();
  expect(told).toEqual(["full"]);
  line.shift();
  expect([told, line.size]).toEqual([["full", "relief"], 2]);
});

test("a bound of one message is full with one, and relieved with none", () => {
  const { line, push, told } = setUp({ maxMessages: 1 });
  push("a");
  line.shift();
  expect(told).toEqual(["full", "relief"]);
});

test("one that is taken from the middle leaves the others in order", () => {
  const { line, push, messages } = setUp({});
  for (const text of ["a", "b", "c"]) push(text);
  const middle = line.first?.next;
  if (middle !== undefined) line.remove(middle);
  push("d");
  expect([messages(), line.size, line.bytes]).toEqual([["a", "c", "d"], 3, 3]);
  for (let i = 0; i < 3; i++) line.shift();
  push("e");
  expect([messages(), line.shift()?.message, line.shift()]).toEqual([["e"], "e", undefined]);
});

test("dropOldest makes room for messages and for bytes, and never holds the reader", () => {
  const { line, push, messages, told, handled } = setUp({ whenFull: "dropOldest" });
  for (const text of ["a", "b", "c", "d", "e"]) push(text);
  expect([messages(), handled]).toEqual([["b", "c", "d", "e"], ["a"]]);
  push("big", 98);
  expect([messages(), line.bytes, line.dropped, told]).toEqual([["d", "e", "big"], 100, 3, []]);
});

test("dropOldest keeps a message that is larger than the bound, alone", () => {
  const { line, push, messages } = setUp({ whenFull: "dropOldest" });
  push("a");
  push("huge", 500);
  push("b");
  expect([messages(), line.bytes, line.dropped]).toEqual([["b"], 1, 2]);
});

test("coalesceByKey replaces in a full line alone, the last of the key, in its place", () => {
  const { line, push, messages, told, handled } = setUp({ whenFull: "coalesceByKey", maxMessages: 3 });
  push("x1", 1, "x");
  push("x2", 1, "x");
  push("y1", 1, "y");
  expect(messages()).toEqual(["x1", "x2", "y1"]);
  push("x3", 2, "x");
  push("x4", 3, "x");
  expect([messages(), line.bytes, line.coalesced]).toEqual([["x1", "x4", "y1"], 5, 2]);
  expect([handled, told]).toEqual([["x2", "x3"], []]);
});

test("coalesceByKey holds the reader where there is nothing to replace, until half is gone", () => {
  const { line, push, told } = setUp({ whenFull: "coalesceByKey", maxMessages: 2 });
  push("x1", 1, "x");
  push("no key");
  expect(told).toEqual([]);
  push("y1", 1, "y");
  expect([told, line.size]).toEqual([["full"], 3]);
  line.shift();
  line.shift();
  expect(told).toEqual(["full", "relief"]);
});

test("a message that has left cannot be replaced any more", () => {
  const { line, push, messages, told } = setUp({ whenFull: "coalesceByKey", maxMessages: 2 });
  push("x1", 1, "x");
  push("y1", 1, "y");
  line.shift();
  push("y2", 1, "y");
  push("x2", 1, "x");
  expect([messages(), told]).toEqual([["y1", "y2", "x2"], ["full"]]);
  line.clear(true);
  push("a");
  push("b");
  push("x3", 1, "x");
  expect([messages(), line.coalesced]).toEqual([["a", "b", "x3"], 0]);
});

test("messages that grow in their places hold the reader at the bound of bytes", () => {
  const { push, told } = setUp({ whenFull: "coalesceByKey", maxMessages: 1 });
  push("x1", 10, "x");
  push("x2", 100, "x");
  expect(told).toEqual([]);
  push("x3", 101, "x");
  expect(told).toEqual(["full"]);
});

test("cleared, it is relieved; what was in it is handled or not, as is said", () => {
  const { line, push, told, handled } = setUp({ maxMessages: 2 });
  push("a");
  push("b");
  line.clear(false);
  expect([told, handled, line.size, line.bytes]).toEqual([["full", "relief"], [], 0, 0]);
  push("c");
  line.clear(true);
  expect(handled).toEqual(["c"]);
});

test("out of the pressure, what is in it holds nobody", () => {
  const { line, push, told } = setUp({ maxMessages: 2 });
  push("a");
  push("b");
  line.leavePressure();
  line.leavePressure();
  expect([told, line.size]).toEqual([["full", "relief"], 2]);
});

test("what was taken out holds nothing: neither what came before nor what comes after", () => {
  const { line, push } = setUp({});
  for (const text of ["a", "b", "c"]) push(text);
  const middle = line.first?.next;
  if (middle === undefined) throw new Error("there were three");
  line.remove(middle);
  const taken = [line.shift(), middle, line.shift()];
  expect(taken.map((one) => one?.message)).toEqual(["a", "b", "c"]);
  expect(taken.flatMap((one) => [one?.previous, one?.next])).toEqual(Array.from({ length: 6 }, () => undefined));
});
