import * as fc from "fast-check";
import { expect, inject, test } from "vitest";
import type { ConnectionSettings } from "../../../src/websocket/connection/connection-model.ts";
import { ends, type Move, StreamWorld } from "../stream-world.ts";

const pick = fc.nat({ max: 2 });
const moves: fc.Arbitrary<Move> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ do: "start" } as const) },
  { weight: 1, arbitrary: fc.constantFrom({ do: "close" } as const, { do: "reset" } as const) },
  { weight: 3, arbitrary: fc.constantFrom({ do: "hurry" } as const, { do: "rotate" } as const) },
  { weight: 3, arbitrary: fc.constant({ do: "send" } as const) },
  { weight: 1, arbitrary: fc.constant({ do: "written" } as const) },
  { weight: 2, arbitrary: fc.constant({ do: "speak" } as const) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.nat(25_000) }) },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constantFrom("turn" as const, "open" as const, "open" as const, "ready" as const, "ready" as const),
      pick,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("unready" as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("flushed" as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("renewed" as const), pick, hasOthers: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("lose" as const), pick, end: fc.nat(ends.length - 1) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("forge" as const),
      type: fc.constantFrom("opened" as const, "prepared" as const, "renewed" as const, "flushed" as const),
      pick,
    }),
  },
);
// Most of what can go wrong goes wrong after a stream was open.
const beginnings: fc.Arbitrary<readonly Move[]> = fc.constantFrom(
  [],
  [{ do: "start" }],
  [{ do: "start" }, { do: "turn", pick: 0 }, { do: "open", pick: 0 }, { do: "ready", pick: 0 }],
);
const walk = fc.array(fc.tuple(moves, fc.integer({ min: 0, max: 99 })), { maxLength: 60, size: "max" });

const reconnect = {
  baseDelayMs: 500,
  maxDelayMs: 30_000,
  stableAfterMs: 10_000,
  maxAttempts: Number.POSITIVE_INFINITY,
};
const worlds: Readonly<Record<string, Partial<ConnectionSettings>>> = {
  "that reconnects for ever and rotates": {},
  "that does not rotate, and pings more often than it gives up": {
    rotation: false,
    heartbeat: { intervalMs: 5_000, timeoutMs: 12_000 },
  },
  "that never reconnects": { reconnect: false },
  "that reconnects twice, without a heartbeat": { reconnect: { ...reconnect, maxAttempts: 2 }, heartbeat: false },
};

declare module "vitest" {
  interface ProvidedContext {
    readonly walks?: { readonly numRuns: number; readonly seed: number };
  }
}

// Over a hundred thousand in all, other ones each time. For a mutant, scripts/vitest.mutate.mjs provides a few.
const walks = inject("walks") ?? { numRuns: 26_000 };

for (const [name, settings] of Object.entries(worlds)) {
  test(`property: a stream ${name} has one flowing socket, loses no send and leaves nothing behind`, () => {
    fc.assert(
      fc.property(beginnings, walk, (beginning, steps) => {
        const world = new StreamWorld(settings);
        for (const move of beginning) world.move(move);
        for (const [move, random] of steps) {
          world.random = random / 100;
          world.move(move);
        }
        expect(world.finish()).toBe("closed");
      }),
      walks,
    );
  });
}
