import { readdirSync } from "node:fs";

/** What the process holds open, by kind. */
export type Census = Readonly<Record<string, number>>;

// What of this process comes and goes by itself, and holds nothing up for long.
const passing: ReadonlySet<string> = new Set(["Immediate", "TickObject", "CloseReq"]);

/** Resources that keep the process alive, open files (on Linux), and listeners of the process. */
export function takeCensus(): Census {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    if (!passing.has(kind)) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  const files = openFiles();
  if (files !== undefined) counts["open files"] = files;
  counts["listeners of the process"] = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  return counts;
}

/** What there is more of than before, and how much: `2 TCPSocketWrap`. */
export function moreThan(before: Census, after: Census): readonly string[] {
  return Object.entries(after).flatMap(([kind, count]) => {
    const more = count - (before[kind] ?? 0);
    return more > 0 ? [`${more} ${kind}`] : [];
  });
}

/** Whether two are the same. */
export function isSameCensus(one: Census, other: Census): boolean {
  return moreThan(one, other).length === 0 && moreThan(other, one).length === 0;
}

function openFiles(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return undefined;
  }
}
