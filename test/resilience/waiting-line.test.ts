import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Place, type Waiter, WaitingLine } from "../../src/resilience/waiting-line.ts";

interface Named extends Waiter {
  readonly name: string;
}
const waiter = (name: string): Named => ({ name, answer: () => undefined });

test("first come, first served; who is next has left the line", () => {
  const line = new WaitingLine<Named>();
  for (const name of ["a", "b"]) line.join(waiter(name));
  expect([line.length, line.first()?.name, line.length]).toEqual([2, "a", 2]);
  expect([line.next()?.name, line.length, line.next()?.name, line.length]).toEqual(["a", 1, "b", 0]);
  expect([line.first(), line.next(), line.length]).toEqual([undefined, undefined, 0]);
});

test("who leaves frees the place at once, from anywhere, and leaving twice is leaving once", () => {
  const line = new WaitingLine<Named>();
  const [a, b, c] = [waiter("a"), waiter("b"), waiter("c")];
  line.join(a);
  const place = line.join(b);
  line.join(c);
  line.leave(place);
  line.leave(place);
  expect(line.length).toBe(2);
  expect([line.next()?.name, line.next()?.name, line.next()]).toEqual(["a", "c", undefined]);
});

test("who had the turn does not leave once more, and takes nobody along", () => {
  const line = new WaitingLine<Named>();
  const [a, b] = [waiter("a"), waiter("b")];
  const place = line.join(a);
  line.join(b);
  expect(line.next()).toBe(a);
  line.leave(place);
  expect([line.length, line.first()]).toEqual([1, b]);
});

test("in any order of joining, leaving and serving it is a queue", () => {
  const step = fc.oneof(fc.constant("join" as const), fc.constant("next" as const), fc.nat(20));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const line = new WaitingLine<Named>();
      const model: Place<Named>[] = [];
      const served: (Named | undefined)[] = [];
      const expected: (Named | undefined)[] = [];
      for (const [index, action] of steps.entries()) {
        if (action === "join") {
          const one = waiter(`${index}`);
          model.push(line.join(one));
        } else if (action === "next") {
          served.push(line.next());
          expected.push(model.shift()?.waiter);
        } else {
          for (const gone of model.splice(action, 1)) line.leave(gone);
        }
        expect(line.length).toBe(model.length);
      }
      expect(served).toEqual(expected);
    }),
  );
});

test("who has left holds nobody: neither who came before nor who comes after", () => {
  const line = new WaitingLine<Named>();
  const [a, b, c] = ["a", "b", "c"].map((name) => line.join(waiter(name)));
  if (a === undefined || b === undefined || c === undefined) throw new Error("there were three");
  line.leave(b);
  line.next();
  line.next();
  const links = [a, b, c].map(({ before, after }) => [before, after]);
  expect(links).toEqual(Array.from({ length: 3 }, () => [undefined, undefined]));
});
