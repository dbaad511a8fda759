import { getEventListeners } from "node:events";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Coalescing } from "../../src/resilience/coalesce.ts";
import { ConcurrencyLimit } from "../../src/resilience/concurrency-limit.ts";
import { Hedger } from "../../src/resilience/hedge.ts";
import type { Remainder } from "../../src/resilience/outcome.ts";
import type { Admission, Policy } from "../../src/resilience/policy.ts";
import type { VirtualClock } from "../support/virtual-clock.ts";
import { failsWith, hangs, Scene, type Step, success, succeeds, takes } from "./calls.ts";

/** Counts the moves of policies, and throws at one of them. */
class Mine {
  readonly #at: string;
  #left: number;

  constructor(at: string, after: number) {
    this.#at = at;
    this.#left = after;
  }

  step(move: string): void {
    if (move === this.#at && this.#left-- === 0) throw new Error(`defect in ${move}`);
  }
}

/** Lets everybody go, knows whose permits are out, and steps on the mine. */
class Ledger implements Policy {
  readonly name = "ledger";
  readonly scope: Policy["scope"];
  readonly out = new Set<unknown>();
  unknown = 0;
  readonly #mine: Mine;

  constructor(scope: Policy["scope"], mine: Mine) {
    this.scope = scope;
    this.#mine = mine;
  }

  admit(): Admission {
    this.#mine.step("admit");
    const permit = {};
    this.out.add(permit);
    return { kind: "go", permit };
  }

  settle(permit: unknown): void {
    if (!this.out.delete(permit)) this.unknown += 1;
    this.#mine.step("settle");
  }
}

/** One that lets an attempt of 96 ms have a hedge, whatever came before. */
function generous(): Hedger {
  const hedger = new Hedger({ quantile: 0.95, minSamples: 100, ratio: 0.5 });
  for (let ms = 1; ms <= 100; ms++) hedger.observe(success, ms, 0);
  for (let call = 0; call < 4; call++) hedger.delayMs(0);
  return hedger;
}

const kind = fc.constantFrom("succeeds", "goes on", "fails", "hangs", "rejects", "throws");
const callPlan = fc.record({
  startsAt: fc.nat(200),
  attempts: fc.array(fc.record({ kind, ms: fc.nat(300) }), { minLength: 1, maxLength: 4 }),
  deadlineMs: fc.constantFrom(0, 50, 400, 2_000),
  abortsAt: fc.option(fc.nat(600), { nil: undefined }),
  identity: fc.constantFrom(undefined, "shared"),
});

/** As many remainders as began or were discarded, in the end. */
class Remainders {
  made = 0;
  ended = 0;

  readonly step: Step = async () => {
    this.made += 1;
    const remainder: Remainder = {
      begin: (hold) => {
        this.ended += 1;
        hold.release();
      },
      discard: () => {
        this.ended += 1;
      },
    };
    return { kind: "success", value: "head", remainder };
  };
}

function stepOf(clock: VirtualClock, rest: Remainders, plan: { readonly kind: string; readonly ms: number }): Step {
  const defect = new Error("defect of an attempt");
  switch (plan.kind) {
    case "succeeds":
      return takes(clock, plan.ms, succeeds);
    case "goes on":
      return takes(clock, plan.ms, rest.step);
    case "fails":
      return takes(clock, plan.ms, failsWith());
    case "rejects":
      return takes(clock, plan.ms, async () => Promise.reject(defect));
    case "throws":
      return () => {
        throw defect;
      };
    default:
      return hangs();
  }
}

test("whatever throws, every permit comes back once, every call ends, and nothing of it is left", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(callPlan, { minLength: 1, maxLength: 5 }),
      fc.constantFrom("nowhere", "admit", "settle"),
      fc.nat(25),
      async (plans, where, after) => {
        const mine = new Mine(where, after);
        const ledgers = [new Ledger("call", mine), new Ledger("attempt", mine), new Ledger("attempt", mine)] as const;
        const limits = { isAdaptive: false, max: 2, maxQueued: 3, queueTimeoutMs: 150 };
        const places = new ConcurrencyLimit("payments", limits);
        const policies = [ledgers[0], new Coalescing(), ledgers[1], places, ledgers[2]];
        const scene = new Scene(policies, { hedger: generous() });
        const { clock, pipeline } = scene;
        const rest = new Remainders();
        const signals: AbortSignal[] = [];
        let ended = 0;
        for (const { startsAt, attempts, deadlineMs, abortsAt, identity } of plans) {
          const controller = new AbortController();
          signals.push(controller.signal);
          clock.setTimer(startsAt, () => {
            const steps = attempts.map((attempt) => stepOf(clock, rest, attempt));
            // Answers with more to come are not shared.
            const isShared = attempts.every((attempt) => attempt.kind !== "goes on");
            const more = { deadlineMs, attemptTimeoutMs: 350, signals: [controller.signal] };
            const call = scene.call(steps, isShared ? { ...more, identity } : more);
            const note = (): void => void ended++;
            call.then(note, note);
          });
          if (abortsAt !== undefined) clock.setTimer(abortsAt, () => controller.abort("left"));
        }
        await clock.advance(5_000);
        expect([ended, pipeline.inFlight]).toEqual([plans.length, 0]);
        expect(ledgers.map(({ out, unknown }) => [out.size, unknown])).toEqual(ledgers.map(() => [0, 0]));
        expect([places.inFlight, places.queued, rest.ended]).toEqual([0, 0, rest.made]);
        expect(signals.flatMap((signal) => getEventListeners(signal, "abort"))).toEqual([]);
        await pipeline.drain(0);
        expect(clock.timers).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
});
