import { currentDeadline } from "../core/deadline.ts";
import type { HealthStatus } from "../core/health.ts";
import type { ConnectionShell } from "./connection-shell.ts";
import type { StreamState } from "./connection-model.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { Pings } from "./pings.ts";

export interface StreamVerdict {
  readonly status: HealthStatus;
  readonly output?: string;
}

// A health check that takes longer than this is of no use to whoever asks.
const longestProbeMs = 5_000;

/** What the state alone says; undefined for `open`, which has to be tried. */
export function judgeState(state: StreamState): StreamVerdict | undefined {
  switch (state.name) {
    case "open":
      return undefined;
    case "reconnecting": {
      // A connection that is rotated is back with the first redial, and not worth an alarm.
      const status = state.retries > 1 ? "fail" : "warn";
      return { status, output: `reconnecting, retry ${state.retries}: ${state.cause.message}` };
    }
    case "connecting":
      return { status: "fail", output: state.cause?.message ?? "connecting for the first time" };
    case "failed":
      return { status: "fail", output: state.error.message };
    case "idle":
    case "closing":
    case "closed":
      return { status: "fail", output: `the stream is ${state.name}` };
  }
}

const paused: StreamVerdict = {
  status: "warn",
  output: "a consumer is too slow: reading is paused until it has caught up",
};

/** Tries an open connection with a ping of its own. */
export async function probe(
  shell: ConnectionShell,
  pings: Pings,
  clock: Clock,
  limits: { readonly pingTimeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<StreamVerdict> {
  const socket = shell.openSocket;
  if (socket === undefined) return { status: "fail", output: "the connection is gone" };
  if (shell.isPaused) return paused;
  const askedAt = clock.now();
  const limitMs = Math.min(limits.pingTimeoutMs, longestProbeMs, currentDeadline()?.remainingMs() ?? longestProbeMs);
  const rttMs = await pong(socket, pings, clock, limitMs, limits.signal);
  if (rttMs !== undefined) return { status: "pass" };
  if (shell.openSocket !== socket) return { status: "fail", output: "the connection broke" };
  if (shell.isPaused) return paused;
  if (socket.lastByteAt > askedAt) return { status: "warn", output: "bytes come, but no answer to a ping" };
  return { status: "fail", output: `no answer to a ping within ${Math.round(limitMs)} ms` };
}

async function pong(
  socket: { ping(payload: string): void },
  pings: Pings,
  clock: Clock,
  limitMs: number,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  let timer: Timer | undefined;
  let giveUp: () => void = () => undefined;
  try {
    return await new Promise<number | undefined>((resolve) => {
      giveUp = () => resolve(undefined);
      timer = clock.setTimer(limitMs, giveUp);
      if (signal?.aborted) giveUp();
      signal?.addEventListener("abort", giveUp);
      pings.send(socket, resolve);
    });
  } finally {
    timer?.cancel();
    signal?.removeEventListener("abort", giveUp);
  }
}
