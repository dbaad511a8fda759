import * as fc from "fast-check";
import { expect, test } from "vitest";
import { silentLogger } from "../../src/core/logger.ts";
import type { Member } from "../../src/registry/member.ts";
import { Run } from "../../src/registry/run.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const own = new Error("mine");

/** What one member needs (of those before it, as bits), how long it takes, and whether it cannot be opened or closed. */
const plan = fc.array(
  fc.record({
    needs: fc.nat(255),
    openMs: fc.nat(50),
    closeMs: fc.nat(50),
    opens: fc.constantFrom("well", "well", "well", "well", "fails", "hangs until it is given up"),
    closes: fc.constantFrom("well", "well", "well", "fails"),
  }),
  { minLength: 1, maxLength: 8 },
);

type Plan = typeof plan extends fc.Arbitrary<infer P> ? P : never;

function membersOf(all: Plan, clock: VirtualClock) {
  const problems: string[] = [];
  const states = new Map<string, "opening" | "open" | "failed" | "closing" | "closed">();
  const wait = (ms: number): Promise<void> => new Promise((done) => void clock.setTimer(ms, done));
  const members = all.map(({ needs: bits, openMs, closeMs, opens, closes }, index): Member => {
    const name = `m${index}`;
    const needs = all.flatMap((_, other) => (other < index && (bits & (1 << other)) !== 0 ? [`m${other}`] : []));
    let opening: Promise<void> | undefined;
    const open = async (signal: AbortSignal): Promise<void> => {
      for (const need of needs) if (states.get(need) !== "open") problems.push(`${name} opens before ${need} is up`);
      states.set(name, "opening");
      if (opens === "hangs until it is given up") {
        await new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
        });
      }
      await wait(openMs);
      if (opens === "fails") throw own;
      states.set(name, "open");
    };
    return {
      name,
      needs,
      isLate: false,
      service: name,
      open: async (signal) => (opening = open(signal)),
      close: async () => {
        const before = states.get(name);
        // As those of ours: closed again, they are closed.
        if (before === "closed") return;
        if (before === "closing") problems.push(`${name} is closed while it closes`);
        for (const other of members) {
          const state = states.get(other.name);
          if (other.needs.includes(name) && state !== undefined && state !== "closed") {
            problems.push(`${name} is closed before ${other.name}`);
          }
        }
        states.set(name, "closing");
        // As those of ours do: nobody else could end what is about to be there.
        await opening?.catch(() => undefined);
        await wait(closeMs);
        states.set(name, "closed");
        if (closes === "fails") throw new Error("not closed");
      },
    };
  });
  return { problems, states, members };
}

test("whatever they need, and whatever fails: nothing opens before what it needs, nothing closes before what needs it, and all that was begun is closed", async () => {
  await fc.assert(
    fc.asyncProperty(plan, fc.nat(100), async (all, giveUpAfterMs) => {
      const clock = new VirtualClock();
      const { problems, states, members } = membersOf(all, clock);
      const byName = new Map(members.map((member) => [member.name, member]));
      const run = new Run(byName, { clock, random: () => 0, logger: silentLogger, stopTimeoutMs: 10_000 });
      const giveUp = new AbortController();
      const started = run.start(giveUp.signal).then(
        () => "up",
        (error: unknown) => error,
      );
      // Those that hang are given up in the end, and sometimes one that would have been up in time.
      const timer = clock.setTimer(giveUpAfterMs + 100, () => giveUp.abort(own));
      await clock.advance(2_000);
      const result = await started;
      timer.cancel();
      const areAllOpen = [...states.values()].every((state) => state === "open");
      expect(result === "up" ? areAllOpen : result === own).toBe(true);
      const stopped = run.stop(own, 10_000).catch(() => undefined);
      await clock.advance(2_000);
      await stopped;
      expect([...states.values()].every((state) => state === "closed")).toBe(true);
      expect(problems).toEqual([]);
      expect(clock.timers).toBe(0);
    }),
    { numRuns: 60 },
  );
});
