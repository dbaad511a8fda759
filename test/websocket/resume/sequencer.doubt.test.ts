import { describe, expect, test } from "vitest";
import type { Position } from "../../../src/websocket/resume/positions.ts";
import { setUp } from "../sequenced.ts";

describe("a new connection that begins below what it was asked for", () => {
  test("repeats more than was wanted where it reaches that number: nothing is delivered twice", () => {
    const { come, reconnect, delivered, gaps, clock } = setUp();
    come(1, 2, 3, 4);
    reconnect();
    come(2, 3, { text: "note" });
    expect(delivered).toEqual([1, 2, 3, 4]);
    come(4, 5);
    expect([delivered, gaps, clock.timers]).toEqual([[1, 2, 3, 4, "note", 5], [], 0]);
  });

  test("counts anew where it does not in time: nothing is dropped, and it is told", async () => {
    const { come, reconnect, delivered, gaps, clock, sequencer } = setUp();
    come(101, 102, 103);
    reconnect();
    come(1, 2);
    expect(delivered).toEqual([101, 102, 103]);
    await clock.advance(10_000);
    come(3);
    expect(delivered).toEqual([101, 102, 103, 1, 2, 3]);
    expect(gaps).toMatchObject([{ after: undefined, before: 1, missing: undefined }]);
    expect([sequencer.positions(), clock.timers]).toEqual([new Map([["", 3]]), 0]);
  });

  test("counts anew where more comes than may be held", () => {
    const { come, reconnect, delivered, clock } = setUp({ held: { maxMessages: 2, maxBytes: 1_000 } });
    come(101, 102);
    reconnect();
    come(1, 2, 3, 4);
    expect([delivered, clock.timers]).toEqual([[101, 102, 1, 2, 3, 4], 0]);
  });

  test("repeats what nobody has handled yet, however much that is: it is not taken for another count", () => {
    const { come, reconnect, delivered, sequencer, clock } = setUp({
      held: { maxMessages: 2, maxBytes: 1 },
      isSlow: true,
    });
    come(11, 12, 13, 14, 15, 16);
    reconnect();
    come(11, 12, 13, 14, 15, 16, 17);
    expect([delivered, sequencer.stats.duplicates, clock.timers]).toEqual([[11, 12, 13, 14, 15, 16, 17], 6, 0]);
  });

  test("repeats what came over the old one after it was asked, when nothing of that key had come yet", () => {
    const { sequencer, come, reconnect, delivered, clock } = setUp({ held: { maxMessages: 2, maxBytes: 1 } });
    sequencer.ask(2);
    come(11, 12, 13, 14, 15, 16);
    reconnect({ isAsked: false });
    come(11, 12, 13, 14, 15, 16, 17);
    expect([delivered, clock.timers]).toEqual([[11, 12, 13, 14, 15, 16, 17], 0]);
  });

  test("repeats so what is opaque, too", () => {
    const { sequencer, come, reconnect, delivered } = setUp();
    sequencer.ask(2);
    come("a", "b", "c");
    reconnect({ isAsked: false });
    come("a", "b", "c", "d");
    expect(delivered).toEqual(["a", "b", "c", "d"]);
  });

  test("counts anew where it begins below all that was ever received, and more comes than may be held", () => {
    const { come, reconnect, delivered } = setUp({ held: { maxMessages: 2, maxBytes: 1_000 }, isSlow: true });
    come(11, 12, 13, 14, 15, 16);
    reconnect();
    come(1, 2, 3);
    expect(delivered).toEqual([11, 12, 13, 14, 15, 16, 1, 2, 3]);
  });

  test("is doubted without having been asked too, where it was not the first", async () => {
    const { come, reconnect, delivered, clock } = setUp();
    come(1, 2, 3);
    reconnect({ isAsked: false });
    come(1);
    await clock.advance(10_000);
    come(2);
    expect(delivered).toEqual([1, 2, 3, 1, 2]);
  });

  test("is not doubted for its later messages: those are late", () => {
    const { come, reconnect, delivered, clock } = setUp();
    come(1, 2, 3);
    reconnect();
    come(4, 2, 5);
    expect([delivered, clock.timers]).toEqual([[1, 2, 3, 4, 5], 0]);
  });

  test.each([
    ["one", [3]],
    ["several", [3, 4, 5]],
  ])("is not doubted by what %s after it was asked for before it carried anything", (_many, later) => {
    const { sequencer, come, delivered, gaps, clock } = setUp({
      from: 0,
      isSlow: true,
      held: { maxMessages: 2, maxBytes: 1_000 },
    });
    come(1, 2, 3, 4, 5);
    for (const connection of [2, ...later]) sequencer.ask(connection);
    for (const at of [1, 2, 3, 4, 5, 6]) sequencer.take({ message: { at }, bytes: 10 }, undefined, 2);
    expect([delivered, gaps, clock.timers]).toEqual([[1, 2, 3, 4, 5, 6], [], 0]);
  });

  test("is not doubted where positions have epochs, which say it", () => {
    const { come, reconnect, delivered, clock } = setUp();
    const at = (offset: number): Position => ({ epoch: "fixed", offset });
    come(at(5), at(6));
    reconnect();
    come(at(1), at(7));
    expect([delivered, clock.timers]).toEqual([[at(5), at(6), at(7)], 0]);
  });

  test("is not doubted where it does not count: a text is of another epoch than numbers", () => {
    const { come, reconnect, delivered, clock } = setUp();
    come(5, 6);
    reconnect();
    come("1");
    expect([delivered, clock.timers]).toEqual([[5, 6, "1"], 0]);
  });

  test("that repeats the very message it was asked after is believed", () => {
    const { come, reconnect, delivered, clock } = setUp();
    come(1, 2);
    reconnect();
    come(2);
    expect([delivered, clock.timers]).toEqual([[1, 2], 0]);
  });
});
