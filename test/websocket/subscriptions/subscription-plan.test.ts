import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Held, nextStep, type PlanStep } from "../../../src/websocket/subscriptions/subscription-plan.ts";

const held = (keys: readonly string[]): Map<string, Held> => new Map(keys.map((key) => [key, "confirmed"]));
const plan = (touched: Set<string>, wanted: readonly string[], carried: readonly string[], terms = {}) =>
  nextStep(touched, (key) => wanted.includes(key), held(carried), { maxKeys: 100, canUnsubscribe: true, ...terms });

test("what is wanted and not held is asked for, and what was not touched is not looked at", () => {
  expect(plan(new Set(["a", "b"]), ["a", "b", "c"], ["d"])).toEqual({ kind: "subscribe", keys: ["a", "b"] });
});

test("what is to go goes first, to make room", () => {
  const touched = new Set(["a", "x"]);
  expect(plan(touched, ["a"], ["x"])).toEqual({ kind: "unsubscribe", keys: ["x"] });
  expect([...touched]).toEqual(["a"]);
});

test("a key that was put in and taken out makes no message", () => {
  const touched = new Set(["gone", "kept"]);
  expect(plan(touched, ["kept"], ["kept"])).toBeUndefined();
  expect(touched.size).toBe(0);
});

test("a step has no more keys than fit into one message, and the others stay for the next", () => {
  const touched = new Set(["a", "b", "c"]);
  expect(plan(touched, ["a", "b", "c"], [], { maxKeys: 2 })).toEqual({ kind: "subscribe", keys: ["a", "b"] });
  expect([...touched]).toEqual(["c"]);
});

test("what cannot be taken back is left as it is", () => {
  const touched = new Set(["x"]);
  expect(plan(touched, [], ["x"], { canUnsubscribe: false })).toBeUndefined();
  expect(touched.size).toBe(0);
});

test("the steps together lead from what is held to what is wanted, each key once and each message within its bound", () => {
  const keys = fc.uniqueArray(fc.constantFrom(..."abcdefghij".split("")));
  fc.assert(
    fc.property(keys, keys, fc.integer({ min: 1, max: 4 }), (wanted, carried, maxKeys) => {
      const now = held(carried);
      const touched = new Set([...wanted, ...carried]);
      const sent: string[] = [];
      const next = (): PlanStep | undefined =>
        nextStep(touched, (key) => wanted.includes(key), now, { maxKeys, canUnsubscribe: true });
      for (let step = next(); step !== undefined; step = next()) {
        expect(step.keys.length).toBeLessThanOrEqual(maxKeys);
        sent.push(...step.keys);
        for (const key of step.keys) if (!now.delete(key)) now.set(key, "asked");
      }
      expect([...now.keys()].toSorted()).toEqual(wanted.toSorted());
      expect(new Set(sent).size).toBe(sent.length);
      expect(touched.size).toBe(0);
    }),
    { numRuns: 1_000 },
  );
});
