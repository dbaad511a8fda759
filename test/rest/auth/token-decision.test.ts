import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CredentialsError } from "../../../src/core/auth/credentials-error.ts";
import {
  afterFailure,
  afterRefusal,
  afterToken,
  decideToken,
  noToken,
  type TokenState,
} from "../../../src/rest/auth/token-decision.ts";

const hourMs = 3_600_000;
const down = new CredentialsError("down", { kind: "transient" });

const held = (lifetimeMs: number, askedAt = 0): TokenState<string> =>
  afterToken<string>(noToken, { value: "a", lifetimeMs }, askedAt);

describe("a token", () => {
  test("that was never asked for is waited for", () => {
    expect(decideToken(noToken, 0)).toBe("wait");
  });

  test.each([
    [hourMs, 0, "use"],
    [hourMs, hourMs - 120_001, "use"],
    [hourMs, hourMs - 120_000, "refresh"],
    [hourMs, hourMs - 30_001, "refresh"],
    [hourMs, hourMs - 30_000, "wait"],
    [hourMs, hourMs, "wait"],
    // In proportion where it lives less than 20 minutes: a tenth, and a fortieth.
    [60_000, 53_999, "use"],
    [60_000, 54_000, "refresh"],
    [60_000, 58_500, "wait"],
    [0, 0, "wait"],
    [Number.POSITIVE_INFINITY, 1e15, "use"],
  ])("of %s ms is at %s ms: %s", (lifetimeMs, now, decision) => {
    expect(decideToken(held(lifetimeMs), now)).toBe(decision);
  });

  test("lives from when it was asked for, since nobody tells when it was made", () => {
    expect(decideToken(held(60_000, 1_000), 54_999)).toBe("use");
    expect(decideToken(held(60_000, 1_000), 55_000)).toBe("refresh");
  });

  test("at no time is one used that has passed away, and none that is good fails a call", () => {
    fc.assert(
      fc.property(
        fc.nat(10_000_000),
        fc.nat(20_000_000),
        fc.nat(5),
        fc.nat(20_000_000),
        (lifetimeMs, now, failures, at) => {
          let state = held(lifetimeMs);
          for (let count = 0; count < failures; count++) state = afterFailure(state, down, at);
          const isGood = now < lifetimeMs;
          expect(isGood ? ["use", "refresh", "wait"] : ["wait", "fail"]).toContain(decideToken(state, now));
        },
      ),
    );
  });
});

describe("after a failure", () => {
  const failing = (count: number, error = down): TokenState<string> => {
    let state: TokenState<string> = noToken;
    for (let n = 0; n < count; n++) state = afterFailure(state, error, 0);
    return state;
  };

  test.each([
    [1, 200],
    [2, 400],
    [3, 800],
    [5, 3_200],
    [6, 5_000],
    [2_000, 5_000],
  ])("number %s in a row, none is asked for within %s ms", (count, backoffMs) => {
    expect(decideToken(failing(count), backoffMs - 1)).toBe("fail");
    expect(decideToken(failing(count), backoffMs)).toBe("wait");
  });

  test.each([
    [7_000, 7_000],
    [10, 200],
    [86_400_000, 60_000],
  ])("with a hint of %s ms, none is asked for within %s ms", (retryAfterMs, waitMs) => {
    const state = failing(1, new CredentialsError("busy", { kind: "transient", retryAfterMs }));
    expect(decideToken(state, waitMs - 1)).toBe("fail");
    expect(decideToken(state, waitMs)).toBe("wait");
  });

  test("the token that is held serves to its end, without asking for another within the back-off", () => {
    const state = afterFailure(held(hourMs), down, hourMs - 10_000);
    expect(decideToken(state, hourMs - 9_900)).toBe("use");
    expect(decideToken(state, hourMs - 9_800)).toBe("wait");
  });

  test("a token ends the back-off, and the count of failures", () => {
    const mended = afterToken(failing(6), { value: "b", lifetimeMs: 0 }, 0);
    expect(mended.failure).toBeUndefined();
    expect(afterFailure(mended, down, 0).failure).toMatchObject({ count: 1, retryAt: 200 });
  });
});

describe("a refusal (401)", () => {
  test("drops the token that was refused", () => {
    const { state, isRenewable } = afterRefusal(held(hourMs), "a", 5);
    expect(isRenewable).toBe(true);
    expect(decideToken(state, 5)).toBe("wait");
  });

  test("that comes late, of an older token, drops nothing, and the attempt may go with the newer one", () => {
    const state = held(hourMs);
    expect(afterRefusal(state, "older", 5)).toEqual({ state, isRenewable: true });
  });

  test("while the next token is on its way needs no other", () => {
    const { state } = afterRefusal(held(hourMs), "a", 5);
    expect(afterRefusal(state, "a", 6)).toEqual({ state, isRenewable: true });
  });

  test("of the next token within a second drops nothing: a service that takes none is no reason for a storm", () => {
    const { state: dropped } = afterRefusal(held(hourMs), "a", 0);
    const state = afterToken(dropped, { value: "b", lifetimeMs: hourMs }, 0);
    expect(afterRefusal(state, "b", 999)).toEqual({ state, isRenewable: false });
    expect(afterRefusal(state, "b", 1_000)).toMatchObject({ state: { held: undefined }, isRenewable: true });
  });
});
