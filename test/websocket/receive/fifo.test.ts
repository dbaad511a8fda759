import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Fifo } from "../../../src/websocket/receive/fifo.ts";

test("property: it behaves as an array does with push and shift", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer(), { nil: undefined })), (steps) => {
      const fifo = new Fifo<number>();
      const model: number[] = [];
      for (const step of steps) {
        const took =
          step === undefined ? [fifo.shift(), model.shift()] : [fifo.push(step), model.push(step) && undefined];
        expect(took[0]).toBe(took[1]);
        expect(fifo.size).toBe(model.length);
      }
    }),
  );
});

test("a cleared queue is empty and takes more", () => {
  const fifo = new Fifo<string>();
  fifo.push("a");
  fifo.clear();
  fifo.push("b");
  expect([fifo.size, fifo.shift(), fifo.shift()]).toEqual([1, "b", undefined]);
});
