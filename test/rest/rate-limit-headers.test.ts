import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AnswerHeaders } from "../../src/rest/answer.ts";
import { quotaOf, retryAfterOf, throttledHint } from "../../src/rest/rate-limit-headers.ts";

const wallNow = Date.UTC(2026, 0, 1);
const hint = (headers: AnswerHeaders): number | undefined => throttledHint(headers, wallNow);

describe("how long a throttled call should wait", () => {
  test.each<[string, AnswerHeaders, number | undefined]>([
    ["nothing told", {}, undefined],
    ["Retry-After in seconds", { "retry-after": "7" }, 7_000],
    ["Retry-After as a date", { "retry-after": "Thu, 01 Jan 2026 00:00:30 GMT" }, 30_000],
    ["the same in milliseconds", { "retry-after-ms": "1500" }, 1_500],
    ["a quota that is used up", { ratelimit: '"a";r=0;t=12' }, 12_000],
    ["RateLimit-Reset", { "ratelimit-reset": "40" }, 40_000],
    ["X-RateLimit-Reset in seconds", { "x-ratelimit-reset": " 40 " }, 40_000],
    ["X-RateLimit-Reset with a fraction", { "x-ratelimit-reset": "0.25" }, 250],
    ["X-Rate-Limit-Reset", { "x-rate-limit-reset": "3" }, 3_000],
    ["a reset in seconds since 1970", { "x-ratelimit-reset": String(wallNow / 1_000 + 90) }, 90_000],
    ["a reset in milliseconds since 1970", { "x-ratelimit-reset": String(wallNow + 90_000) }, 90_000],
    ["a reset that is past, in seconds", { "x-ratelimit-reset": String(wallNow / 1_000 - 90) }, 0],
    ["a reset that is past, in milliseconds", { "x-ratelimit-reset": String(wallNow - 90_000) }, 0],
    ["a reset of a billion is seconds still", { "x-ratelimit-reset": "1000000000" }, 1e12],
    ["a reset of a trillion is seconds since 1970 still", { "x-ratelimit-reset": "1000000000000" }, 1e15 - wallNow],
    ["a header that came twice: the first", { "x-ratelimit-reset": ["5", "6"] }, 5_000],
  ])("%s", (_what, headers, expected) => {
    expect(hint(headers)).toBe(expected);
  });

  test("Retry-After goes before all others, then milliseconds, RateLimit, and the older names in their order", () => {
    const all = {
      "retry-after": "1",
      "retry-after-ms": "2000",
      ratelimit: '"a";r=0;t=3',
      "ratelimit-reset": "4",
      "x-ratelimit-reset": "5",
      "x-rate-limit-reset": "6",
    };
    const found: (number | undefined)[] = [];
    for (const name of Object.keys(all)) {
      found.push(hint(all));
      Object.assign(all, { [name]: "malformed?" });
    }
    expect(found).toEqual([1_000, 2_000, 3_000, 4_000, 5_000, 6_000]);
    expect(hint(all)).toBeUndefined();
  });

  test("an empty Retry-After does not stand in the way of the others", () => {
    expect(hint({ "retry-after": "", "ratelimit-reset": "4" })).toBe(4_000);
  });

  test("a quota that is not used up says nothing of when to come back", () => {
    expect(hint({ ratelimit: '"a";r=1;t=12' })).toBeUndefined();
  });

  test.each(["", "soon", "-1", "1e3", "0x10", "1.", ".5", "5 s", "1234567890123456", "NaN", "１"])(
    "a reset of %j is malformed, and no hint",
    (value) => {
      expect(hint({ "x-ratelimit-reset": value, "retry-after-ms": value })).toBeUndefined();
    },
  );

  test.each(["1.5", "1234567890123"])("%j milliseconds are malformed", (value) => {
    expect(hint({ "retry-after-ms": value })).toBeUndefined();
  });
});

test("how long any other call should wait is what Retry-After says, and not when a quota is reset", () => {
  const resets = { ratelimit: '"a";r=0;t=3', "ratelimit-reset": "4", "x-ratelimit-reset": "5" };
  expect(retryAfterOf(resets, wallNow)).toBeUndefined();
  expect(retryAfterOf({ ...resets, "retry-after": "7" }, wallNow)).toBe(7_000);
  expect(retryAfterOf({ ...resets, "retry-after-ms": "15" }, wallNow)).toBe(15);
});

describe("the quota", () => {
  const quota = (ratelimit: string, policy?: string) =>
    quotaOf({ ratelimit, ...(policy === undefined ? {} : { "ratelimit-policy": policy }) });

  test("is what is left, and for how long; with its policy also of how much", () => {
    expect(quota('"default";r=50;t=30')).toEqual({ remaining: 50, resetMs: 30_000 });
    expect(quota('"burst";r=50;t=30', '"burst";q=100;w=60')).toEqual({ remaining: 50, resetMs: 30_000, limit: 100 });
    expect(quota('"burst";r=50;t=30', '"other";q=100;w=60')).toEqual({ remaining: 50, resetMs: 30_000 });
    expect(quotaOf({})).toBeUndefined();
    expect(quotaOf({ "ratelimit-policy": '"burst";q=100' })).toBeUndefined();
  });

  test("of several is that which is nearest to its end; of equals the first", () => {
    const policies = '"hour";q=1000;w=3600, "burst";q=100;w=60';
    expect(quota('"hour";r=90;t=100, "burst";r=10;t=5', policies)).toEqual({
      remaining: 10,
      resetMs: 5_000,
      limit: 100,
    });
    expect(quota('"burst";r=10;t=5,"hour";r=90;t=100', policies)).toEqual({
      remaining: 10,
      resetMs: 5_000,
      limit: 100,
    });
    expect(quota('"a";r=1;t=1, "b";r=1;t=2')).toEqual({ remaining: 1, resetMs: 1_000 });
  });

  test("that is used up is one too", () => {
    expect(quota('"a";r=0;t=0')).toEqual({ remaining: 0, resetMs: 0 });
  });

  test.each<[string, string]>([
    ["a token as a name", "default;r=5;t=9"],
    ["spaces around the parameters", '"default" ; r=5 ;  t=9'],
    ["parameters in any order, and others between", '"default";t=9;pk=:cGFydA==:;qu="requests";x;b=?1;d=1.5;n=a/b;r=5'],
    ["a quoted quote in a name", '"de\\"fault\\\\";r=5;t=9'],
    ["spaces around the whole", '  "default";r=5;t=9  '],
    ["a parameter that is given twice: the last", '"default";r=1;r=5;t=9'],
    ["a token with all that it may hold", "*a!#$%&'*+.^_`|~:/-9;r=5;t=9"],
    ["keys with all that they may hold", '"a";*x_1.-*=2;r=5;t=9'],
  ])("%s", (_what, text) => {
    expect(quota(text)).toEqual({ remaining: 5, resetMs: 9_000 });
  });

  test.each([
    ["nothing", ""],
    ["no remaining part", '"a";t=9'],
    ["no time", '"a";r=5'],
    ["a remaining part below 0", '"a";r=-5;t=9'],
    ["a time below 0", '"a";r=5;t=-9'],
    ["a fraction", '"a";r=5.5;t=9'],
    ["a number in quotes", '"a";r="5";t=9'],
    ["a number that is too long", '"a";r=1234567890123456;t=9'],
    ["a name in upper case", '"a";R=5;T=9'],
    ["no name", ";r=5;t=9"],
    ["a quote that is not closed", '"a;r=5;t=9'],
    ["two items without a comma", '"a";r=5;t=9 "b";r=5;t=9'],
    ["a comma with nothing behind it", '"a";r=5;t=9,'],
    ["a comma with nothing before it", ',"a";r=5;t=9'],
    ["something behind it", '"a";r=5;t=9 ?'],
    ["the draft's older form", "limit=100, remaining=50, reset=5"],
    ["a letter beyond ASCII", '"ä";r=5;t=9'],
  ])("%s: it counts as absent", (_what, text) => {
    expect(quota(text)).toBeUndefined();
  });

  test("a policy that is malformed leaves the quota without its size", () => {
    expect(quota('"a";r=5;t=9', '"a";q=10,')).toEqual({ remaining: 5, resetMs: 9_000 });
    expect(quota('"a";r=5;t=9', '"a";q=ten')).toEqual({ remaining: 5, resetMs: 9_000 });
  });

  test("one bad item of several is passed over where the list is well formed", () => {
    expect(quota('"a";r=1, "b";r=5;t=9')).toEqual({ remaining: 5, resetMs: 9_000 });
  });

  test("whatever is well formed is read as it was written", () => {
    const name = fc.oneof(
      fc.stringMatching(/^[A-Za-z*][A-Za-z0-9_./:-]{0,10}$/),
      fc.stringMatching(/^[ !#-[\]-~]{0,10}$/).map((text) => `"${text}"`),
    );
    const item = fc.record({ name, r: fc.nat(1_000), t: fc.nat(100_000), q: fc.nat(10_000) });
    const items = fc.uniqueArray(item, { minLength: 1, maxLength: 4, selector: (one) => one.name });
    const space = fc.constantFrom("", " ", "  ");
    fc.assert(
      fc.property(items, space, space, (all, before, after) => {
        const field = all.map((one) => `${one.name}${before};${after}r=${one.r};t=${one.t}`).join(`${before},${after}`);
        const policy = all.map((one) => `${one.name};q=${one.q};w=60`).join(", ");
        const nearest = all.toSorted((a, b) => a.r - b.r)[0];
        expect(quota(field, policy)).toMatchObject({ remaining: nearest?.r, limit: expect.any(Number) });
      }),
    );
  });

  test("whatever comes, it neither throws nor takes long, and what it tells is a number of at least 0", () => {
    const piece = fc.oneof(
      fc.constantFrom('"', ";", ",", "=", "\\", " ", "r=5", "t=9", '"a"', "-", ".", ":"),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join("");
        const found = quota(text, text);
        const numbers = [
          found?.remaining ?? 0,
          found?.resetMs ?? 0,
          hint({ ratelimit: text, "x-ratelimit-reset": text }) ?? 0,
        ];
        expect(numbers.every((number) => number >= 0)).toBe(true);
      }),
    );
    // Hundreds of parameters, and an end that makes all of it malformed.
    expect(quota(`"a"${" ; x=1".repeat(20_000)} ;;`)).toBeUndefined();
    expect(quota(`"${'\\"'.repeat(20_000)}`)).toBeUndefined();
  });
});
