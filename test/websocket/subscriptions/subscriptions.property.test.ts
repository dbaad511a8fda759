import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ServiceConnectionError } from "../../../src/core/errors.ts";
import { settled } from "../../support/virtual-clock.ts";
import { setUp } from "../subscribing-peer.ts";

const lost = new ServiceConnectionError("closed", { service: "feed", phase: "receive", outcome: "unknown" });
const key = fc.constantFrom("a", "b", "c", "d", "e");

type Deed =
  | { readonly do: "add" | "remove" | "refuse"; readonly key: string }
  | { readonly do: "confirm" | "lose" | "connect" | "switch" | "turn" };

const deeds = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("add" as const), key }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("remove" as const), key }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("refuse" as const), key }) },
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constantFrom("confirm", "lose", "connect", "switch", "turn") }),
    },
  ) as fc.Arbitrary<Deed>,
  { maxLength: 40 },
);

/** What a program, a service and a network may do to the subscriptions, in any order. */
function play(options: Parameters<typeof setUp>[0], transit: () => Promise<void>) {
  const stream = setUp(options, {}, transit);
  const { subscriptions } = stream;
  const live = new Map<number, ReturnType<typeof stream.connect>>();
  const wanted = new Set<string>();
  /** What each `subscribe` came to, by its key and its number. */
  const ends = new Map<string, "pending" | "confirmed" | "ended">();
  let generation = 0;
  let flowing: number | undefined;

  const confirmAll = (): void => {
    for (const [number, { far }] of live) {
      subscriptions.offer({ op: "confirmed", keys: far.unconfirmed.splice(0) }, number);
    }
  };
  const drop = (number: number | undefined): void => {
    if (number === undefined) return;
    live.delete(number);
    subscriptions.lose(number, lost);
    if (flowing === number) flowing = undefined;
  };
  const deed = {
    add: (of: string) => {
      if (wanted.has(of)) return;
      wanted.add(of);
      const name = `${of} ${ends.size}`;
      ends.set(name, "pending");
      stream.add(of, { limitMs: Number.POSITIVE_INFINITY }).then(
        () => ends.set(name, "confirmed"),
        () => ends.set(name, "ended"),
      );
    },
    remove: (of: string) => {
      wanted.delete(of);
      subscriptions.remove(of).catch(() => undefined);
    },
    refuse: (of: string) => {
      // A service refuses only what it was asked for, and carries it no longer.
      for (const { far, refuse } of live.values()) {
        if (!far.carried.delete(of)) continue;
        far.unconfirmed.splice(0, far.unconfirmed.length, ...far.unconfirmed.filter((one) => one !== of));
        refuse(of);
      }
      for (const one of wanted) if (!subscriptions.has(one)) wanted.delete(one);
    },
    connect: () => void live.set(++generation, stream.connect(generation)),
    lose: () => drop(live.keys().next().value),
    switch: () => {
      flowing = [...live.keys()].at(-1);
      if (flowing === undefined) return;
      subscriptions.switchTo(flowing);
      for (const number of live.keys()) if (number !== flowing) live.delete(number);
    },
    confirm: confirmAll,
    turn: () => undefined,
  };

  return {
    wanted,
    ends,
    stream,
    async run(one: Deed): Promise<void> {
      if ("key" in one) deed[one.do](one.key);
      else deed[one.do]();
      if (one.do === "turn") await settled();
    },
    /** Lets everything come to rest on one connection, and tells what that carries. */
    async rest(): Promise<string[]> {
      await settled();
      if (live.size === 0) deed.connect();
      deed.switch();
      for (let round = 0; round < 4; round++) {
        await settled();
        confirmAll();
      }
      await settled();
      const [{ far } = { far: undefined }] = live.values();
      return [...(far?.carried ?? [])].toSorted();
    },
  };
}

test("whatever happens, on a quiet connection the service carries what is wanted, and nobody waits", async () => {
  await fc.assert(
    fc.asyncProperty(deeds, fc.boolean(), fc.boolean(), async (sequence, isSlow, isConfirming) => {
      const transit = async (): Promise<void> => {
        if (isSlow) await new Promise<void>((done) => setImmediate(done));
      };
      const game = play(isConfirming ? {} : { confirmedBy: undefined }, transit);
      for (const one of sequence) await game.run(one);
      const carried = await game.rest();
      const { subscriptions, clock, errors } = game.stream;
      expect(carried).toEqual([...game.wanted].toSorted());
      expect(subscriptions.size).toBe(game.wanted.size);
      expect([...game.ends.values()]).not.toContain("pending");
      subscriptions.end(lost);
      expect([clock.timers, errors]).toEqual([0, []]);
    }),
    { numRuns: 2_000 },
  );
}, 60_000);
