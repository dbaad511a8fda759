import { listenToAbort, unlistenToAbort } from "../core/abort-listeners.ts";
import type { Clock, Random } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import { fullJitter } from "../resilience/backoff.ts";
import type { Member } from "./member.ts";

const limits = { baseDelayMs: 500, maxDelayMs: 30_000 };
/** A jitter of nothing must not make a loop of what fails at once. */
const minDelayMs = 100;

/** What the opening of late members runs on. */
export interface LateRun {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly onFailed: (name: string, error: unknown) => void;
}

/**
 * Opens a member, and tries again until it is open: after 0.5 s doubling to 30 s, with full jitter.
 *
 * @throws The signal's reason.
 */
export async function keepOpening(member: Member, run: LateRun): Promise<void> {
  const { clock, random, logger, signal, onFailed } = run;
  for (let failed = 0; ; failed++) {
    signal.throwIfAborted();
    try {
      await member.open(signal);
      return;
    } catch (error) {
      signal.throwIfAborted();
      const delayMs = Math.round(Math.max(minDelayMs, fullJitter(limits, failed, random)));
      onFailed(member.name, error);
      const fields = { service: member.name, attempts: failed + 1, delayMs, err: error };
      logger.warn(fields, "a late service could not be connected, and is tried again");
      await pause(delayMs, clock, signal);
    }
  }
}

async function pause(delayMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>();
  const wake = (): void => over.resolve();
  const timer = clock.setTimer(delayMs, wake);
  listenToAbort(signal, wake);
  await over.promise;
  timer.cancel();
  unlistenToAbort(signal, wake);
}
