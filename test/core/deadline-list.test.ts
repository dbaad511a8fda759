import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Clock, Timer } from "../../src/core/clock.ts";
import { DeadlineList } from "../../src/core/deadline-list.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

function setUp() {
  const clock = new VirtualClock();
  const list = new DeadlineList(clock);
  const told: string[] = [];
  const entry = (name: string, expiresAt: number) => {
    const it = {
      expiresAt,
      expire: () => {
        told.push(`${name}@${clock.now()}`);
        list.remove(it);
      },
    };
    return it;
  };
  return { clock, list, told, entry };
}

test("an entry is told once, when it is over, and not before", async () => {
  const { clock, list, told, entry } = setUp();
  list.add(entry("a", 10));
  await clock.advance(9);
  expect(told).toEqual([]);
  await clock.advance(100);
  expect(told).toEqual(["a@10"]);
});

test("many entries share one timer", () => {
  const { clock, list, entry } = setUp();
  for (let i = 0; i < 1000; i++) list.add(entry("x", 1000 + i));
  expect(clock.timers).toBe(1);
});

test("an earlier entry that comes later is told in time", async () => {
  const { clock, list, told, entry } = setUp();
  list.add(entry("late", 500));
  list.add(entry("early", 20));
  await clock.advance(1000);
  expect(told).toEqual(["early@20", "late@500"]);
});

test("a removed entry is not told", async () => {
  const { clock, list, told, entry } = setUp();
  const removed = entry("removed", 10);
  list.add(removed);
  list.add(entry("kept", 30));
  list.remove(removed);
  await clock.advance(100);
  expect(told).toEqual(["kept@30"]);
});

test("an entry moved to a later moment without a word is told then", async () => {
  const { clock, list, told, entry } = setUp();
  const moved = entry("moved", 10);
  list.add(moved);
  moved.expiresAt = 40;
  await clock.advance(100);
  expect(told).toEqual(["moved@40"]);
});

test("an entry hastened to an earlier moment is told then", async () => {
  const { clock, list, told, entry } = setUp();
  const moved = entry("moved", 1000);
  list.add(moved);
  moved.expiresAt = 5;
  list.hasten(moved);
  await clock.advance(10);
  expect(told).toEqual(["moved@5"]);
});

test("an entry added while the list is being told is not lost", async () => {
  const { clock, list, told, entry } = setUp();
  const first = {
    expiresAt: 10,
    expire: () => {
      list.remove(first);
      list.add(entry("second", 20));
    },
  };
  list.add(first);
  await clock.advance(100);
  expect(told).toEqual(["second@20"]);
});

test("a cleared list has no timer and tells nobody", async () => {
  const { clock, list, told, entry } = setUp();
  list.add(entry("a", 10));
  list.clear();
  expect([clock.timers, list.size]).toEqual([0, 0]);
  await clock.advance(100);
  expect(told).toEqual([]);
});

test("the entries that are in the list can be walked over", () => {
  const { list, entry } = setUp();
  const [a, b] = [entry("a", 10), entry("b", 20)];
  list.add(a);
  list.add(b);
  list.remove(a);
  expect([...list]).toEqual([b]);
});

test("who is told may remove others, which are told no more, in whatever order they came", async () => {
  for (const names of ["abc", "bac", "bca", "cba"]) {
    const { clock, list, told, entry } = setUp();
    const [a, c] = [entry("a", 10), entry("c", 10)];
    const b = {
      expiresAt: 10,
      expire: () => {
        told.push("b");
        for (const one of [a, b, c]) list.remove(one);
      },
    };
    for (const name of names) list.add({ a, b, c }[name] ?? b);
    await clock.advance(10);
    expect(told.map((text) => text[0]).join("")).toBe(names.slice(0, names.indexOf("b") + 1));
    expect([list.size, clock.timers]).toEqual([0, 0]);
  }
});

test("who walks over the entries may remove them and others on the way", () => {
  const { list, entry } = setUp();
  const [a, b, c, d] = [entry("a", 10), entry("b", 20), entry("c", 30), entry("d", 40)];
  for (const one of [a, b, c, d]) list.add(one);
  const met: unknown[] = [];
  for (const one of list) {
    met.push(one);
    list.remove(one);
    list.remove(b);
  }
  expect(met).toEqual([a, c, d]);
  expect([...list]).toEqual([]);
});

test("an entry that is added twice is in once", () => {
  const { list, entry } = setUp();
  const [a, b] = [entry("a", 10), entry("b", 20)];
  for (const one of [a, b, a, b]) list.add(one);
  expect([list.size, ...list]).toEqual([2, a, b]);
  list.remove(a);
  expect([list.size, ...list]).toEqual([1, b]);
});

test("an entry may leave and come again, also after the list was cleared", () => {
  const { list, entry } = setUp();
  const [a, b, c] = [entry("a", 10), entry("b", 20), entry("c", 30)];
  for (const one of [a, b, c]) list.add(one);
  list.remove(b);
  list.add(b);
  expect([...list]).toEqual([a, c, b]);
  list.clear();
  for (const one of [a, b, c]) list.remove(one);
  list.add(c);
  list.add(a);
  expect([list.size, ...list]).toEqual([2, c, a]);
});

test("an entry that stays and moves itself on is told again", async () => {
  const { clock, list } = setUp();
  const told: number[] = [];
  const beat = {
    expiresAt: 10,
    expire: (now: number) => {
      told.push(now);
      beat.expiresAt = now + 10;
    },
  };
  list.add(beat);
  await clock.advance(35);
  expect(told).toEqual([10, 20, 30]);
  list.clear();
});

test("after a jump of the clock everything that is over is told in one walk", async () => {
  const { clock, list, told, entry } = setUp();
  for (const [name, at] of [
    ["a", 10],
    ["b", 20],
    ["c", 900],
  ] as const)
    list.add(entry(name, at));
  clock.jump(500);
  await clock.advance(0);
  expect(told).toEqual(["a@500", "b@500"]);
});

/** The virtual clock, watched for timers that hold the process up. */
class WatchedClock extends VirtualClock {
  held = 0;

  override setTimer(delayMs: number, callback: () => void): Timer {
    let isHeld = true;
    this.held++;
    const release = (): void => {
      if (isHeld) this.held--;
      isHeld = false;
    };
    const timer = super.setTimer(delayMs, () => {
      release();
      callback();
    });
    return {
      cancel: () => {
        release();
        timer.cancel();
      },
      unref: release,
      ref: () => {
        if (!isHeld) this.held++;
        isHeld = true;
      },
    };
  }
}

test("an empty list does not hold the process up, and a list that is filled again does", async () => {
  const clock: WatchedClock & Clock = new WatchedClock();
  const list = new DeadlineList(clock);
  const entry = { expiresAt: 100, expire: () => undefined };
  list.add(entry);
  list.remove(entry);
  list.remove(entry);
  expect([clock.timers, clock.held]).toEqual([1, 0]);
  list.add({ ...entry, expiresAt: 200 });
  expect([clock.timers, clock.held]).toEqual([1, 1]);
  list.clear();
  expect([clock.timers, clock.held]).toEqual([0, 0]);
});

type Step =
  | { readonly do: "add"; readonly inMs: number }
  | { readonly do: "remove"; readonly which: number }
  | { readonly do: "move"; readonly which: number; readonly inMs: number }
  | { readonly do: "pass"; readonly ms: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("add" as const), inMs: fc.nat(50) }),
  fc.record({ do: fc.constant("remove" as const), which: fc.nat(20) }),
  fc.record({ do: fc.constant("move" as const), which: fc.nat(20), inMs: fc.nat(50) }),
  fc.record({ do: fc.constant("pass" as const), ms: fc.nat(30) }),
);

test("whatever is added, removed and moved, each entry is told once, at its moment, unless it was removed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 25 }), async (steps) => {
      const clock = new WatchedClock();
      const list = new DeadlineList(clock);
      const told: { readonly id: number; readonly at: number }[] = [];
      const entries: { readonly id: number; expiresAt: number; expire(now: number): void }[] = [];
      // The model: what is still to be told, and what must have been told by now.
      const pending = new Set<(typeof entries)[number]>();
      const expected: { readonly id: number; readonly at: number }[] = [];

      for (const step of steps) {
        if (step.do === "add") {
          const id = entries.length;
          const entry = {
            id,
            expiresAt: clock.now() + step.inMs,
            expire: (now: number) => {
              told.push({ id, at: now });
              list.remove(entry);
            },
          };
          entries.push(entry);
          list.add(entry);
          pending.add(entry);
        } else if (step.do === "pass") {
          const end = clock.now() + step.ms;
          for (const entry of pending) {
            if (entry.expiresAt > end) continue;
            expected.push({ id: entry.id, at: Math.max(clock.now(), entry.expiresAt) });
            pending.delete(entry);
          }
          await clock.advance(step.ms);
        } else {
          const entry = [...pending][step.which];
          if (entry === undefined) continue;
          if (step.do === "remove") {
            list.remove(entry);
            pending.delete(entry);
          } else {
            const before = entry.expiresAt;
            entry.expiresAt = clock.now() + step.inMs;
            if (entry.expiresAt < before) list.hasten(entry);
          }
        }
        const byId = (a: { id: number }, b: { id: number }): number => a.id - b.id;
        expect(told.toSorted(byId)).toEqual(expected.toSorted(byId));
        expect(new Set(list)).toEqual(pending);
        expect(clock.timers).toBeLessThanOrEqual(1);
        expect(clock.held).toBe(pending.size === 0 ? 0 : 1);
      }
    }),
    { numRuns: 200 },
  );
});
