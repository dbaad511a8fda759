import * as fc from "fast-check";
import { expect, test } from "vitest";
import { HandledMark } from "../../../src/websocket/resume/handled-mark.ts";
import { HeapSamples } from "../../conformance/soak/memory.ts";

test("the mark stands before the first message that is not handled", () => {
  const mark = new HandledMark(undefined);
  const [one, two, three] = [mark.add(1), mark.add(2), mark.add(3)];
  three();
  expect(mark.position).toBeUndefined();
  one();
  expect([mark.position, [...mark.unhandled()]]).toEqual([1, [2, 3]]);
  two();
  expect([mark.position, [...mark.unhandled()]]).toEqual([3, []]);
});

test("it begins where it is told, and goes on after it was empty", () => {
  const mark = new HandledMark(7);
  expect(mark.position).toBe(7);
  mark.add(8)();
  mark.add(9);
  mark.add(10)();
  expect([mark.position, [...mark.unhandled()]]).toEqual([8, [9, 10]]);
});

test("to say it twice changes nothing", () => {
  const mark = new HandledMark(undefined);
  const one = mark.add(1);
  one();
  one();
  mark.add(2);
  one();
  expect([mark.position, [...mark.unhandled()]]).toEqual([1, [2]]);
});

test("in whatever order handlers end, nothing before the mark is unhandled, and all of it in the end", () => {
  const orders = fc
    .integer({ min: 1, max: 12 })
    .chain((length) => fc.shuffledSubarray([...Array(length).keys()], { minLength: length }));
  fc.assert(
    fc.property(orders, (order) => {
      const mark = new HandledMark(-1);
      const done = order.map((_, position) => mark.add(position));
      const handled = new Set<number>();
      for (const position of order) {
        done[position]?.();
        handled.add(position);
        let expected = -1;
        while (handled.has(expected + 1)) expected++;
        expect(mark.position).toBe(expected);
      }
    }),
  );
});

test("whoever keeps what was returned for one message keeps none of those that came after it", () => {
  const mark = new HandledMark(undefined);
  const heap = new HeapSamples();
  heap.take();
  const first = mark.add(0);
  let before = first;
  for (let position = 1; position <= 200_000; position++) {
    const next = mark.add(position);
    before();
    before = next;
  }
  heap.take();
  const [atFirst = 0, atLast = 0] = heap.bytes;
  // Each would be 48 bytes.
  expect(atLast - atFirst).toBeLessThan(4_000_000);
  // Kept until here, and harmless.
  first();
  expect(mark.position).toBe(199_999);
});
