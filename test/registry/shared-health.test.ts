import { expect, test } from "vitest";
import { SharedHealth } from "../../src/registry/shared-health.ts";
import { reasonOf } from "../support/rest-client.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";

const own = new Error("mine");

/** A check that is answered by hand, in the order in which it was begun. */
function shared(cacheMs = 1_000) {
  const clock = new VirtualClock();
  const begun: { readonly signal: AbortSignal; readonly answer: (health: number) => void; fail: () => void }[] = [];
  const health = new SharedHealth<number>(
    (signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      begun.push({ signal, answer: resolve, fail: () => reject(own) });
      return promise;
    },
    { clock, cacheMs },
  );
  return { clock, begun, health };
}

test("all who ask at the same time are answered by one check, and so are those that ask soon after", async () => {
  const { clock, begun, health } = shared();
  const both = Promise.all([health.ask(false, undefined), health.ask(false, undefined)]);
  begun[0]?.answer(1);
  expect(await both).toEqual([1, 1]);
  await clock.advance(999);
  expect(await health.ask(false, undefined)).toBe(1);
  expect(begun).toHaveLength(1);
  await clock.advance(1);
  const later = health.ask(false, undefined);
  begun[1]?.answer(2);
  expect(await later).toBe(2);
});

test("a fresh one is a new check, and its answer is the one that is kept", async () => {
  const { begun, health } = shared();
  const slow = health.ask(false, undefined);
  const fresh = health.ask(true, undefined);
  begun[1]?.answer(2);
  expect(await fresh).toBe(2);
  begun[0]?.answer(1);
  expect(await slow).toBe(1);
  expect(await health.ask(false, undefined)).toBe(2);
  expect(begun).toHaveLength(2);
});

test("nothing is kept where the time for it is 0", async () => {
  const { begun, health } = shared(0);
  const first = health.ask(false, undefined);
  begun[0]?.answer(1);
  await first;
  const second = health.ask(false, undefined);
  begun[1]?.answer(2);
  expect(await second).toBe(2);
});

test("what was forgotten is not answered with, nor kept when it comes", async () => {
  const { begun, health } = shared();
  const before = health.ask(false, undefined);
  health.forget();
  begun[0]?.answer(1);
  expect(await before).toBe(1);
  const after = health.ask(false, undefined);
  begun[1]?.answer(2);
  expect(await after).toBe(2);
});

test("a check that fails is told to those that asked, and not kept", async () => {
  const { begun, health } = shared();
  const failed = reasonOf(health.ask(false, undefined));
  begun[0]?.fail();
  expect(await failed).toBe(own);
  const next = health.ask(false, undefined);
  begun[1]?.answer(2);
  expect(await next).toBe(2);
});

test("one that leaves by its signal takes nothing from the others; when all have left, the check is ended", async () => {
  const { begun, health } = shared();
  const [first, second] = [new AbortController(), new AbortController()];
  const answers = [reasonOf(health.ask(false, first.signal)), reasonOf(health.ask(false, second.signal))];
  first.abort(own);
  await settled();
  expect(begun[0]?.signal.aborted).toBe(false);
  second.abort(own);
  expect(await Promise.all(answers)).toEqual([own, own]);
  expect(begun[0]?.signal.reason).toBe(own);
  const next = health.ask(false, undefined);
  begun[1]?.answer(2);
  expect(await next).toBe(2);
  expect(await reasonOf(health.ask(false, first.signal))).toBe(own);
});
