import { expect, test } from "vitest";
import { capacityPerSecond } from "../../src/lab/arrivals.ts";
import { scaledTo } from "../../src/lab/scaled-to.ts";
import { scenarios } from "../../src/lab/scenarios.ts";

const traffic = { callsPerSecond: 400, processes: 3, attemptTimeoutMs: 1_000, deadlineMs: 3_000 };

test.each(scenarios.map((scenario) => [scenario.id, scenario] as const))(
  "%s keeps about its load at another traffic, and has exactly the calls",
  (_, scenario) => {
    const scaled = scaledTo(scenario, traffic);
    expect(scaled.load * capacityPerSecond(scaled)).toBeCloseTo(400);
    expect(scaled.load).toBeCloseTo(scenario.load, 1);
    expect(scaled).toMatchObject({ processes: 3, attemptTimeoutMs: 1_000, deadlineMs: 3_000 });
  },
);

test("queue, quota and surges grow with the traffic", () => {
  const byId = (id: string): (typeof scenarios)[number] | undefined => scenarios.find((one) => one.id === id);
  const overload = byId("overload-130");
  const quota = byId("quota");
  if (overload === undefined || quota === undefined) throw new Error("the scenarios were renamed");
  const surge = scaledTo(overload, { ...traffic, callsPerSecond: 280 });
  expect(surge.service.maxQueued).toBe(200);
  expect(surge.faults[0]).toMatchObject({ load: expect.closeTo(1.3) });
  expect(scaledTo(quota, { ...traffic, callsPerSecond: 160 }).service.quota?.requests).toBe(200);
});

test("a service that takes longer has more workers", () => {
  const [calm] = scenarios;
  if (calm === undefined) throw new Error("there are no scenarios");
  expect(scaledTo(calm, { ...traffic, serviceMs: 200 }).service.workers).toBe(100);
});
