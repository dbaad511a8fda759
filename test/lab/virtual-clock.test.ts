import { expect, test } from "vitest";
import { VirtualClock } from "../../src/lab/virtual-clock.ts";

test("events happen in order of time, and those of one moment in order of creation", async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  clock.setTimer(20, () => seen.push("c"));
  clock.setTimer(10, () => seen.push("a"));
  clock.setTimer(10, () => seen.push("b"));
  await clock.run(100);
  expect(seen).toEqual(["a", "b", "c"]);
  expect(clock.now()).toBe(100);
});

test("every promise that can settle has settled before the next event, however long the chain", async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  const chain = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) await Promise.resolve();
    await new Promise<void>((done) => process.nextTick(done));
    seen.push("chain");
  };
  clock.setTimer(1, () => void chain());
  clock.setTimer(1, () => seen.push("next event"));
  await clock.run(1);
  expect(seen).toEqual(["chain", "next event"]);
});

test("a timer that was cancelled does not fire, and what lies beyond the end does not either", async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  clock.setTimer(5, () => seen.push("cancelled")).cancel();
  clock.setTimer(11, () => seen.push("beyond"));
  await clock.run(10);
  expect(seen).toEqual([]);
  await clock.run(11);
  expect(seen).toEqual(["beyond"]);
});

test("a delay below 0, or none at all, is now", async () => {
  const clock = new VirtualClock();
  const at: number[] = [];
  await clock.run(10);
  clock.setTimer(-5, () => at.push(clock.now()));
  clock.setTimer(Number.NaN, () => at.push(clock.now()));
  clock.at(3, () => at.push(clock.now()));
  await clock.run(20);
  expect(at).toEqual([10, 10, 10]);
});

test("what an event throws ends the run", async () => {
  const clock = new VirtualClock();
  clock.setTimer(1, () => {
    throw new Error("broken");
  });
  await expect(clock.run(10)).rejects.toThrow("broken");
});
