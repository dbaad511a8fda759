import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isServiceConfigurationError } from "../../../src/core/errors.ts";
import type { Position } from "../../../src/websocket/resume/positions.ts";
import { streamKey } from "../../../src/websocket/resume/resume-options.ts";
import { settled } from "../../support/virtual-clock.ts";
import { pendingFill, setUp } from "../sequenced.ts";

describe("what comes in order", () => {
  test("is delivered at once, and duplicates are dropped and counted", () => {
    const { come, delivered, sequencer, gaps } = setUp();
    come(5, 6, 6, 4, 7, 5);
    expect([delivered, gaps]).toEqual([[5, 6, 7], []]);
    expect(sequencer.stats).toMatchObject({ duplicates: 3, gaps: 0 });
  });

  test("messages without a position pass through", () => {
    const { come, delivered, sequencer } = setUp();
    come({ text: "hello" }, 1, { text: "between" }, 2);
    expect([delivered, sequencer.positions()]).toEqual([["hello", 1, "between", 2], new Map([["", 2]])]);
  });

  test("each key has a count of its own", () => {
    const it = setUp();
    it.comeFor("BTC", 1);
    it.comeFor("ETH", 7);
    it.comeFor("BTC", 2);
    it.comeFor("ETH", 8);
    expect([it.gaps, it.sequencer.positions()]).toEqual([
      [],
      new Map([
        ["BTC", 2],
        ["ETH", 8],
      ]),
    ]);
  });

  test("what positionOf throws, and what is no position, is told, and the message delivered", () => {
    const { sequencer, delivered, errors } = setUp({
      positionOf: ({ at }) => {
        if (at === 2) throw new Error("no seq");
        return at === 3 ? 0.5 : at;
      },
    });
    for (const at of [1, 2, 3]) sequencer.take({ message: { at }, bytes: 1 }, undefined, 1);
    expect(delivered).toEqual([1, 2, 3]);
    expect([errors.length, isServiceConfigurationError(errors[1])]).toEqual([2, true]);
  });

  test("a program that begins with a position is told what it missed, and spared what it has", () => {
    const it = setUp({ from: { BTC: 5 } });
    expect(it.sequencer.positions()).toEqual(new Map([["BTC", 5]]));
    it.comeFor("BTC", 4);
    it.comeFor("BTC", 8);
    expect([it.delivered, it.gaps]).toMatchObject([[8], [{ key: "BTC", after: 5, before: 8, missing: 2 }]]);
  });
});

describe("the position", () => {
  test("moves only over what every handler has finished, in whatever order they do", () => {
    const { come, finish, sequencer } = setUp({ isSlow: true });
    come(1, 2, 3);
    finish(2, 3);
    expect(sequencer.positions()).toEqual(new Map());
    finish(1);
    expect(sequencer.positions()).toEqual(new Map([["", 3]]));
  });

  test("is what a new connection is asked for, and what was received beyond it is dropped when it comes again", () => {
    const { come, finish, reconnect, delivered, gaps } = setUp({ isSlow: true });
    come(1, 2, 3, 4);
    finish(1, 2);
    expect(reconnect()).toEqual(new Map([["", 2]]));
    come(3, 4, 5);
    expect([delivered, gaps]).toEqual([[1, 2, 3, 4, 5], []]);
  });

  test("so it is with opaque positions, also when handlers end meanwhile", () => {
    const { come, finish, reconnect, delivered, sequencer } = setUp({ isSlow: true });
    come("a", "b", "c", "d");
    finish("a");
    expect(reconnect()).toEqual(new Map([["", "a"]]));
    finish("b", "c");
    come("b", "c", "d", "e");
    expect(delivered).toEqual(["a", "b", "c", "d", "e"]);
    expect(sequencer.stats.duplicates).toBe(3);
  });

  test("what the old connection still carries while its successor is prepared is not delivered again", () => {
    const { sequencer, delivered, come, reconnect } = setUp();
    come("a");
    reconnect();
    for (const at of ["b", "c"]) sequencer.take({ message: { at }, bytes: 1 }, undefined, 1);
    come("b", "c", "d");
    expect(delivered).toEqual(["a", "b", "c", "d"]);
  });

  test("positions of an epoch before the last one are remembered too", () => {
    const { come, finish, reconnect, delivered } = setUp({ isSlow: true });
    const [old1, old2, new1] = [
      { epoch: "x", offset: 1 },
      { epoch: "x", offset: 2 },
      { epoch: "y", offset: 1 },
    ];
    come(old1, old2, new1);
    finish(old1);
    reconnect();
    come(old2, new1);
    expect(delivered).toEqual([old1, old2, new1]);
  });
});

describe("the end", () => {
  test("of the sequencer ends fills and doubts, leaves no timer, and says what is dropped", async () => {
    const { asked, fill, give } = pendingFill();
    const { come, comeFor, reconnect, sequencer, delivered, gaps, clock, errors } = setUp({ fill });
    come(1, 2);
    reconnect();
    come(1);
    comeFor("BTC", 1);
    comeFor("BTC", 5);
    expect(clock.timers).toBe(2);
    expect(sequencer.close()).toBe(2);
    expect([clock.timers, asked[0]?.signal.aborted]).toEqual([0, true]);
    give(2, 3, 4);
    await settled();
    expect([delivered, gaps, errors]).toEqual([[1, 2, 1], [], []]);
  });

  test("of a stream that is connected again leaves the positions as they were", () => {
    const { come, sequencer, delivered, gaps } = setUp();
    come(1, 2);
    sequencer.close();
    come(2, 3);
    expect([delivered, gaps]).toEqual([[1, 2, 3], []]);
  });

  test("of a subscription forgets its count", () => {
    const it = setUp({ fill: pendingFill().fill });
    it.comeFor("BTC", 1);
    it.comeFor("BTC", 5);
    it.sequencer.forget("BTC");
    it.comeFor("BTC", 90);
    expect([it.delivered, it.clock.timers]).toEqual([[1, 90], 0]);
    expect(it.sequencer.positions()).toEqual(new Map([["BTC", 90]]));
  });
});

test("whatever is cut, repeated, lost or late, what a feed can still give comes once and in order", async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("flow" as const), n: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("lose" as const), n: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("cut" as const), n: fc.integer({ min: 0, max: 3 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("repeat" as const), n: fc.integer({ min: 1, max: 5 }) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("finish" as const), n: fc.integer({ min: 0, max: 9 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("settle" as const), n: fc.constant(0) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, isOpaque) => {
      const position = (n: number): Position => (isOpaque ? `#${n}` : n);
      const numberOf = (at: unknown): number => (isOpaque ? Number(String(at).slice(1)) : Number(at));
      const it = setUp({
        isSlow: true,
        held: { maxMessages: 1_000, maxBytes: 100_000 },
        // One more on both sides than was asked for.
        fill: async ({ after, before }) =>
          Array.from({ length: Number(before) - Number(after) + 1 }, (_, i) => ({ at: Number(after) + i })),
      });
      let sent = 1;
      it.come(position(1));
      for (const { kind, n } of steps) {
        if (kind === "flow") for (let i = 0; i < n; i++) it.come(position(++sent));
        // Nobody sees that an opaque position is missing.
        if (kind === "lose" && !isOpaque) sent += n;
        if (kind === "repeat" && !isOpaque) it.come(Math.max(1, sent - n));
        if (kind === "finish") it.finish(it.delivered[n], ...it.delivered.slice(0, n));
        if (kind === "settle") await settled();
        if (kind === "cut") {
          const asked = it.reconnect()?.get(streamKey);
          const from = asked === undefined ? sent : numberOf(asked);
          // Some repeat a little more than they were asked for.
          const begin = asked === undefined || isOpaque ? from + 1 : Math.max(1, from + 1 - n);
          for (let i = begin; i <= sent; i++) it.come(position(i));
        }
      }
      it.come(position(++sent));
      await settled();
      await settled();
      const expected = Array.from({ length: sent }, (_, i) => position(i + 1));
      expect(it.delivered).toEqual(expected);
      it.finish(...it.delivered);
      expect(it.sequencer.positions()).toEqual(new Map([[streamKey, position(sent)]]));
      expect([it.gaps, it.errors, it.clock.timers]).toEqual([[], [], 0]);
    }),
    { numRuns: 1000 },
  );
});
