import type { Clock, Timer } from "../../core/clock.ts";
import type { LiveConnection } from "./live-connection.ts";
import type { Pings } from "./pings.ts";

// While a consumer holds the reader, an answer would wait behind all that waits for the consumer.
const pausedMs = 50;

// The connect limit goes on meanwhile, and a peer that answers no pings must not make the other connection miss it.
const unansweredShare = 4;

/**
 * Resolves when all has come that was on its way over this connection when it was called: it stands before the answer
 * to a ping. Until then another connection that carries the same feed must not take its place, for what it was not
 * there for would be lost. A connection that is held up by a consumer is waited for; one whose peer answers no pings is
 * waited for a quarter of the connect limit.
 *
 * @param successor - aborts when the other connection is given up. It resolves then, and when this one is lost.
 */
export async function caughtUp(
  connection: LiveConnection,
  pings: Pings,
  { clock, connectTimeoutMs }: { readonly clock: Clock; readonly connectTimeoutMs: number },
  successor: AbortSignal,
): Promise<void> {
  const over = AbortSignal.any([connection.signal, successor]);
  while (!over.aborted) {
    const { socket, readingSince } = connection;
    if (socket === undefined) return;
    if (readingSince === undefined) {
      await wait(clock, pausedMs, over);
      continue;
    }
    await wait(clock, connectTimeoutMs / unansweredShare, over, (done) => pings.send(socket, done));
    // Held up meanwhile, the answer may have been seen before messages that wait with the socket.
    if (connection.readingSince === readingSince) return;
  }
}

async function wait(
  clock: Clock,
  limitMs: number,
  over: AbortSignal,
  begin: (done: () => void) => void = () => undefined,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer: Timer = clock.setTimer(limitMs, resolve);
  const end = (): void => resolve();
  over.addEventListener("abort", end);
  begin(resolve);
  await promise;
  timer.cancel();
  over.removeEventListener("abort", end);
}
