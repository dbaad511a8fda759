import { expect, test } from "vitest";
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
