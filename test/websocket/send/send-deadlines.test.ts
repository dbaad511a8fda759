import { expect, test } from "vitest";
import { Outgoing, OutgoingLine, type OutgoingOwner } from "../../../src/websocket/send/outgoing.ts";
import { SendDeadlines } from "../../../src/websocket/send/send-deadlines.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const terms = { limitMs: 1, limit: "send", signals: [], setupFor: undefined } as const;

function world() {
  const clock = new VirtualClock();
  const [queued, handed] = [new OutgoingLine(), new OutgoingLine()];
  const expired: unknown[] = [];
  const owner: OutgoingOwner = {
    expired: (entry) => {
      expired.push(entry.message);
      entry.line?.leave(entry);
    },
    dropped: () => undefined,
  };
  const deadlines = new SendDeadlines(clock, () => [handed, queued]);
  const add = (message: string, afterMs: number, line = queued): Outgoing => {
    const what = { message, data: message, bytes: message.length };
    const entry = new Outgoing(
      owner,
      what,
      terms,
      clock.now() + afterMs,
      () => undefined,
      () => undefined,
    );
    line.join(entry);
    deadlines.watch(entry);
    return entry;
  };
  return { clock, deadlines, queued, handed, expired, add };
}

test("each entry expires at its own moment, in whichever line it is by then, and no earlier", async () => {
  const { clock, expired, handed, add } = world();
  add("late", 300);
  add("soon", 100);
  expect(clock.timers).toBe(1);
  handed.join(add("moved", 200));
  await clock.advance(99);
  expect(expired).toEqual([]);
  await clock.advance(1);
  expect(expired).toEqual(["soon"]);
  await clock.advance(200);
  expect(expired).toEqual(["soon", "moved", "late"]);
  expect(clock.timers).toBe(0);
});

test("one timer serves all, and finds nothing to do for what has left", async () => {
  const { clock, expired, queued, add } = world();
  const entries = Array.from({ length: 50 }, (_, index) => add(String(index), 100 + index));
  expect(clock.timers).toBe(1);
  for (const entry of entries) queued.leave(entry);
  await clock.advance(1_000);
  expect([expired, clock.timers]).toEqual([[], 0]);
});

test("cleared, it tells nobody and leaves no timer", async () => {
  const { clock, deadlines, expired, add } = world();
  add("one", 100);
  deadlines.clear();
  expect(clock.timers).toBe(0);
  await clock.advance(1_000);
  expect(expired).toEqual([]);
});

test("its timer alone keeps no process alive, also when it is set anew", async () => {
  const { clock, add } = world();
  add("one", 100);
  add("two", 200);
  expect(clock.pending).toEqual([{ at: 100, dueInMs: 100, isUnref: true }]);
  await clock.advance(100);
  expect(clock.pending).toEqual([{ at: 200, dueInMs: 100, isUnref: true }]);
});
