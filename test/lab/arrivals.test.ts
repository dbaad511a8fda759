import { expect, test } from "vitest";
import { arrivals, capacityPerSecond } from "../../src/lab/arrivals.ts";
import { shortScenario } from "./short-scenario.ts";

const long = { ...shortScenario, warmUpMs: 100_000, faultMs: 100_000, afterMs: 100_000, faults: [] };
const countIn = (all: readonly { at: number }[], from: number, to: number): number =>
  all.filter(({ at }) => at >= from && at < to).length;

test("capacity is what all workers can do", () => {
  expect(capacityPerSecond(shortScenario)).toBe(100);
  expect(capacityPerSecond({ ...shortScenario, service: { ...shortScenario.service, origins: 3 } })).toBe(300);
});

test("calls come at the scenario's share of the capacity, to one deadline after the end", () => {
  const all = [...arrivals(long, 1)];
  expect(countIn(all, 0, 300_000) / 300).toBeCloseTo(50, -1);
  expect(all.at(-1)?.at).toBeGreaterThan(300_000);
  expect(all.at(-1)?.at).toBeLessThan(301_000);
});

test("a fault of the load holds while it lasts, and the processes share the calls evenly", () => {
  const surge = { ...long, faults: [{ kind: "load", load: 1.5, fromMs: 0, toMs: 100_000 } as const] };
  const all = [...arrivals(surge, 1)];
  const [before, during, after] = [0, 100_000, 200_000].map((from) => countIn(all, from, from + 100_000) / 100);
  expect(before).toBeCloseTo(50, -1);
  expect(during).toBeCloseTo(150, -1);
  expect(after).toBeCloseTo(50, -1);
  expect(all.filter(({ process }) => process === 0).length / all.length).toBeCloseTo(0.5, 1);
});
