import { expect, test } from "vitest";
import type { ConnectionEvent, TimerName } from "../../src/websocket/connection-model.ts";
import { type Machine, machine, opened, passing, refusedWith } from "./machine.ts";

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
      if (awaits.includes(event)) {
        expect([event, it.state === before && it.effects.length === 0]).toEqual([event, false]);
        continue;
      }
      const isDestroyed = event === "opened" && lateSocket === "is destroyed";
      expect([event, it.effects]).toEqual([event, isDestroyed ? [{ type: "destroySocket", generation }] : []]);
      expect(it.state).toBe(before);
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

test("what the limit of a start ends is told in the order in which it is to be done", () => {
  const told = (it: Machine): unknown => {
    it.on(timer("start")(1));
    return it.effects.flatMap((effect) => {
      if (effect.type === "announce") return [];
      if (effect.type === "cancelTimer") return [`cancel ${effect.timer}`];
      return [effect.type === "disconnected" ? `disconnected ${effect.willReconnect}` : effect.type];
    });
  };
  expect(told(start().lose(passing))).toEqual(["cancel retry", "end"]);
  expect(told(start())).toEqual(["cancel connect", "destroySocket", "end"]);
  const prepared = ["cancel connect", "hold", "destroySocket", "disconnected false", "end"];
  expect(told(start().on({ type: "opened", generation: 1 }))).toEqual(prepared);
});
