import { describe, expect, test } from "vitest";
import { currentDeadline, withDeadline, withoutDeadline } from "../../src/core/deadline.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";

const remainingMs = (): number | undefined => currentDeadline()?.remainingMs();

test("outside of every scope there is no deadline", () => {
  expect(currentDeadline()).toBeUndefined();
});

test("the result of the work is handed back, be it a value, a promise or an error", async () => {
  expect(withDeadline({ deadlineMs: 1 }, () => 7)).toBe(7);
  expect(await withDeadline({ deadlineMs: 1 }, async () => 8)).toBe(8);
  const failed = new Error("failed");
  expect(() =>
    withDeadline({ deadlineMs: 1 }, () => {
      throw failed;
    }),
  ).toThrow(failed);
});

test("what is left shrinks as time passes, and is negative afterwards", () => {
  const clock = new VirtualClock();
  withDeadline({ deadlineMs: 100, clock }, () => {
    expect(remainingMs()).toBe(100);
    clock.jump(30);
    expect(remainingMs()).toBe(70);
    clock.jump(100);
    expect(remainingMs()).toBe(-30);
  });
});

test("without a clock the system's counts", () => {
  const left = withDeadline({ deadlineMs: 60_000 }, remainingMs);
  expect(left).toBeGreaterThan(50_000);
  expect(left).toBeLessThanOrEqual(60_000);
});

test("a scope without a deadline has all the time there is", () => {
  expect(withDeadline({}, remainingMs)).toBe(Number.POSITIVE_INFINITY);
});

describe("nested scopes", () => {
  test.each([
    [100, 50, 50],
    [50, 100, 50],
    [100, undefined, 100],
    [undefined, 50, 50],
    [undefined, undefined, Number.POSITIVE_INFINITY],
  ])("of %j and %j ms leave %j ms: the earlier wins", (outerMs, innerMs, leftMs) => {
    const clock = new VirtualClock();
    const limits = (deadlineMs: number | undefined) => (deadlineMs === undefined ? { clock } : { clock, deadlineMs });
    expect(withDeadline(limits(outerMs), () => withDeadline(limits(innerMs), remainingMs))).toBe(leftMs);
  });

  test("the outer deadline is the same again after the inner scope", () => {
    const clock = new VirtualClock();
    withDeadline({ deadlineMs: 100, clock }, () => {
      withDeadline({ deadlineMs: 10, clock }, () => undefined);
      expect(remainingMs()).toBe(100);
    });
  });

  test("an inner deadline counts from when its scope began", () => {
    const clock = new VirtualClock();
    withDeadline({ deadlineMs: 100, clock }, () => {
      clock.jump(80);
      expect(withDeadline({ deadlineMs: 50, clock }, remainingMs)).toBe(20);
    });
  });

  test("every signal counts, the outermost first", () => {
    const [outer, inner] = [new AbortController().signal, new AbortController().signal];
    const signals = withDeadline({ signal: outer }, () =>
      withDeadline({ deadlineMs: 5 }, () => withDeadline({ signal: inner }, () => currentDeadline()?.signals)),
    );
    expect(signals).toEqual([outer, inner]);
    expect(signals?.[0]).toBe(outer);
  });
});

test("parallel scopes do not see each other, however their work interleaves", async () => {
  const clock = new VirtualClock();
  const request = async (deadlineMs: number): Promise<(number | undefined)[]> =>
    withDeadline({ deadlineMs, clock }, async () => {
      const before = remainingMs();
      await settled();
      return [before, remainingMs()];
    });
  const seen = await Promise.all([request(10), request(20), request(30)]);
  expect(seen).toEqual([
    [10, 10],
    [20, 20],
    [30, 30],
  ]);
  expect(currentDeadline()).toBeUndefined();
});

test("work that is to outlive the scope runs without its deadline and its signals", async () => {
  const { signal } = new AbortController();
  await withDeadline({ deadlineMs: 10, signal }, async () => {
    const after = await withoutDeadline(async () => {
      await settled();
      return currentDeadline();
    });
    expect(after).toBeUndefined();
    expect(currentDeadline()?.signals).toEqual([signal]);
  });
});

test.each([0, -1, Number.NaN, Number.NEGATIVE_INFINITY, null, "100"])(
  "a deadline of %j is a mistake, told before the work begins",
  (deadlineMs) => {
    let hasBegun = false;
    const begin = (): void => {
      hasBegun = true;
    };
    expect(() => withDeadline({ deadlineMs: deadlineMs as number }, begin)).toThrow(
      new RangeError(`withDeadline: deadlineMs must be a number above 0, not ${deadlineMs}`),
    );
    expect(hasBegun).toBe(false);
  },
);
