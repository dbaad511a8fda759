import { expect, test } from "vitest";
import type { HealthReport, HealthStatus } from "../../src/core/health.ts";
import { checkAll, type HealthCheck } from "../../src/registry/registry-health.ts";
import { reasonOf } from "../support/rest-client.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const report = (service: string, status: HealthStatus): HealthReport => ({
  service,
  status,
  latencyMs: 1,
  state: "ready",
  time: "2026-01-01T00:00:00.000Z",
});

function check(checks: Readonly<Record<string, HealthCheck>>, signal?: AbortSignal) {
  const clock = new VirtualClock();
  return { clock, checked: checkAll(new Map(Object.entries(checks)), { clock, signal }) };
}

test("the status of all is the worst of any", async () => {
  const { checked } = check({ a: async () => report("a", "pass"), b: async () => report("b", "warn") });
  expect(await checked).toEqual({ status: "warn", services: { a: report("a", "pass"), b: report("b", "warn") } });
  expect(await check({}).checked).toEqual({ status: "pass", services: {} });
});

test("a check that throws fails in its own report, with no message of somebody else's", async () => {
  const throwing: HealthCheck = async () => {
    throw new TypeError("hunter2");
  };
  const { checked } = check({ a: throwing, b: async () => report("b", "pass") });
  const health = await checked;
  expect(health.status).toBe("fail");
  expect(health.services["a"]).toMatchObject({ service: "a", status: "fail", output: "TypeError" });
  expect(health.services["b"]?.status).toBe("pass");
});

test("a check that hangs is given up after 5 s, and hides no other", async () => {
  let given: AbortSignal | undefined;
  const hanging: HealthCheck = async (signal) => {
    given = signal;
    return new Promise(() => undefined);
  };
  const { clock, checked } = check({ a: hanging, b: async () => report("b", "pass") });
  await clock.advance(4_999);
  expect(given?.aborted).toBe(false);
  await clock.advance(1);
  expect(given?.aborted).toBe(true);
  const health = await checked;
  expect(health.services["a"]).toMatchObject({
    status: "fail",
    latencyMs: 5_000,
    output: "the check did not end within 5000 ms",
  });
  expect(health.services["b"]?.status).toBe("pass");
  expect(clock.timers).toBe(0);
});

test("the checks run at the same time", async () => {
  const all = Promise.withResolvers<void>();
  let running = 0;
  const together: HealthCheck = async () => {
    if (++running === 2) all.resolve();
    await all.promise;
    return report("x", "pass");
  };
  expect((await check({ a: together, b: together }).checked).status).toBe("pass");
});

test("the caller's signal ends the wait with its own reason, and every check with it", async () => {
  const caller = new AbortController();
  const own = new Error("mine");
  let given: AbortSignal | undefined;
  const hanging: HealthCheck = async (signal) => {
    given = signal;
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
  };
  const { clock, checked } = check({ a: hanging }, caller.signal);
  caller.abort(own);
  expect(await reasonOf(checked)).toBe(own);
  expect(given?.reason).toBe(own);
  await clock.advance(0);
  expect(clock.timers).toBe(0);
  expect(await reasonOf(check({ a: hanging }, caller.signal).checked)).toBe(own);
});
