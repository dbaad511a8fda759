import { describe, expect, test } from "vitest";
import { deduping, resuming, startNumberedFeed, type Tick, type TickOptions, Ticks, upTo } from "./numbered-feed.ts";
import { turns, until } from "./peer.ts";

const ways = [
  ["resume", resuming],
  ["dedupe", deduping],
] as const;

const successorOf = ({ state }: Ticks) => (state.name === "open" ? state.successor : undefined);
describe.each(ways)("with %s", (_name, apart) => {
  test("rotations lose nothing, double nothing, keep the order, and leave one connection", async () => {
    await using feed = await startNumberedFeed();
    await using ticks = new Ticks(feed.url, apart);
    await ticks.connect();
    for (let generation = 2; generation <= 6; generation++) {
      ticks.rotateNow();
      while (ticks.state.generation < generation) {
        feed.publish(3);
        await turns(1);
      }
    }
    feed.publish();
    await until(() => ticks.got.at(-1) === feed.sent.length);
    expect(ticks.got).toEqual(upTo(feed.sent.length));
    expect([ticks.gaps, ticks.errors]).toEqual([[], []]);
    await until(() => feed.open.size === 1);
    expect([ticks.connects, ticks.ended.length]).toEqual([6, 5]);
  });

  test("what is still on its way over the old connection when the new one is ready comes, in its order", async () => {
    await using feed = await startNumberedFeed({
      onConnection: (_ws, number) => {
        if (number !== 2) return;
        // The network of the old connection is the slower one.
        void (async () => {
          await turns(30);
          feed.requests[0]?.socket.uncork();
          feed.publish();
        })();
      },
    });
    await using ticks = new Ticks(feed.url, apart);
    await ticks.connect();
    feed.publish(2);
    await until(() => ticks.got.length === 2);
    feed.requests[0]?.socket.cork();
    feed.publish();
    ticks.rotateNow();
    await until(() => ticks.got.includes(4));
    expect(ticks.got).toEqual(upTo(4));
    expect(ticks.state.generation).toBe(2);
  });

  test("a consumer that is behind loses nothing by a rotation", async () => {
    await using feed = await startNumberedFeed();
    const gate = Promise.withResolvers<void>();
    await using ticks = new Ticks(feed.url, { ...apart, inbox: { maxMessages: 4 } });
    await ticks.connect();
    ticks.pause = gate.promise;
    feed.publish(100);
    await until(() => ticks.stats().isReadingPaused);
    ticks.rotateNow();
    await until(() => successorOf(ticks)?.step.at === "preparing" || ticks.state.generation === 2);
    await turns(20);
    ticks.pause = undefined;
    gate.resolve();
    await until(() => ticks.state.generation === 2);
    feed.publish();
    await until(() => ticks.got.includes(101));
    expect(ticks.got).toEqual(upTo(101));
  });
});

// A step of Numerical Recipes' generator: the same walk each time, and another one for each seed.
function walkOf(seed: number): () => number {
  let state = seed * 7_919;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("whatever comes in between: rotations, a consumer that stops and goes on, connections that are cut", () => {
  const fromTheStart = {
    resume: { positionOf: ({ n }: Tick) => n, request: (after: unknown) => ({ after }), from: 0 },
  };
  const walks = Array.from({ length: 30 }, (_, seed) => [
    ["resume", seed, fromTheStart],
    ["dedupe", seed, deduping],
  ]) as [string, number, TickOptions][][];

  test.each(walks.flat())("with %s, walk %i, each message comes once and in order", async (name, seed, apart) => {
    const random = walkOf(seed);
    const upToNext = (limit: number): number => Math.floor(random() * limit);
    // Without a count, what is sent while nothing is connected is lost to anybody.
    const isCut = name === "resume";
    await using feed = await startNumberedFeed({ isQuiet: isCut });
    const ticks = new Ticks(feed.url, { ...apart, inbox: { maxMessages: 1 + upToNext(8) } });
    ticks.greet = () => turns(upToNext(10));
    let gate: PromiseWithResolvers<void> | undefined;
    const goOn = (): void => {
      gate?.resolve();
      ticks.pause = undefined;
    };
    const stop = (): void => {
      goOn();
      gate = Promise.withResolvers<void>();
      ticks.pause = gate.promise;
    };
    const cut = (which: number): void => (isCut ? [...feed.open].at(which)?.terminate() : undefined);
    const moves = [
      () => feed.publish(1 + upToNext(20)),
      () => ticks.rotateNow(),
      () => cut(0),
      () => cut(-1),
      stop,
      goOn,
    ];
    await ticks.connect();
    for (let step = 0; step < 60; step++) {
      // Publishing is one move in three.
      moves[Math.max(0, upToNext(8) - 2)]?.();
      await turns(upToNext(6));
    }
    goOn();
    await until(() => ticks.state.name === "open");
    feed.publish();
    await until(() => ticks.got.at(-1) === feed.sent.length);
    expect(ticks.got).toEqual(upTo(feed.sent.length));
    await ticks.close();
    expect([ticks.gaps, ticks.ended.length]).toEqual([[], ticks.connects]);
  });
});
