import { expect, test } from "vitest";
import { go } from "../../src/resilience/policy.ts";

test("whoever needs no permit is let through without one", () => {
  expect(go).toEqual({ kind: "go" });
});
