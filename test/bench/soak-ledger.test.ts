import { describe, expect, test } from "vitest";
import { Ledger } from "../../bench/soak/ledger.ts";

describe("the ledger", () => {
  test("counts by kind what was started, and how each ended", () => {
    const ledger = new Ledger();
    const first = ledger.start("get", 100, 0);
    const second = ledger.start("get", 100, 0);
    ledger.start("post", 100, 0);
    ledger.end(first, "succeeded", 10);
    ledger.end(second, "aborted", 10);
    expect(ledger.accounts()).toEqual({
      get: { started: 2, open: 0, succeeded: 1, failed: 0, aborted: 1, unexpected: 0 },
      post: { started: 1, open: 1, succeeded: 0, failed: 0, aborted: 0, unexpected: 0 },
    });
    expect(ledger.openCount).toBe(1);
  });

  test("names what should have ended for as long as the grace", () => {
    const ledger = new Ledger();
    ledger.start("get", 100, 1_000);
    expect(ledger.overdue(1_149, 50)).toEqual([]);
    expect(ledger.overdue(1_150, 50)).toEqual(["get"]);
  });

  test("keeps the most that anything was late, and nothing of what was early", () => {
    const ledger = new Ledger();
    ledger.end(ledger.start("get", 100, 0), "succeeded", 20);
    expect(ledger.worstDelayMs).toBe(0);
    ledger.end(ledger.start("get", 100, 0), "failed", 130);
    ledger.end(ledger.start("get", 100, 0), "failed", 110);
    expect(ledger.worstDelayMs).toBe(30);
  });

  test("takes no second end", () => {
    const ledger = new Ledger();
    const entry = ledger.start("get", 100, 0);
    ledger.end(entry, "failed", 1);
    expect(() => ledger.end(entry, "succeeded", 2)).toThrow("get ended twice");
  });
});
