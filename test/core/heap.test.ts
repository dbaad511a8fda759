import { array, assert, integer, property } from "fast-check";
import { expect, test } from "vitest";
import { Heap } from "../../src/core/heap.ts";

test("items come out in order of key, then of order, whatever the order in which they went in", () => {
  assert(
    property(array(integer({ min: 0, max: 9 })), (keys) => {
      const items = keys.map((key, order) => ({ key, order }));
      const heap = new Heap<{ key: number; order: number }>();
      for (const item of items) heap.push(item);
      const out = Array.from({ length: items.length }, () => heap.pop());
      expect(out).toEqual(items.toSorted((a, b) => a.key - b.key || a.order - b.order));
      expect(heap.pop()).toBeUndefined();
    }),
  );
});
