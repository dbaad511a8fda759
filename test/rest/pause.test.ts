import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { withDeadline } from "../../src/core/deadline.ts";
import { pause, signalsHere } from "../../src/rest/pause.ts";
import { reasonOf } from "../support/rest-client.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

test("a pause ends after its time, and leaves neither timer nor listener", async () => {
  const clock = new VirtualClock();
  const { signal } = new AbortController();
  let isOver = false;
  const paused = pause(clock, 100, [signal]).then(() => (isOver = true));
  await clock.advance(99);
  expect(isOver).toBe(false);
  await clock.advance(1);
  await paused;
  expect(clock.timers).toBe(0);
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

test("a signal ends it at once, with its own reason", async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const paused = reasonOf(pause(clock, 100, [controller.signal]));
  controller.abort("enough");
  expect(await paused).toBe("enough");
  expect(clock.timers).toBe(0);
  expect(await reasonOf(pause(clock, 100, [controller.signal]))).toBe("enough");
});

test("the signals here are those given and those inherited", () => {
  const [inherited, given] = [new AbortController().signal, new AbortController().signal];
  expect(withDeadline({ signal: inherited }, () => signalsHere(given, undefined))).toEqual([inherited, given]);
  expect(signalsHere(undefined)).toEqual([]);
});
