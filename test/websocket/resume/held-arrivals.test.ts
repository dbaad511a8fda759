import { expect, test } from "vitest";
import { type Arrival, HeldArrivals } from "../../../src/websocket/resume/held-arrivals.ts";
import type { Position } from "../../../src/websocket/resume/positions.ts";

const arrival = (position: Position | undefined, message = "", count = 0): Arrival<string> => ({
  parcel: { message, bytes: 10 },
  position,
  connection: 1,
  count,
  isFilled: false,
});

function heldOf(...positions: readonly (Position | undefined)[]) {
  const held = new HeldArrivals<string>();
  const wasAdded = positions.map((position) => held.add(arrival(position, JSON.stringify(position) ?? "none")));
  return { held, wasAdded, order: (): unknown[] => held.takeAll().map(({ parcel }) => parcel.message) };
}

test("numbers wait in their order, each once", () => {
  const { held, wasAdded, order } = heldOf(5, 9, 7, 6, 9, 5);
  expect(wasAdded).toEqual([true, true, true, true, false, false]);
  expect([held.size, held.bytes]).toEqual([4, 40]);
  expect(order()).toEqual(["5", "6", "7", "9"]);
  expect([held.size, held.bytes]).toEqual([0, 0]);
});

test("what does not compare waits in the order in which it came", () => {
  expect(heldOf("b", "a", { epoch: 1, offset: 9 }, { epoch: 2, offset: 3 }, { epoch: 2, offset: 1 }).order()).toEqual([
    '"b"',
    '"a"',
    '{"epoch":1,"offset":9}',
    '{"epoch":2,"offset":1}',
    '{"epoch":2,"offset":3}',
  ]);
});

test("a message without a position keeps its place behind the one before it", () => {
  expect(heldOf(5, undefined, 9, 7).order()).toEqual(["5", "none", "7", "9"]);
});

test("messages of another count are not put among those of this one", () => {
  const held = new HeldArrivals<string>();
  held.add(arrival(7));
  held.add(arrival(3, "anew", 1));
  expect(held.first?.position).toBe(7);
  held.recount(2);
  expect([held.shift()?.count, held.shift()?.count, held.shift()]).toEqual([2, 2, undefined]);
});

test("count and bytes are bounds, which a single message never exceeds", () => {
  const { held } = heldOf(1);
  expect(held.exceeds({ maxMessages: 1, maxBytes: 5 })).toBe(false);
  held.add(arrival(2));
  expect(held.exceeds({ maxMessages: 1, maxBytes: 100 })).toBe(true);
  expect(held.exceeds({ maxMessages: 2, maxBytes: 19 })).toBe(true);
  expect(held.exceeds({ maxMessages: 2, maxBytes: 20 })).toBe(false);
});
