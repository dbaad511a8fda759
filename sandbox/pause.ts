/**
 * Resolves after `ms`, or as soon as one of the signals is aborted; never rejects, for a sandbox that closes is not an
 * error. `undefined` waits for the signals alone.
 */
export function pause(ms: number | undefined, ...until: readonly AbortSignal[]): Promise<void> {
  // A timer of 0 is one of 1 ms: every request would pay for a latency that nobody asked for.
  if (ms === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = ms === undefined ? undefined : setTimeout(finish, ms);
    for (const signal of until) signal.addEventListener("abort", finish);
    if (until.some((signal) => signal.aborted)) finish();

    function finish(): void {
      clearTimeout(timer);
      for (const signal of until) signal.removeEventListener("abort", finish);
      resolve();
    }
  });
}
