import type { Random } from "../../../sandbox/random.ts";
import type { RestFault } from "../../../sandbox/rest-faults.ts";
import { between, pick } from "./order.ts";

/** What is wrong at the gateway for a while. */
export interface Spell {
  readonly faults: readonly RestFault[];
  /** It is over when so many payments are confirmed. */
  readonly untilConfirmed: number;
}

/** When a process of the shop is killed. */
export interface KillPoint {
  /** Steps are calls that were begun and payments that were confirmed, by all processes together. */
  readonly atStep: number;
  /** Then so much later, in milliseconds. */
  readonly delayMs: number;
}

const payments = { method: "POST", path: "/v1/payments" };

/** Each makes the faults of one kind; of those that strike by chance, the first strikes for certain. */
const kinds: readonly ((random: Random) => readonly RestFault[])[] = [
  (random) => [{ kind: "latency", ms: between(5, 150, random), ratio: 0.5, seed: seedOf(random), ...payments }],
  (random) => byChance({ kind: "error", status: 500 }, 0.4, random),
  (random) => byChance({ kind: "error", status: 503 }, 0.5, random),
  (random) => byChance({ kind: "error", status: 503, retryAfterS: 1 }, 0.1, random),
  (random) => byChance({ kind: "error-after-read", status: pick([500, 502, 504], random) }, 0.4, random),
  (random) => [{ kind: "rate-limit", retryAfterS: 1, times: between(3, 30, random), ...payments }],
  (random) => byChance({ kind: "reset-before-read" }, 0.4, random),
  (random) => byChance({ kind: "reset-after-read" }, 0.4, random),
  (random) => byChance({ kind: "stalled-body" }, 0.2, random),
  (random) => [{ kind: "refused", forMs: between(20, 400, random) }],
];

const seedOf = (random: Random): number => Math.floor(random() * 2 ** 32);

function byChance(fault: RestFault, mostRatio: number, random: Random): readonly RestFault[] {
  const ratio = mostRatio * (0.4 + 0.6 * random());
  return [
    { ...fault, times: 1, ...payments },
    { ...fault, ratio, seed: seedOf(random), ...payments },
  ];
}

/** What a fault is called where they are counted. */
export function labelOf(fault: RestFault): string {
  return "status" in fault ? `${fault.kind} ${fault.status}` : fault.kind;
}

/**
 * Weather for so many payments: spells of one to three kinds of fault at once, now and then of none. Every kind comes
 * before one comes again. The last spell ends before the last payments, so that each has somebody to strike.
 */
export function planWeather(count: number, random: Random): readonly Spell[] {
  const spells = Math.max(18, Math.floor(count / 100));
  let bag: (typeof kinds)[number][] = [];
  const draw = (): readonly RestFault[] => {
    if (bag.length === 0) bag = [...kinds];
    const [kind] = bag.splice(Math.floor(random() * bag.length), 1);
    return kind?.(random) ?? [];
  };
  return Array.from({ length: spells }, (_, index) => {
    const howMany = index % 6 === 0 ? 0 : pick([1, 1, 2, 3], random);
    const faults = Array.from({ length: howMany }, draw).flat();
    return { faults, untilConfirmed: Math.floor((count * 0.9 * (index + 1)) / spells) };
  });
}

/**
 * So many kills, in their order. A payment takes two steps at least, so when 1.6 times as many steps are made as there
 * are payments, a fifth of them is still to come: every kill finds work to interrupt. Each fourth comes a few steps after
 * the one before it: it strikes a process that is just picking up what the last one left.
 */
export function planKills(kills: number, count: number, random: Random): readonly KillPoint[] {
  const steps = Array.from({ length: kills }, () => between(2, Math.floor(count * 1.6), random)).toSorted(
    (a, b) => a - b,
  );
  return steps.map((step, index) => {
    const before = steps[index - 1];
    const isEarly = index % 4 === 3 && before !== undefined;
    return { atStep: isEarly ? before + between(1, 10, random) : step, delayMs: pick([0, 0, 4, 20], random) };
  });
}
