import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { listenToAbort, unlistenToAbort } from "../../src/core/abort-listeners.ts";

const count = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

describe("a signal that many listen to", () => {
  test("has one listener of ours, and none once all have left", () => {
    const { signal } = new AbortController();
    const all = Array.from({ length: 1_000 }, () => (): void => undefined);
    for (const listener of all) listenToAbort(signal, listener);
    expect(count(signal)).toBe(1);
    for (const listener of all) unlistenToAbort(signal, listener);
    expect(count(signal)).toBe(0);
  });

  test("tells each of them once, in the order in which they came, and keeps nobody", () => {
    const controller = new AbortController();
    const { signal } = controller;
    const told: string[] = [];
    const a = (from: AbortSignal): void => void told.push(`a ${from.reason}`);
    listenToAbort(signal, a);
    listenToAbort(signal, () => told.push("b"));
    listenToAbort(signal, a);
    controller.abort("enough");
    expect(told).toEqual(["a enough", "b"]);
    expect(count(signal)).toBe(0);
    unlistenToAbort(signal, a);
  });

  test("tells of itself also where somebody else listened to it before", () => {
    const controller = new AbortController();
    const { signal } = controller;
    const told: unknown[] = [];
    signal.addEventListener("abort", () => undefined);
    listenToAbort(signal, (from) => told.push(from));
    controller.abort();
    expect(told).toEqual([signal]);
  });

  test("does not tell one that another has taken away meanwhile", () => {
    const controller = new AbortController();
    const told: string[] = [];
    const last = (): void => void told.push("last");
    listenToAbort(controller.signal, () => {
      told.push("first");
      unlistenToAbort(controller.signal, last);
    });
    listenToAbort(controller.signal, last);
    controller.abort();
    expect(told).toEqual(["first"]);
  });

  test("may be listened to again after all have left", () => {
    const controller = new AbortController();
    const told: string[] = [];
    const listener = (): void => void told.push("told");
    listenToAbort(controller.signal, listener);
    unlistenToAbort(controller.signal, listener);
    listenToAbort(controller.signal, listener);
    controller.abort();
    expect(told).toEqual(["told"]);
  });

  test("hears of listeners of others as before", () => {
    const controller = new AbortController();
    const told: string[] = [];
    controller.signal.addEventListener("abort", () => told.push("another's"));
    listenToAbort(controller.signal, () => told.push("ours"));
    controller.abort();
    expect(told).toEqual(["another's", "ours"]);
  });
});

test("a listener that throws keeps it from no other, and its error is nobody's to swallow", async () => {
  const controller = new AbortController();
  const mistake = new Error("mistake");
  const told: unknown[] = [];
  listenToAbort(controller.signal, () => {
    throw mistake;
  });
  listenToAbort(controller.signal, () => told.push("other"));
  const uncaught = new Promise((resolve) => process.setUncaughtExceptionCaptureCallback(resolve));
  try {
    controller.abort();
    told.push(await uncaught);
  } finally {
    process.setUncaughtExceptionCaptureCallback(null);
  }
  expect(told).toEqual(["other", mistake]);
});
