import type { Random } from "../../../sandbox/random.ts";

/** What is done to one connection, picked from those that there are. */
export const strokes = [
  /** Half of what comes next, then the end of TCP: a frame is torn. */
  "cut",
  /** A reset on both sides. */
  "reset",
  /** Nothing passes either way any more, and nobody is told. */
  "blackhole",
  /** What comes down goes on in 48 octets every 4 ms, for a while. */
  "trickle",
  /** The client's side ends, the far side's stays. */
  "half",
] as const;

/** What is done to all: the far side, or whoever comes next. */
export const spells = [
  /** The process of the far side is killed and started again. */
  "restart",
  /** The far side closes a handful of connections, with 1000, 1001, 1011, 1012 or 1013. */
  "dismiss",
  /** New connections are destroyed at once, for a while. */
  "refuse",
  /** New connections are taken and get no answer, for a while. */
  "mute",
] as const;

export type Stroke = (typeof strokes)[number];
export type Spell = (typeof spells)[number];

/** One thing that goes wrong. */
export interface Disturbance {
  /** After the beginning. */
  readonly atMs: number;
  readonly kind: Stroke | Spell;
  /** From 0 to below 1: picks the connection, or how long. */
  readonly pick: number;
}

const isSpell = (kind: Stroke | Spell): kind is Spell => spells.some((one) => one === kind);

/**
 * What goes wrong when, for a soak of this length: a stroke every 400 ms or so, a spell among them every 6 s or so, each
 * kind at least once in the first of them, and fair weather at the end, so that everything can be made up for.
 */
export function weatherFor(durationMs: number, random: Random): readonly Disturbance[] {
  const calmFromMs = durationMs - Math.min(5_000, durationMs / 4);
  const all = [...strokes, ...spells];
  const disturbances: Disturbance[] = [];
  for (let atMs = 200; atMs < calmFromMs; atMs += 200 + random() * 400) {
    const index = disturbances.length;
    // First each kind once, strokes and spells in turns; then by chance.
    const isSpellDue = random() < 1 / 15;
    const kinds = isSpellDue ? spells : strokes;
    const kind = all[index] ?? kinds[Math.floor(random() * kinds.length)] ?? "cut";
    disturbances.push({ atMs, kind, pick: random() });
    // Time to come back from it, or nothing would ever flow.
    if (isSpell(kind)) atMs += 800;
  }
  return disturbances;
}
