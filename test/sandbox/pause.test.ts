import { expect, test } from "vitest";
import { pause } from "../../sandbox/pause.ts";

test("an aborted signal ends a pause at once, before and during it", async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = timers();
  const controller = new AbortController();
  const during = pause(3_600_000, controller.signal);

  controller.abort();

  await during;
  await pause(undefined, controller.signal);
  expect(timers()).toBe(before);
});
