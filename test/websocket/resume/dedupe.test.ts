import * as fc from "fast-check";
import { expect, test } from "vitest";
import { OptionReader } from "../../../src/core/options.ts";
import { type MessageId, readDedupe, SeenIds } from "../../../src/websocket/resume/dedupe.ts";

test("an id is new once", () => {
  const ids = new SeenIds(10);
  expect([ids.seen("a"), ids.seen("a"), ids.seen("b")]).toEqual([false, true, false]);
});

test("texts, numbers and bigints are different ids, and the empty ones are ids too", () => {
  const ids = new SeenIds(10);
  const all: readonly MessageId[] = ["1", 1, 1n, "", 0, 0n];
  expect(all.map((id) => ids.seen(id))).toEqual(all.map(() => false));
  expect(all.map((id) => ids.seen(id))).toEqual(all.map(() => true));
});

test("beyond maxIds the oldest is forgotten, and a duplicate does not make an id younger", () => {
  const ids = new SeenIds(2);
  expect(["a", "b", "a", "c", "b", "a"].map((id) => ids.seen(id))).toEqual([false, false, true, false, true, false]);
  expect(ids.size).toBe(2);
});

test("it says what a list of the last distinct ids would say", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.integer({ min: 0, max: 9 })), (maxIds, stream) => {
      const ids = new SeenIds(maxIds);
      let last: number[] = [];
      for (const id of stream) {
        const isKnown = last.includes(id);
        expect(ids.seen(id)).toBe(isKnown);
        if (!isKnown) last = [...last, id].slice(-maxIds);
      }
    }),
  );
});

test("dedupe is read with its default, and every problem of it is told", () => {
  const idOf = (message: { id: string }): string => message.id;
  const read = (options: object) => {
    const reader = new OptionReader("feed", options);
    const settings = readDedupe<{ id: string }>(reader);
    reader.finish();
    return settings;
  };
  expect(read({})).toBeUndefined();
  expect(read({ dedupe: { idOf } })).toEqual({ idOf, maxIds: 10_000 });
  expect(() => read({ dedupe: { maxIds: 0, id: idOf } })).toThrow(
    /idOf is missing[\s\S]*maxIds must be[\s\S]*dedupe\.id;/,
  );
});
