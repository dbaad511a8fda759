import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { Awaited } from "../../../src/testing/streams/awaited.ts";

const longMs = 60_000;

test("who waits first gets what comes first, and who gave up gets nothing", async () => {
  const awaited = new Awaited<string>();
  const given = new AbortController();
  const first = awaited.next("thing", longMs, { signal: given.signal });
  const second = awaited.next("thing", longMs);
  const third = awaited.next("thing", longMs);
  given.abort("enough");
  await expect(first).rejects.toBe("enough");
  awaited.push("a");
  awaited.push("b");
  awaited.push("c");
  expect(await Promise.all([second, third])).toEqual(["a", "b"]);
  expect(awaited.size).toBe(1);
});

test("a wait that is over leaves no listener", async () => {
  const { signal } = new AbortController();
  const awaited = new Awaited<string>();
  const waiting = awaited.next("thing", longMs, { signal });
  awaited.push("a");
  await waiting;
  await expect(awaited.next("thing", 1, { signal })).rejects.toThrow("no thing came within 1 ms");
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

test("when nothing comes any more, what has come can still be taken", async () => {
  const awaited = new Awaited<string>();
  awaited.push("a");
  awaited.end(new Error("it is over"));
  expect(await awaited.next("thing", longMs)).toBe("a");
  await expect(awaited.next("thing", longMs)).rejects.toThrow("it is over");
});

test("who waits is told how many came before", async () => {
  const awaited = new Awaited<string>();
  awaited.push("a");
  awaited.push("b");
  await awaited.next("thing", longMs);
  await awaited.next("thing", longMs);
  await expect(awaited.next("thing", 1)).rejects.toThrow("no thing came within 1 ms; 2 came before, and were taken");
});
