/** `npm` hands a Ctrl-C on that the terminal has sent to us already: within this time it is the same one. */
const sameSignalMs = 250;
/** Everything that is closed has a limit of its own; this is for what none of them foresaw. */
const longestCloseMs = 1_900;

/** The first Ctrl-C (or SIGTERM), as a promise and as a signal. A second one ends the process at once. */
export function stopSignal(): { readonly promise: Promise<void>; readonly signal: AbortSignal } {
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  let firstAt: number | undefined;
  const onSignal = (): void => {
    if (firstAt !== undefined) {
      if (performance.now() - firstAt > sameSignalMs) process.exit(130);
      return;
    }
    firstAt = performance.now();
    setTimeout(() => process.exit(1), longestCloseMs).unref();
    controller.abort();
    resolve();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return { promise, signal: controller.signal };
}
