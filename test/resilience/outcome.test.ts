import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Outcome } from "../../src/core/errors.ts";
import { combinedOutcome, outcomeOf, verdictOf } from "../../src/resilience/outcome.ts";
import { aborted, failed, success } from "./calls.ts";

const of = (...outcomes: Outcome[]): Outcome => combinedOutcome(outcomes.map((outcome) => ({ outcome })));

test.each<[Outcome[], Outcome]>([
  [[], "not-sent"],
  [["not-sent", "not-sent"], "not-sent"],
  [["not-sent", "rejected"], "rejected"],
  [["unknown", "not-sent"], "unknown"],
  [["unknown", "rejected"], "unknown"],
  [["rejected", "unknown"], "unknown"],
  [["unknown", "accepted"], "accepted"],
])("after %j a call is %s", (outcomes, combined) => {
  expect(of(...outcomes)).toBe(combined);
});

test("the order of the attempts does not matter, and one more attempt never makes a call safer", () => {
  const outcome = fc.constantFrom<Outcome>("not-sent", "rejected", "unknown", "accepted");
  const risk: Outcome[] = ["not-sent", "rejected", "unknown", "accepted"];
  fc.assert(
    fc.property(fc.array(outcome), outcome, (before, next) => {
      expect(of(...before, next)).toBe(of(next, ...before));
      expect(risk.indexOf(of(...before, next))).toBeGreaterThanOrEqual(risk.indexOf(of(...before)));
    }),
  );
});

test("a success says that the service is well, a failure what it says, and an abort of the caller nothing", () => {
  expect([verdictOf(success), verdictOf(aborted)]).toEqual(["healthy", "local"]);
  for (const verdict of ["fault", "overload", "throttled", "healthy", "local"] as const) {
    expect(verdictOf(failed({ verdict }))).toBe(verdict);
  }
});

test("a success was accepted; of a failure and an abort it is what the transport saw", () => {
  expect([outcomeOf(success), outcomeOf(aborted)]).toEqual(["accepted", "unknown"]);
  expect(outcomeOf(failed({ outcome: "rejected" }))).toBe("rejected");
});
