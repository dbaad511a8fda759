import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import { Overrides } from "../../src/registry/overrides.ts";

const fakes = (entries: Readonly<Record<string, unknown>>): Map<string, unknown> => new Map(Object.entries(entries));

const me = {};
const mine = [me];

test("the latest stand-in holds, and each takes back only itself, in whatever order", () => {
  const overrides = new Overrides<object>();
  const restoreFirst = overrides.add(me, fakes({ a: 1, b: 1 }));
  const restoreSecond = overrides.add(me, fakes({ a: 2 }));
  expect([overrides.find("a", mine), overrides.find("b", mine), overrides.find("c", mine)]).toEqual([
    { fake: 2 },
    { fake: 1 },
    undefined,
  ]);
  restoreFirst();
  expect([overrides.find("a", mine), overrides.find("b", mine)]).toEqual([{ fake: 2 }, undefined]);
  restoreSecond();
  restoreSecond();
  expect(overrides.find("a", mine)).toBeUndefined();
});

test("the same stand-ins given twice are taken back twice", () => {
  const overrides = new Overrides<object>();
  const same = fakes({ a: 1 });
  const restore = overrides.add(me, same);
  overrides.add(me, same);
  restore();
  expect(overrides.find("a", mine)).toEqual({ fake: 1 });
});

test("a scope holds within what it awaits, and in no other that runs beside it", async () => {
  const overrides = new Overrides<object>();
  const bothInside = Promise.withResolvers<void>();
  let inside = 0;
  const seenWith = async (value: number): Promise<unknown> =>
    overrides.run(me, fakes({ a: value }), async () => {
      if (++inside === 2) bothInside.resolve();
      await bothInside.promise;
      return overrides.find("a", mine)?.fake;
    });
  expect(await Promise.all([seenWith(1), seenWith(2)])).toEqual([1, 2]);
  expect(overrides.find("a", mine)).toBeUndefined();
});

test("an inner scope hides an outer one for its own names alone, and both hide what holds everywhere", async () => {
  const overrides = new Overrides<object>();
  overrides.add(me, fakes({ a: 0, b: 0, c: 0 }));
  const seen = await overrides.run(me, fakes({ a: 1, b: 1 }), async () =>
    overrides.run(me, fakes({ a: 2 }), () => ["a", "b", "c"].map((name) => overrides.find(name, mine)?.fake)),
  );
  expect(seen).toEqual([2, 1, 0]);
});

test("a thenable that works only once somebody waits for it does so within the scope", async () => {
  const overrides = new Overrides<object>();
  const lazy: PromiseLike<unknown> = {
    // oxlint-disable-next-line unicorn/no-thenable
    then: (onFulfilled) => Promise.resolve(overrides.find("a", mine)?.fake).then(onFulfilled),
  };
  expect(await overrides.run(me, fakes({ a: 1 }), () => lazy)).toBe(1);
});

test("what throws within a scope throws out of it", async () => {
  const overrides = new Overrides<object>();
  const own = new Error("mine");
  await expect(
    overrides.run(me, fakes({}), () => {
      throw own;
    }),
  ).rejects.toBe(own);
});

test("who enters again from within stands in one scope, however often", () => {
  const overrides = new Overrides<object>();
  const other = {};
  let within = AsyncLocalStorage.snapshot();
  for (let turn = 0; turn < 100; turn++) {
    within = within(() => overrides.enter(me, () => AsyncLocalStorage.snapshot()));
  }
  const seen: object[] = [];
  const look = (): unknown => overrides.entered((owner) => seen.push(owner) < 0);
  within(look);
  expect(seen).toEqual([me]);
  expect(within(() => overrides.enter(other, () => overrides.enter(me, () => overrides.entered(() => true))))).toBe(me);
});
