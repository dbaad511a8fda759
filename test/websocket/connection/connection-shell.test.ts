import { expect, test } from "vitest";
import { currentDeadline, withDeadline } from "../../../src/core/deadline.ts";
import { lost, setUp } from "../shell-under-test.ts";

test("a socket that comes into being after close() is destroyed, and heard no more", async () => {
  const { shell, clock, how, last, told } = setUp();
  how.isHeld = true;
  shell.start();
  shell.close();
  last().result.resolve(last().socket);
  await clock.advance(0);
  last().listener.opened({ protocol: "" });
  expect([last().socket.did, last().context.signal.aborted]).toEqual([["destroy"], true]);
  expect([told, clock.timers]).toEqual([["end"], 0]);
});

test("a socket that opens in the very moment of close() is destroyed", async () => {
  const { shell, clock, last, told } = setUp();
  shell.start();
  await clock.advance(0);
  shell.close();
  last().listener.opened({ protocol: "" });
  expect([last().socket.did, shell.state.name, told]).toEqual([["destroy"], "closed", ["end"]]);
});

test("a dial that cannot be made is a failed attempt, and another follows", async () => {
  const { shell, clock, how, last, told, dials } = setUp();
  how.isHeld = true;
  shell.start();
  last().listener.endpoint({ shown: "ws://feed", count: 1 });
  last().result.reject(lost);
  await clock.advance(0);
  expect(told).toEqual(["report connection-reset", "attempted 1 connection-reset"]);
  await clock.advance(250);
  expect(dials).toHaveLength(2);
});

test("an attempt counts from its turn, also where the endpoint provider fails", async () => {
  const { shell, clock, how, last, told } = setUp();
  how.isHeld = true;
  shell.start();
  last().listener.stage("endpoint");
  last().result.reject(lost);
  await clock.advance(0);
  expect(told).toContain("attempted 1 connection-reset");
});

test("what never got its turn was no attempt", async () => {
  const { shell, clock, last, told, how } = setUp();
  how.isHeld = true;
  shell.start();
  last().result.reject(lost);
  await clock.advance(0);
  expect(told).toEqual(["report connection-reset"]);
});

test("a hook that throws keeps nothing else from being done", async () => {
  let isBroken = false;
  const broken = new Error("the log is full");
  const { shell, clock, open, cut, dials } = setUp(
    {},
    {
      disconnected: () => {
        if (isBroken) throw broken;
      },
    },
  );
  shell.start();
  const socket = await open();
  isBroken = true;
  expect(() => cut()).toThrow(broken);
  isBroken = false;
  expect(socket.did).toEqual(["destroy"]);
  await clock.advance(250);
  expect([shell.state.name, dials.length]).toEqual(["reconnecting", 2]);
});

test("events that effects bring about are taken after them, not within them", async () => {
  const order: string[] = [];
  const { shell, open, told } = setUp(
    {},
    {
      flow: () => {
        shell.close();
        order.push(`flow ends in ${shell.state.name}`);
      },
    },
  );
  shell.start();
  await open();
  expect(order).toEqual(["flow ends in open"]);
  expect([shell.state.name, told]).toEqual(["closing", ["attempted 1 well", "discard"]]);
});

test("a connection that is dialled is not held back", async () => {
  const { shell, clock, open } = setUp();
  shell.start();
  await clock.advance(0);
  expect(shell.isPaused).toBe(false);
  const socket = await open();
  shell.setPaused(true, 1);
  expect([shell.isPaused, socket.did]).toEqual([true, ["pause"]]);
  shell.setPaused(false, 1);
  expect([shell.isPaused, socket.did]).toEqual([false, ["pause", "resume"]]);
});

test("a connection that there is none of is not held back either", () => {
  const { shell } = setUp();
  shell.setPaused(true, 7);
  expect(shell.isPaused).toBe(false);
});

test("once the Close frame is out, the socket is read, whoever is slow", async () => {
  const { shell, clock, open } = setUp();
  shell.start();
  const socket = await open();
  shell.setPaused(true, 1);
  shell.close();
  await clock.advance(0);
  shell.setPaused(true, 1);
  expect([shell.isPaused, socket.did]).toEqual([false, ["pause", "close", "resume"]]);
});

test("a provider that renews credentials is ended by close(), and its late answer dials nothing", async () => {
  const { shell, clock, last, renewals, dials, told } = setUp();
  shell.start();
  await clock.advance(0);
  last().listener.endpoint({ shown: "ws://feed", count: 1 });
  last().listener.ended({ kind: "refused", status: 401, headers: {}, body: "" });
  expect(renewals[0]?.signal.aborted).toBe(false);
  shell.close();
  renewals[0]?.answer.resolve(true);
  await clock.advance(60_000);
  expect([renewals[0]?.signal.aborted, dials.length, clock.timers, told.at(-1)]).toEqual([true, 1, 0, "end"]);
});

test("a provider that fails to renew credentials has none", async () => {
  const { shell, clock, last, renewals } = setUp();
  shell.start();
  await clock.advance(0);
  last().listener.ended({ kind: "refused", status: 401, headers: {}, body: "" });
  renewals[0]?.answer.reject(new Error("no token today"));
  await clock.advance(0);
  expect(shell.state).toMatchObject({ name: "failed", error: { status: 401 } });
});

test("what onConnect throws is told, but not where its connection was lost before", async () => {
  for (const isLost of [false, true]) {
    const prepared = Promise.withResolvers<void>();
    const { shell, clock, open, cut, told } = setUp({}, { prepare: () => prepared.promise });
    shell.start();
    await open();
    if (isLost) cut();
    prepared.reject(new Error("no"));
    await clock.advance(0);
    expect(told.includes("prepareFailed Error: no")).toBe(!isLost);
  }
});

test("hooks run outside of the call that began the stream, and know nothing of its deadline", async () => {
  const deadlines: unknown[] = [];
  const { shell, open } = setUp({}, { flow: () => void deadlines.push(currentDeadline()) });
  await withDeadline({ deadlineMs: 1_000 }, async () => shell.start());
  await open();
  expect(deadlines).toEqual([undefined]);
});

test("a rotation moves the flow, and closes the old connection when nothing is owed on it", async () => {
  const owed = Promise.withResolvers<void>();
  const { shell, clock, open, told, last, dials, cut } = setUp({}, { retire: () => owed.promise });
  shell.start();
  const old = await open();
  shell.rotate();
  const next = await open();
  expect([shell.open?.socket, told.filter((one) => one.startsWith("flow"))]).toEqual([next, ["flow 1", "flow 2"]]);
  dials[0]?.listener.message("late", 4);
  expect([told.at(-1), old.did]).toEqual(["message late 1", ["resume"]]);
  owed.resolve();
  await clock.advance(0);
  expect(old.did).toEqual(["resume", "close"]);
  cut(dials[0]);
  expect([told.at(-1), old.did.at(-1), shell.open?.socket]).toEqual(["hold 1", "destroy", last().socket]);
});

test("close() leaves no retired connection behind", async () => {
  const { shell, clock, open, cut, told } = setUp({}, { retire: () => new Promise(() => undefined) });
  shell.start();
  const old = await open();
  shell.rotate();
  await open();
  shell.close();
  await clock.advance(0);
  cut();
  expect([old.did, shell.state.name, clock.timers]).toEqual([["resume", "destroy"], "closed", 0]);
  expect(told.slice(-3)).toEqual(["disconnected", "hold 1", "end"]);
});
