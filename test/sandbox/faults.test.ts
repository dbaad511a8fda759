import { describe, expect, test } from "vitest";
import { FaultList, latencyOf } from "../../sandbox/faults.ts";
import { type RestFault, restFaultKinds } from "../../sandbox/rest-faults.ts";

const payment = { method: "POST", path: "/v1/payments" };
const listOf = (...faults: RestFault[]): FaultList<RestFault> => {
  const list = new FaultList<RestFault>(restFaultKinds);
  for (const fault of faults) list.add(fault);
  return list;
};
const admitted = (list: FaultList<RestFault>, request = payment): readonly string[] =>
  list.admit(request).map(({ fault }) => fault.kind);

describe("which faults strike a request", () => {
  test("a fault with times strikes as many requests, then stays listed as not active", () => {
    const list = listOf({ kind: "error", status: 500, times: 2 });

    expect([admitted(list), admitted(list), admitted(list)]).toEqual([["error"], ["error"], []]);
    expect(list.list()).toEqual([{ id: 1, kind: "error", status: 500, times: 2, struck: 2, active: false }]);
  });

  test("latencies add up, and of the other kinds only the oldest strikes", () => {
    const list = listOf(
      { kind: "latency", ms: 5 },
      { kind: "error", status: 500, times: 1 },
      { kind: "rate-limit", retryAfterS: 1 },
      { kind: "latency", ms: 7 },
    );

    const first = list.admit(payment);

    expect(first.map(({ fault }) => fault.kind)).toEqual(["latency", "error", "latency"]);
    expect(latencyOf(first)).toBe(12);
    expect(admitted(list)).toEqual(["latency", "rate-limit", "latency"]);
    expect(list.list().map(({ struck }) => struck)).toEqual([2, 1, 1, 2]);
  });

  test("a path covers itself and what is below it, not what merely begins like it", () => {
    const list = listOf({ kind: "error", status: 500, path: "/v1/payments", method: "get" });

    expect(admitted(list, { method: "GET", path: "/v1/payments" })).toEqual(["error"]);
    expect(admitted(list, { method: "GET", path: "/v1/payments/pay_1" })).toEqual(["error"]);
    expect(admitted(list, { method: "GET", path: "/v1/paymentsx" })).toEqual([]);
    expect(admitted(list, payment)).toEqual([]);
  });

  test("a ratio strikes its share, and the same seed strikes the same requests", () => {
    const strikes = (seed: number): string => {
      const list = listOf({ kind: "error", status: 500, ratio: 0.3, seed });
      return Array.from({ length: 1000 }, () => admitted(list).length).join("");
    };
    const share = strikes(1).replaceAll("0", "").length / 1000;

    expect(share).toBeGreaterThan(0.25);
    expect(share).toBeLessThan(0.35);
    expect(strikes(1)).toBe(strikes(1));
    expect(strikes(1)).not.toBe(strikes(2));
  });

  test("a ratio of 0 never strikes and a ratio of 1 always does", () => {
    expect(admitted(listOf({ kind: "error", status: 500, ratio: 0 }))).toEqual([]);
    expect(admitted(listOf({ kind: "error", status: 500, ratio: 1 }))).toEqual(["error"]);
  });

  test("a fault that acts while it is active strikes no request", () => {
    expect(admitted(listOf({ kind: "refused" }))).toEqual([]);
  });
});

describe("the end of a fault", () => {
  test("used-up times do not end what the fault still holds, clearing does", () => {
    const list = listOf();
    const { over } = list.add({ kind: "stalled-body", times: 1 });
    list.admit(payment);
    expect(over.aborted).toBe(false);

    list.clear();

    expect(over.aborted).toBe(true);
    expect(list.list()).toEqual([]);
  });

  test("a fault whose time is over is no longer in force", () => {
    const list = listOf();
    const active = list.add({ kind: "refused", forMs: 5 });
    expect(list.inForce("refused")).toHaveLength(1);

    list.end(active);

    expect(active.over.aborted).toBe(true);
    expect(list.inForce("refused")).toEqual([]);
  });
});
