import { describe, expect, test, vi } from "vitest";
import { ServiceConnectionError } from "../../../src/core/errors.ts";
import type { Position } from "../../../src/websocket/resume/positions.ts";
import { settled } from "../../support/virtual-clock.ts";
import { pendingFill, setUp } from "../sequenced.ts";

describe("a gap", () => {
  test("without a fill is told, and the stream goes on", () => {
    const { come, delivered, gaps, sequencer } = setUp();
    come(1, 5, 6);
    expect(delivered).toEqual([1, 5, 6]);
    expect(gaps).toEqual([{ key: "", after: 1, before: 5, missing: 3, reason: "no-fill" }]);
    expect(sequencer.stats.gaps).toBe(1);
  });

  test("holds what follows, delivers what fill gives in its place, and then the held", async () => {
    const { asked, fill, give } = pendingFill();
    const { come, delivered, gaps, sequencer, clock } = setUp({ fill });
    come(1, 5, { text: "note" }, 6);
    expect([delivered, asked]).toMatchObject([[1], [{ key: "", after: 1, before: 5 }]]);
    expect(sequencer.stats).toMatchObject({ heldMessages: 3, heldBytes: 30 });
    give(2, 3, 4);
    await settled();
    come(7);
    expect([delivered, gaps]).toEqual([[1, 2, 3, 4, 5, "note", 6, 7], []]);
    expect(sequencer.stats).toMatchObject({ filled: 3, heldMessages: 0, duplicates: 0 });
    expect(clock.timers).toBe(0);
  });

  test("does not move the position before it is filled", async () => {
    const { fill, give } = pendingFill();
    const { come, sequencer } = setUp({ fill });
    come(1, 3);
    expect(sequencer.positions()).toEqual(new Map([["", 1]]));
    give(2);
    await settled();
    expect(sequencer.positions()).toEqual(new Map([["", 3]]));
  });

  test("is fetched no more, and not told, once the stream is about to end: whoever begins there gets it", async () => {
    const { asked, fill, give } = pendingFill();
    const { come, delivered, gaps, errors, sequencer } = setUp({ fill });
    come(1, 3);
    sequencer.stop();
    give(2);
    await settled();
    come(4, 9);
    await settled();
    expect([delivered, gaps, errors, asked.length]).toEqual([[1], [], [], 1]);
    expect(sequencer.positions()).toEqual(new Map([["", 1]]));
    expect(sequencer.close()).toBe(3);
  });

  test("of one key holds up no other", () => {
    const it = setUp({ fill: pendingFill().fill });
    it.comeFor("BTC", 1);
    it.comeFor("BTC", 3);
    it.comeFor("ETH", 1);
    it.comeFor("ETH", 2);
    expect(it.delivered).toEqual([1, 1, 2]);
  });

  test("drops what fill gives too much, in whatever order it gives it", async () => {
    const { fill, give } = pendingFill();
    const { come, delivered, gaps } = setUp({ fill });
    come(1, 5);
    give(5, 4, 0, 3, 1, 2, 6, 3);
    await settled();
    come(6);
    expect([delivered, gaps]).toEqual([[1, 2, 3, 4, 5, 6], []]);
  });

  test("that fill leaves in part is told for the part", async () => {
    const { fill, give } = pendingFill();
    const { come, delivered, gaps } = setUp({ fill });
    come(1, 9);
    give(2, 3, 6);
    await settled();
    expect(delivered).toEqual([1, 2, 3, 6, 9]);
    expect(gaps).toMatchObject([
      { after: 3, before: 6, missing: 2, reason: "incomplete" },
      { after: 6, before: 9, missing: 2, reason: "incomplete" },
    ]);
  });

  test("that the stream itself closes ends the fill", () => {
    const { asked, fill } = pendingFill();
    const { come, delivered, gaps, clock } = setUp({ fill });
    come(1, 4, 3, 2);
    expect([delivered, gaps, clock.timers]).toEqual([[1, 2, 3, 4], [], 0]);
    expect(asked[0]?.signal.aborted).toBe(true);
  });

  test("behind a gap is filled after it", async () => {
    const fills: unknown[] = [];
    const { come, delivered } = setUp({
      fill: async ({ after, before }) => {
        fills.push([after, before]);
        return Array.from({ length: Number(before) - Number(after) - 1 }, (_, i) => ({ at: Number(after) + 1 + i }));
      },
    });
    come(1, 3, 6);
    await settled();
    expect(delivered).toEqual([1, 2, 3, 4, 5, 6]);
    expect(fills).toEqual([
      [1, 3],
      [3, 6],
    ]);
  });

  test("whose fill broke with its connection is asked for once more, from where it got to", async () => {
    const broken = new ServiceConnectionError("reset", { service: "feed", phase: "receive", outcome: "unknown" });
    const asked: unknown[] = [];
    const { come, delivered, gaps, errors } = setUp({
      async *fill({ after, before }) {
        asked.push([after, before]);
        if (asked.length === 1) {
          yield { at: 2 };
          throw broken;
        }
        yield* [{ at: 3 }, { at: 4 }];
      },
    });
    come(1, 5);
    await settled();
    expect([delivered, gaps, errors]).toEqual([[1, 2, 3, 4, 5], [], []]);
    expect(asked).toEqual([
      [1, 5],
      [2, 5],
    ]);
  });

  test("whose fill breaks twice is told, with the error", async () => {
    const broken = new ServiceConnectionError("reset", { service: "feed", phase: "receive", outcome: "unknown" });
    const fill = vi.fn<() => Promise<never>>(() => Promise.reject(broken));
    const { come, delivered, gaps, errors } = setUp({ fill });
    come(1, 5);
    await settled();
    expect([delivered, errors, fill.mock.calls.length]).toEqual([[1, 5], [broken], 2]);
    expect(gaps).toMatchObject([{ after: 1, before: 5, reason: "failed" }]);
  });

  test("whose fill breaks since the stream is over is asked for no more", async () => {
    const broken = new ServiceConnectionError("reset", { service: "feed", phase: "receive", outcome: "unknown" });
    const failing = Promise.withResolvers<never>();
    const fill = vi.fn<() => Promise<never>>(() => failing.promise);
    const { sequencer, come, delivered, gaps, errors } = setUp({ fill });
    come(1, 5);
    sequencer.stop();
    failing.reject(broken);
    await settled();
    expect([delivered, errors, gaps, fill.mock.calls.length]).toEqual([[1], [], [], 1]);
  });

  test("whose fill throws is told, with the error, and the stream goes on", async () => {
    const { fill, fail } = pendingFill();
    const { come, delivered, gaps, errors } = setUp({ fill });
    come(1, 3, 4);
    fail(new Error("503"));
    await settled();
    come(5);
    expect([delivered, gaps]).toMatchObject([[1, 3, 4, 5], [{ missing: 1, reason: "failed" }]]);
    expect(errors).toEqual([new Error("503")]);
  });

  test("whose fill takes too long is told, and what comes late is not taken", async () => {
    const { asked, fill, give } = pendingFill();
    const { come, delivered, gaps, errors, clock } = setUp({ fill });
    come(1, 3);
    await clock.advance(10_000);
    expect([delivered, gaps]).toMatchObject([[1, 3], [{ reason: "failed" }]]);
    expect(errors).toEqual([new Error("the fill took longer than 10000 ms")]);
    expect([asked[0]?.signal.aborted, clock.timers]).toEqual([true, 0]);
    give(2);
    await settled();
    expect(delivered).toEqual([1, 3]);
  });

  test.each([
    ["messages", { maxMessages: 3, maxBytes: 1_000 }],
    ["bytes", { maxMessages: 100, maxBytes: 35 }],
  ])("behind which more waits than is held, by %s, is given up", async (_what, held) => {
    const { asked, fill } = pendingFill();
    const { come, delivered, gaps, errors, clock } = setUp({ fill, held });
    come(1, 3, 4, 5);
    expect(delivered).toEqual([1]);
    come(6);
    expect([delivered, gaps]).toMatchObject([[1, 3, 4, 5, 6], [{ missing: 1, reason: "overflow" }]]);
    expect([asked[0]?.signal.aborted, clock.timers]).toEqual([true, 0]);
    await settled();
    expect(errors).toEqual([]);
  });

  test("is filled no faster than the consumers take it", async () => {
    const room = Promise.withResolvers<void>();
    const { come, delivered } = setUp({ fill: () => [{ at: 2 }, { at: 3 }], room: () => room.promise });
    come(1, 4);
    await settled();
    expect(delivered).toEqual([1, 2]);
    room.resolve();
    await settled();
    expect(delivered).toEqual([1, 2, 3, 4]);
  });

  test("is forgotten with its connection where the next one is asked: all of it comes again", async () => {
    const { asked, fill, fail } = pendingFill();
    const { come, delivered, gaps, errors, reconnect, clock } = setUp({ fill });
    come(1, 4, { text: "note" });
    expect(reconnect()).toEqual(new Map([["", 1]]));
    fail(new Error("the connection broke"));
    await settled();
    come(2, 3, 4, 5);
    expect([delivered, gaps, errors]).toEqual([[1, "note", 2, 3, 4, 5], [], []]);
    expect([asked.length, clock.timers]).toEqual([1, 0]);
  });

  test("what onGap throws is told", async () => {
    const { come, errors } = setUp({
      onGap: async () => {
        throw new Error("own");
      },
    });
    come(1, 3);
    await settled();
    expect(errors).toEqual([new Error("own")]);
  });
});

describe("another epoch", () => {
  const at = (epoch: number, offset: number): Position => ({ epoch, offset });

  test("is a gap of unknown size, and begins a new count", () => {
    const { come, delivered, gaps } = setUp();
    come(at(1, 7), at(2, 3), at(2, 4), at(2, 3));
    expect(delivered).toEqual([at(1, 7), at(2, 3), at(2, 4)]);
    expect(gaps).toEqual([{ key: "", after: undefined, before: 3, epoch: 2, missing: undefined, reason: "no-fill" }]);
  });

  test("is filled with what it held before, and nothing of any other", async () => {
    const { asked, fill, give } = pendingFill();
    const { come, delivered, gaps } = setUp({ fill });
    come(at(1, 7), at(2, 3), at(2, 4));
    expect(asked).toMatchObject([{ after: undefined, before: 3, epoch: 2 }]);
    give(at(3, 1), at(2, 1), at(2, 2));
    await settled();
    expect([delivered, gaps]).toEqual([[at(1, 7), at(2, 1), at(2, 2), at(2, 3), at(2, 4)], []]);
  });

  test("of which fill gives nothing is told", async () => {
    const { fill, give } = pendingFill();
    const { come, delivered, gaps } = setUp({ fill });
    come("a", at(2, 3));
    give();
    await settled();
    expect([delivered, gaps]).toMatchObject([["a", at(2, 3)], [{ after: undefined, reason: "incomplete" }]]);
  });

  test("may be the number of the connection, for a feed that counts anew on each", () => {
    const { come, delivered, gaps, reconnect } = setUp({
      positionOf: ({ at: offset }, { connection }) => ({ epoch: connection, offset: Number(offset) }),
    });
    come(1, 2);
    reconnect();
    come(1, 2, 3);
    expect([delivered, gaps.length]).toEqual([[1, 2, 1, 2, 3], 1]);
  });
});
