// Taken before a test puts false timers in the place of the real ones: time would stand still for the kit, too, and a
// wait without an end is what its limits are there for.
const { setTimeout, clearTimeout } = globalThis;
const now = performance.now.bind(performance);

/** Milliseconds that have really passed, since the process began. */
export function realNow(): number {
  return now();
}

/** Calls back in so many milliseconds of real time. @returns what stops it; harmless when it has fired. */
export function afterRealMs(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}
