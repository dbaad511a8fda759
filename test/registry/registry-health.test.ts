import { expect, test } from "vitest";
import type { HealthReport, HealthStatus } from "../../src/core/health.ts";
import { checkAll, type HealthCheck } from "../../src/registry/registry-health.ts";
import { reasonOf } from "../support/rest-client.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";

const report = (service: string, status: HealthStatus): HealthReport => ({
  service,
  status,
  latencyMs: 1,
  state: "ready",
  time: "2026-01-01T00:00:00.000Z",
});

type Check = HealthCheck["check"];

function check(checks: Readonly<Record<string, Check>>, signal?: AbortSignal, critical: readonly string[] = []) {
  const clock = new VirtualClock();
  const all = Object.entries(checks).map(
    ([name, one]) => [name, { check: one, timeoutMs: 5_000, isCritical: critical.includes(name) }] as const,
  );
  return { clock, checked: checkAll(new Map(all), { clock, signal }) };
}

test.each([
  { a: "pass", b: "pass", critical: "a", status: "pass" },
  { a: "pass", b: "warn", critical: "b", status: "warn" },
  { a: "pass", b: "fail", critical: "a", status: "warn" },
  { a: "fail", b: "warn", critical: "a", status: "fail" },
] as const)("where a is $a, b is $b, and $critical is critical, the whole is $status", async (all) => {
  const checks = { a: async () => report("a", all.a), b: async () => report("b", all.b) };
  const { checked } = check(checks, undefined, [all.critical]);
  expect(await checked).toEqual({ status: all.status, services: { a: report("a", all.a), b: report("b", all.b) } });
});

test("where there are no services, all is well", async () => {
  expect(await check({}).checked).toEqual({ status: "pass", services: {} });
});

test("a check is taken when the one before it has begun: none need be there before", async () => {
  const told: string[] = [];
  function* checks(): Generator<readonly [string, HealthCheck]> {
    for (const name of ["a", "b"]) {
      told.push(`take ${name}`);
      const begin: Check = async () => {
        told.push(`begin ${name}`);
        return report(name, "pass");
      };
      yield [name, { check: begin, timeoutMs: 5_000, isCritical: false }];
    }
  }
  const { services } = await checkAll(checks(), { clock: new VirtualClock(), signal: undefined });
  expect([told, Object.keys(services)]).toEqual([
    ["take a", "begin a", "take b", "begin b"],
    ["a", "b"],
  ]);
});

test("a check that throws fails in its own report, with no message of somebody else's", async () => {
  const throwing: Check = async () => {
    throw new TypeError("hunter2");
  };
  const { checked } = check({ a: throwing, b: async () => report("b", "pass") });
  const health = await checked;
  expect(health.status).toBe("warn");
  expect(health.services["a"]).toMatchObject({ service: "a", status: "fail", output: "TypeError" });
  expect(health.services["b"]?.status).toBe("pass");
});

test("a check that hangs is given up after 5 s, and hides no other", async () => {
  let given: AbortSignal | undefined;
  const hanging: Check = async (signal) => {
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

test("a check that throws before it makes a promise fails in its own report alone", async () => {
  const throwing: Check = () => {
    throw new TypeError("hunter2");
  };
  const { clock, checked } = check({ a: throwing, b: async () => report("b", "pass") });
  const { status, services } = await checked;
  expect(status).toBe("warn");
  expect(services["a"]).toMatchObject({ service: "a", status: "fail", output: "TypeError" });
  expect(services["b"]?.status).toBe("pass");
  expect(clock.timers).toBe(0);
});

// What a service without types may do.
test.each([undefined, null, true, false, "fail", {}, { status: "ok" }])(
  "a check that tells %j is a failure",
  async (told) => {
    const telling = (async () => told) as unknown as Check;
    const { checked } = check({ a: telling });
    const output = "its checkHealth() must tell pass, warn or fail";
    expect((await checked).services["a"]).toMatchObject({ service: "a", status: "fail", output });
  },
);

test("an error that throws when it is looked at is one like any other", async () => {
  const error = new Error("hunter2");
  Object.defineProperty(error, "name", {
    get() {
      throw new Error("name");
    },
  });
  const { clock, checked } = check({
    a: async () => Promise.reject(error),
    b: () => {
      throw error;
    },
  });
  const { services } = await checked;
  expect([services["a"]?.output, services["b"]?.output]).toEqual(["the check failed", "the check failed"]);
  expect(clock.timers).toBe(0);
});

test("where every check throws at once, nothing is waited for", async () => {
  const throwing: Check = () => {
    throw new TypeError("hunter2");
  };
  const { clock, checked } = check({ a: throwing });
  expect((await checked).services["a"]?.status).toBe("fail");
  expect(clock.timers).toBe(0);
});

test("each check has the limit of its own, and no other's", async () => {
  const clock = new VirtualClock();
  const hanging: Check = async () => new Promise(() => undefined);
  const later: Check = (signal) =>
    new Promise((resolve) => void clock.setTimer(200, () => resolve(report("c", signal.aborted ? "fail" : "pass"))));
  const all = new Map([
    ["a", { check: hanging, timeoutMs: 100, isCritical: false }],
    ["b", { check: hanging, timeoutMs: 300, isCritical: false }],
    ["c", { check: later, timeoutMs: 300, isCritical: false }],
    ["d", { check: hanging, timeoutMs: 100, isCritical: false }],
  ]);
  const checked = checkAll(all, { clock, signal: undefined });
  await clock.advance(300);
  const { services } = await checked;
  expect(Object.values(services).map((one) => [one?.status, one?.output])).toEqual([
    ["fail", "the check did not end within 100 ms"],
    ["fail", "the check did not end within 300 ms"],
    ["pass", undefined],
    ["fail", "the check did not end within 100 ms"],
  ]);
  expect(clock.timers).toBe(0);
});

test("neither a limit nor the caller's signal ends what has ended before", async () => {
  const caller = new AbortController();
  const given: AbortSignal[] = [];
  const quick: Check = async (signal) => {
    given.push(signal);
    return report("a", "pass");
  };
  const hanging: Check = async (signal) => {
    given.push(signal);
    return new Promise(() => undefined);
  };
  const { clock, checked } = check({ a: quick, b: hanging }, caller.signal);
  await clock.advance(1_000);
  const reason = reasonOf(checked);
  caller.abort(new Error("mine"));
  await reason;
  await clock.advance(5_000);
  expect(given.map(({ aborted }) => aborted)).toEqual([false, true]);
  expect(clock.timers).toBe(0);
});

test("the checks run at the same time", async () => {
  const all = Promise.withResolvers<void>();
  let running = 0;
  const together: Check = async () => {
    if (++running === 2) all.resolve();
    await all.promise;
    return report("x", "pass");
  };
  expect((await check({ a: together, b: together }).checked).status).toBe("pass");
});

test("a check that ends the wait itself ends those after it as well", async () => {
  const caller = new AbortController();
  let given: AbortSignal | undefined;
  const leaving: Check = async () => {
    caller.abort("left");
    return report("a", "pass");
  };
  const later: Check = async (signal) => {
    given = signal;
    return report("b", "pass");
  };
  const { clock, checked } = check({ a: leaving, b: later }, caller.signal);
  await expect(checked).rejects.toBe("left");
  expect([given?.aborted, given?.reason]).toEqual([true, "left"]);
  await settled();
  expect(clock.timers).toBe(0);
});

test("the caller's signal ends the wait with its own reason, and every check with it", async () => {
  const caller = new AbortController();
  const own = new Error("mine");
  let given: AbortSignal | undefined;
  const hanging: Check = async (signal) => {
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
