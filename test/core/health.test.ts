import { expect, test } from "vitest";
import { ServiceConnectionError } from "../../src/core/errors.ts";
import { type HealthStatus, healthOutput, worstStatus } from "../../src/core/health.ts";

test.each<[HealthStatus[], HealthStatus]>([
  [[], "pass"],
  [["pass", "pass"], "pass"],
  [["pass", "warn"], "warn"],
  [["fail", "warn", "pass"], "fail"],
])("the worst of %j is %s", (statuses, worst) => {
  expect(worstStatus(statuses)).toBe(worst);
});

test("an error of ours is told in full", () => {
  const error = new ServiceConnectionError("dns", { service: "feed", phase: "connect", outcome: "not-sent" });
  expect(healthOutput(error)).toBe(error.message);
});

test("of another error only its name is told, for its message may hold a secret", () => {
  expect(healthOutput(new TypeError("hunter2"))).toBe("TypeError");
});

test("of something else that was thrown nothing is told", () => {
  expect(healthOutput("hunter2")).toBe("the check failed");
});
