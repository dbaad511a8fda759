import { expect, test } from "vitest";
import type { ConnectionEvent, TimerName } from "../../../src/websocket/connection/connection-model.ts";
import { type Machine, machine, opened, passing, refusedWith } from "../machine.ts";

// Whatever comes in whatever state, the reducer is total: what is not the turn of an event changes nothing.

const timer = (name: Exclude<TimerName, "heartbeat">) => (generation: number) =>
  ({ type: "timer", timer: name, generation }) as const;

const events: Readonly<Record<string, (generation: number) => ConnectionEvent>> = {
  stage: (generation) => ({ type: "stage", generation, stage: "tcp" }),
  opened: (generation) => ({ type: "opened", generation }),
  prepared: (generation) => ({ type: "prepared", generation }),
  prepareFailed: (generation) => ({ type: "prepareFailed", generation, thrown: "no" }),
  renewed: (generation) => ({ type: "renewed", generation, hasOthers: true }),
  lost: (generation) => ({ type: "lost", generation, error: passing }),
  flushed: (generation) => ({ type: "flushed", generation }),
  heartbeat: (generation) => ({ type: "timer", timer: "heartbeat", generation, lastByteAt: 0, readingSince: 0 }),
  connect: timer("connect"),
  start: timer("start"),
  retry: timer("retry"),
  close: timer("close"),
  rotate: timer("rotate"),
};

const rotation = { everyMs: 60_000, returnAfterMs: 45_000 };
const start = (): Machine => machine({ rotation }).on({ type: "start" });
const rotating = (): Machine => opened({ rotation }).on({ type: "rotate" });

interface Case {
  readonly make: () => Machine;
  /** What it waits for. */
  readonly awaits: readonly string[];
  /** What becomes of a socket that opens out of its turn. */
  readonly lateSocket: "is its own" | "is destroyed";
  readonly isOfSuccessor?: boolean;
}

const cases: Readonly<Record<string, Case>> = {
  idle: { make: () => machine(), awaits: [], lateSocket: "is destroyed" },
  "waiting for its turn": {
    make: start,
    awaits: ["stage", "opened", "lost", "connect", "start"],
    lateSocket: "is its own",
  },
  preparing: {
    make: () => start().on({ type: "opened", generation: 1 }),
    awaits: ["prepared", "prepareFailed", "lost", "connect", "start"],
    lateSocket: "is its own",
  },
  "waiting for the next dial": {
    make: () => start().lose(passing),
    awaits: ["retry", "start"],
    lateSocket: "is destroyed",
  },
  renewing: {
    make: () => start().lose(refusedWith(401)),
    awaits: ["renewed", "connect", "start"],
    lateSocket: "is destroyed",
  },
  "waiting for the next dial, after it was open": {
    make: () => opened().lose(passing),
    awaits: ["retry"],
    lateSocket: "is destroyed",
  },
  open: { make: () => opened({ rotation }), awaits: ["lost", "heartbeat", "rotate"], lateSocket: "is its own" },
  "open, without a heartbeat or a rotation": {
    make: () => opened({ heartbeat: false }),
    awaits: ["lost"],
    lateSocket: "is its own",
  },
  flushing: {
    make: () => opened().on({ type: "close" }),
    awaits: ["lost", "flushed", "close"],
    lateSocket: "is its own",
  },
  "saying goodbye": {
    make: () => opened().on({ type: "close" }).on({ type: "flushed", generation: 1 }),
    awaits: ["lost", "close"],
    lateSocket: "is its own",
  },
  closed: { make: () => machine().on({ type: "close" }), awaits: [], lateSocket: "is destroyed" },
  failed: { make: () => start().lose(refusedWith(404)), awaits: [], lateSocket: "is destroyed" },
  "open, with a successor that waits for its turn": {
    make: rotating,
    awaits: ["stage", "opened", "lost", "connect"],
    lateSocket: "is its own",
    isOfSuccessor: true,
  },
  "open, with a successor that is prepared": {
    make: () => rotating().on({ type: "opened", generation: 2 }),
    awaits: ["prepared", "prepareFailed", "lost", "connect"],
    lateSocket: "is its own",
    isOfSuccessor: true,
  },
  "open, with a successor that waits for its next try": {
    make: () => rotating().on({ type: "lost", generation: 2, error: passing }),
    awaits: ["retry"],
    lateSocket: "is destroyed",
    isOfSuccessor: true,
  },
};

for (const [name, { make, awaits, lateSocket, isOfSuccessor = false }] of Object.entries(cases)) {
  test(`${name}: ${awaits.join(", ") || "nothing"} is awaited, and all else changes nothing`, () => {
    for (const [event, of] of Object.entries(events)) {
      const it = make();
      const before = it.state;
      const generation = isOfSuccessor ? 2 : before.generation;
      it.now = 20_000;
      it.on(of(generation));
      const isDestroyed = event === "opened" && lateSocket === "is destroyed";
      const ignored = JSON.stringify(isDestroyed ? [{ type: "destroySocket", generation }] : []);
      const isIgnored = it.state === before && JSON.stringify(it.effects) === ignored;
      expect([event, isIgnored]).toEqual([event, !awaits.includes(event)]);
    }
  });
}

test("no timer of an earlier connection ends a later one", () => {
  for (const of of [events["connect"], events["retry"], events["start"], events["rotate"], events["heartbeat"]]) {
    const restarted = start().lose(refusedWith(404)).on({ type: "start" });
    const before = restarted.state;
    restarted.on(of?.(1) as ConnectionEvent);
    expect([restarted.state === before, restarted.effects]).toEqual([true, []]);
  }
});

test("the limit of a start is that of its first dial, whichever is under way", () => {
  const restarted = start().lose(refusedWith(404)).on({ type: "start" }).lose(passing).redial();
  expect(restarted.on(timer("start")(2)).state).toMatchObject({ name: "failed", error: passing });
});

/** The effects of the last event, in order. */
const told = ({ effects }: Machine): readonly string[] =>
  effects.flatMap((effect) => {
    if (effect.type === "announce") return [];
    if (effect.type === "cancelTimer") return [`cancel ${effect.timer}`];
    if (effect.type === "setTimer") return [`set ${effect.timer} ${effect.delayMs}`];
    if (effect.type !== "disconnected") return [effect.type];
    return [`disconnected ${effect.willReconnect ? "for now" : "for good"}${effect.error ? " by an error" : ""}`];
  });

test("what the limit of a start ends is told in the order in which it is to be done", () => {
  const limit = timer("start")(1);
  expect(told(start().lose(passing).on(limit))).toEqual(["cancel retry", "end"]);
  expect(told(start().on(limit))).toEqual(["cancel connect", "destroySocket", "end"]);
  const preparing = start().on({ type: "opened", generation: 1 }).on(limit);
  const ended = ["cancel connect", "hold", "destroySocket", "disconnected for good by an error", "end"];
  expect(told(preparing)).toEqual(ended);
});

test("close() ends what is under way, and nothing else", () => {
  const close = (it: Machine): readonly string[] => told(it.on({ type: "close" }));
  expect(close(start())).toEqual(["cancel connect", "cancel start", "destroySocket", "end"]);
  expect(close(start().lose(passing))).toEqual(["cancel retry", "cancel start", "end"]);
  expect(close(opened().lose(passing))).toEqual(["cancel retry", "end"]);
  const preparing = start().on({ type: "opened", generation: 1 });
  expect(close(preparing)).toEqual(["cancel connect", "cancel start", "set close 5000", "closeSocket"]);
  expect(preparing.state).toMatchObject({ name: "closing", step: "handshake" });
  const flushing = ["set close 5000", "flush"];
  expect(close(opened())).toEqual(["cancel heartbeat", "cancel rotate", ...flushing]);
  const given = ["cancel heartbeat", "cancel rotate", "cancel connect"];
  expect(close(rotating())).toEqual([...given, "destroySocket", ...flushing]);
  const both = close(rotating().on({ type: "opened", generation: 2 }));
  expect(both).toEqual([...given, "hold", "destroySocket", "disconnected for good", ...flushing]);
});

test("a closing stream is closed by the peer, by the loss of the connection or by its limit", () => {
  const closing = (): Machine => opened().on({ type: "close" });
  expect(told(closing().lose(passing))).toEqual(["cancel close", "disconnected for good by an error", "end"]);
  const over = closing().on(timer("close")(1));
  expect(told(over)).toEqual(["cancel close", "destroySocket", "disconnected for good", "end"]);
});

test("a failed attempt and a lost connection take along what was theirs", () => {
  expect(told(start().lose(passing))).toEqual(["cancel connect", "report", "set retry 250"]);
  const preparing = start().on({ type: "opened", generation: 1 }).lose(passing);
  const hold = ["cancel connect", "hold", "disconnected for now by an error", "report", "set retry 250"];
  expect(told(preparing)).toEqual(hold);
  const open = ["cancel heartbeat", "cancel rotate", "hold", "disconnected for now by an error"];
  expect(told(opened().lose(passing))).toEqual([...open, "set retry 250"]);
  expect(told(rotating().lose(passing))).toEqual(open);
  expect(told(start().lose(refusedWith(404)))).toEqual(["cancel connect", "cancel start", "end"]);
});

test("a successor that fails takes along what was its own, and one that takes over what was the old one's", () => {
  const lost = (it: Machine): Machine => it.on({ type: "lost", generation: 2, error: passing });
  expect(told(lost(rotating()))).toEqual(["cancel connect", "report", "set retry 250"]);
  const preparing = (): Machine => rotating().on({ type: "opened", generation: 2 });
  const hold = ["cancel connect", "hold", "disconnected for now by an error", "report", "set retry 250"];
  expect(told(lost(preparing()))).toEqual(hold);
  const cancelled = ["cancel connect", "cancel heartbeat", "cancel rotate"];
  const next = ["set heartbeat 20000", "set rotate 57000", "flow", "retire", "disconnected for now"];
  expect(told(preparing().on({ type: "prepared", generation: 2 }))).toEqual([...cancelled, ...next]);
});

test("hurry has a successor that waits dialled at once, and leaves one that is dialled alone", () => {
  const hurry = { type: "hurry", lastByteAt: 0 } as const;
  const probing = ["sendPing", "set heartbeat 5000"];
  expect(told(rotating().on(hurry))).toEqual(probing);
  const waiting = rotating().on({ type: "lost", generation: 2, error: passing }).on(hurry);
  expect(told(waiting)).toEqual([...probing, "set retry 0"]);
  expect(told(start().lose(passing).on(hurry))).toEqual(["cancel retry", "dial"]);
  expect(told(opened({ heartbeat: false }).on(hurry))).toEqual([]);
});

test("each step is announced once", () => {
  const isAnnounced = (it: Machine): boolean => it.has("announce");
  const it = start();
  expect(isAnnounced(it)).toBe(true);
  expect(isAnnounced(it.on({ type: "opened", generation: 1 }))).toBe(true);
  expect(isAnnounced(it.on({ type: "prepared", generation: 1 }))).toBe(true);
  expect(isAnnounced(it.on({ type: "rotate" }))).toBe(false);
  expect(isAnnounced(it.on({ type: "close" }))).toBe(true);
  expect(isAnnounced(it.on({ type: "flushed", generation: 1 }))).toBe(true);
});
