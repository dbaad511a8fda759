/** When to ping, and when silence means death. Milliseconds. */
export interface HeartbeatLimits {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** Where the heartbeat of one connection stands; moments on the clock's scale. */
export interface Heartbeat {
  /** When to look again. */
  readonly dueAt: number;
  readonly nextPingAt: number;
  /** When the first ping went out that no byte has followed; undefined while none is unanswered. */
  readonly silentSince: number | undefined;
  /** How long that silence may last, in milliseconds. */
  readonly patienceMs: number;
}

/** What the shell knows of the socket when the heartbeat looks. */
export interface HeartbeatReading {
  /** When the last byte came, of whatever kind: a peer in the midst of a long message is alive. */
  readonly lastByteAt: number;
  /** Since when the socket is being read; undefined while we hold the reader, when silence is our own doing. */
  readonly readingSince: number | undefined;
}

/** The first look at a connection that has just opened. */
export function startHeartbeat(now: number, { intervalMs, timeoutMs }: HeartbeatLimits): Heartbeat {
  return { dueAt: now + intervalMs, nextPingAt: now + intervalMs, silentSince: undefined, patienceMs: timeoutMs };
}

// Of a connection that there is reason to doubt: nobody wants to wait for the ordinary timeout.
const longestProbeMs = 5_000;

/**
 * Pings out of turn: the verdict on a silence falls sooner; one that lasts already is not begun anew. What came before
 * the probe does not answer it.
 */
export function probe(
  before: Heartbeat,
  lastByteAt: number,
  now: number,
  { intervalMs, timeoutMs }: HeartbeatLimits,
): Heartbeat {
  const lasting = before.silentSince !== undefined && lastByteAt < before.silentSince ? before.silentSince : undefined;
  const silentSince = lasting ?? now;
  const longestMs = lasting === undefined ? timeoutMs : before.patienceMs;
  const patienceMs = Math.min(longestMs, now - silentSince + Math.min(timeoutMs, longestProbeMs));
  const nextPingAt = now + intervalMs;
  return { nextPingAt, silentSince, patienceMs, dueAt: Math.min(nextPingAt, silentSince + patienceMs) };
}

/** Looks at a connection: whether it is dead, whether to ping now, and when to look again. */
export function beat(
  before: Heartbeat,
  reading: HeartbeatReading,
  now: number,
  { intervalMs, timeoutMs }: HeartbeatLimits,
):
  | { readonly verdict: "dead"; readonly silentMs: number }
  | { readonly verdict: "ping" | "wait"; readonly heartbeat: Heartbeat } {
  // Late by this much, it was this process that stood still: what the peer sent may lie unread in the kernel.
  if (now - before.dueAt > timeoutMs / 10) {
    const nextPingAt = now + intervalMs;
    const dueAt = Math.min(nextPingAt, now + timeoutMs);
    return { verdict: "ping", heartbeat: { nextPingAt, silentSince: now, patienceMs: timeoutMs, dueAt } };
  }
  const hasLife = before.silentSince !== undefined && reading.lastByteAt >= before.silentSince;
  const silentSince = hasLife ? undefined : before.silentSince;
  const patienceMs = hasLife ? timeoutMs : before.patienceMs;
  if (now >= verdictAt(silentSince, reading.readingSince, patienceMs)) return { verdict: "dead", silentMs: patienceMs };

  const isPingDue = now >= before.nextPingAt;
  const nextPingAt = isPingDue ? now + intervalMs : before.nextPingAt;
  const nextSilentSince = silentSince ?? (isPingDue ? now : undefined);
  const dueAt = Math.min(nextPingAt, verdictAt(nextSilentSince, reading.readingSince, patienceMs));
  const heartbeat = { dueAt, nextPingAt, silentSince: nextSilentSince, patienceMs };
  return { verdict: isPingDue ? "ping" : "wait", heartbeat };
}

function verdictAt(silentSince: number | undefined, readingSince: number | undefined, patienceMs: number): number {
  if (silentSince === undefined || readingSince === undefined) return Number.POSITIVE_INFINITY;
  return Math.max(silentSince, readingSince) + patienceMs;
}
