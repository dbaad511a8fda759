import { expect, test } from "vitest";
import { silentLogger } from "../../src/core/logger.ts";
import { Run, type RunParts } from "../../src/registry/run.ts";
import { logbook, reasonOf } from "../support/rest-client.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";
import { openForever } from "./journal.ts";
import { journalMembers, type MemberBehaviour } from "./members.ts";

const own = new Error("mine");
const fail = async (): Promise<void> => {
  throw own;
};
const { signal: never } = new AbortController();

function runOf(behaviours: Readonly<Record<string, MemberBehaviour>>, parts: Partial<RunParts> = {}) {
  const { journal, members } = journalMembers(behaviours);
  const clock = new VirtualClock();
  const all = { clock, random: () => 1, logger: silentLogger, stopTimeoutMs: 1_000, ...parts };
  return { clock, journal, run: new Run(members, all) };
}

test("independent members open at the same time, begun in the order in which they stand", async () => {
  const slow = Promise.withResolvers<void>();
  const up: string[] = [];
  const { journal, run } = runOf(
    { a: { open: () => slow.promise }, b: {}, c: {} },
    { onUp: (name) => void up.push(name) },
  );
  const started = run.start(never);
  await settled();
  expect(journal).toEqual(["open a", "open b", "open c"]);
  expect(up).toEqual(["b", "c"]);
  slow.resolve();
  await started;
  expect(up).toEqual(["b", "c", "a"]);
});

test("a member opens when all that it needs are up, also where they stand behind it", async () => {
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { journal, run } = runOf({
    billing: { needs: ["a", "b"] },
    a: { open: () => first.promise },
    b: { open: () => second.promise },
  });
  const started = run.start(never);
  first.resolve();
  await settled();
  expect(journal).toEqual(["open a", "open b"]);
  second.resolve();
  await started;
  expect(journal).toEqual(["open a", "open b", "open billing"]);
});

test("when one fails, those under way are given up, all are closed in reverse, and what was thrown first is thrown", async () => {
  const failing = Promise.withResolvers<void>();
  const reasons: unknown[] = [];
  const { journal, run } = runOf({
    a: {},
    b: { open: () => failing.promise },
    c: { open: async (signal) => openForever(signal).catch((reason: unknown) => Promise.reject(reasons.push(reason))) },
    d: { needs: ["b"] },
  });
  const started = run.start(never);
  await settled();
  failing.reject(own);
  expect(await reasonOf(started)).toBe(own);
  expect(reasons).toEqual([own]);
  expect(journal).toEqual(["open a", "open b", "open c", "close c", "close b", "close a"]);
  expect(run.isUp("a")).toBe(false);
});

test("what closing throws while a start is rolled back is logged, and hides nothing", async () => {
  const { logger, entries } = logbook();
  const { run } = runOf(
    { a: { close: async () => Promise.reject(new Error("and this")) }, b: { open: fail } },
    { logger },
  );
  expect(await reasonOf(run.start(never))).toBe(own);
  expect(entries).toMatchObject([{ level: "warn", fields: { err: { services: ["a"] } } }]);
});

test("a signal that aborts gives the start up, and its reason passes through", async () => {
  const giveUp = new AbortController();
  const { journal, run } = runOf({ a: { open: openForever }, b: { needs: ["a"] } });
  const started = run.start(giveUp.signal);
  await settled();
  giveUp.abort(own);
  expect(await reasonOf(started)).toBe(own);
  expect(journal).toEqual(["open a", "close a"]);
});

test("a signal that aborts just as a member has opened still gives the start up", async () => {
  const giveUp = new AbortController();
  const { journal, run } = runOf({ a: { open: async () => giveUp.abort(own) } });
  expect(await reasonOf(run.start(giveUp.signal))).toBe(own);
  expect(journal).toEqual(["open a", "close a"]);
});

test("a late member is not waited for, and tried again until it is up, with growing pauses", async () => {
  let failures = 3;
  const { logger, entries } = logbook();
  const { clock, journal, run } = runOf(
    { a: {}, b: { isLate: true, open: async () => (failures-- > 0 ? fail() : undefined) } },
    { logger },
  );
  await run.start(never);
  expect([run.isUp("a"), run.isUp("b")]).toEqual([true, false]);
  await settled();
  expect(run.openError("b")).toBe(own);
  await clock.advance(499);
  expect(journal).toEqual(["open a", "open b"]);
  await clock.advance(1);
  await clock.advance(1_000);
  await clock.advance(1_999);
  expect(run.isUp("b")).toBe(false);
  await clock.advance(1);
  expect(run.isUp("b")).toBe(true);
  expect(run.openError("b")).toBeUndefined();
  expect(entries.map(({ level, fields }) => [level, fields["delayMs"]])).toEqual([
    ["warn", 500],
    ["warn", 1_000],
    ["warn", 2_000],
    ["info", undefined],
  ]);
  expect(clock.timers).toBe(0);
});

test("a late member that needs others waits for them, and whoever waits for it hears of it", async () => {
  const slow = Promise.withResolvers<void>();
  const { journal, run } = runOf({ a: { isLate: true, open: () => slow.promise }, b: { isLate: true, needs: ["a"] } });
  await run.start(never);
  const waited = run.untilUp("b", undefined);
  await settled();
  expect(journal).toEqual(["open a"]);
  slow.resolve();
  await waited;
  expect(run.isUp("b")).toBe(true);
});

test("a stop ends the attempts at a late member, closes it, and tells whoever waits for it", async () => {
  const { clock, journal, run } = runOf({ a: {}, b: { isLate: true, needs: ["a"], open: fail } });
  await run.start(never);
  const waited = reasonOf(run.untilUp("b", undefined));
  await clock.advance(600);
  await run.stop(own, 1_000);
  expect(await waited).toBe(own);
  expect(journal).toEqual(["open a", "open b", "open b", "close b", "close a"]);
  expect(clock.timers).toBe(0);
});

test("a start that fails ends the attempts at late members as well", async () => {
  const { clock, run } = runOf({ a: { isLate: true, open: fail }, b: { open: fail } });
  expect(await reasonOf(run.start(never))).toBe(own);
  expect(clock.timers).toBe(0);
});

test("the wait for a late member ends by the signal of whoever waits", async () => {
  const { run } = runOf({ a: { isLate: true, open: openForever } });
  await run.start(never);
  const giveUp = new AbortController();
  const waited = reasonOf(run.untilUp("a", giveUp.signal));
  giveUp.abort(own);
  expect(await waited).toBe(own);
  await run.stop(own, 1_000);
});

test("what opens although it was given up is not up", async () => {
  const slow = Promise.withResolvers<void>();
  const up: string[] = [];
  const { journal, run } = runOf(
    { a: { open: () => slow.promise, isLate: true }, b: {} },
    { onUp: (name) => void up.push(name) },
  );
  await run.start(never);
  const stopped = run.stop(own, 1_000);
  slow.resolve();
  await stopped;
  await settled();
  expect(up).toEqual(["b"]);
  expect(run.isUp("a")).toBe(false);
  expect(journal).toEqual(["open a", "open b", "close b", "close a"]);
});

test("a signal that aborts in the turn in which the last one is up still gives the start up", async () => {
  const giveUp = new AbortController();
  const { journal, run } = runOf({ a: {}, b: {} }, { onUp: (name) => void (name === "b" && giveUp.abort(own)) });
  expect(await reasonOf(run.start(giveUp.signal))).toBe(own);
  expect(journal).toEqual(["open a", "open b", "close b", "close a"]);
});

test("what fails at once is not tried again at once, whatever the jitter", async () => {
  const { clock, journal, run } = runOf({ a: { isLate: true, open: fail } }, { random: () => 0 });
  await run.start(never);
  await clock.advance(99);
  expect(journal).toEqual(["open a"]);
  await clock.advance(1);
  expect(journal).toEqual(["open a", "open a"]);
  await run.stop(own, 1_000);
});
