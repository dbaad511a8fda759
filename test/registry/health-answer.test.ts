import { expect, test } from "vitest";
import type { HealthReport, HealthStatus } from "../../src/core/health.ts";
import { healthAnswer } from "../../src/registry/health-answer.ts";

const report = (status: HealthStatus, more: Partial<HealthReport> = {}): HealthReport => ({
  service: "x",
  status,
  latencyMs: 12,
  state: "ready",
  time: "2026-01-01T00:00:00.000Z",
  ...more,
});

test.each([
  ["pass", 200],
  ["warn", 200],
  ["fail", 503],
] as const)("%s is answered with %i", (status, code) => {
  expect(healthAnswer({ status, services: {} })).toEqual({
    status: code,
    headers: { "content-type": "application/health+json", "cache-control": "no-store" },
    body: JSON.stringify({ status, checks: {} }),
  });
});

test("each service is a check of its response time, with why it is not well, and no details", () => {
  const services = {
    payments: report("pass", { output: "not of interest", details: { inner: 1 } }),
    feed: report("warn", { output: "no message for 60 s" }),
    gone: undefined,
  };
  const measured = { componentType: "component", observedValue: 12, observedUnit: "ms" };
  const time = "2026-01-01T00:00:00.000Z";
  expect(JSON.parse(healthAnswer({ status: "warn", services }).body)).toEqual({
    status: "warn",
    checks: {
      "payments:responseTime": [{ ...measured, status: "pass", time }],
      "feed:responseTime": [{ ...measured, status: "warn", time, output: "no message for 60 s" }],
    },
  });
});
