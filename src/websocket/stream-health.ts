import { currentDeadline } from "../core/deadline.ts";
import type { HealthReport, HealthStatus } from "../core/health.ts";
import type { ConnectionShell } from "./connection/connection-shell.ts";
import type { StreamState } from "./connection/connection-model.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { Pings } from "./connection/pings.ts";
import type { Stream } from "./stream.ts";

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

/** What is known of a stream, and, where that alone does not settle it, what a ping of its own finds out. */
export async function checkStream<Message>(
  stream: Stream<Message>,
  settings: { readonly name: string; readonly clock: Clock; readonly pingTimeoutMs: number },
  signal: AbortSignal | undefined,
): Promise<HealthReport> {
  const { clock, pingTimeoutMs } = settings;
  const startedAt = clock.now();
  const verdict =
    judgeState(stream.state) ?? (await probe(stream.shell, stream.pings, clock, { pingTimeoutMs, signal }));
  const now = clock.now();
  const { state, traffic, outbox, inbox, pings, shell } = stream;
  return {
    service: settings.name,
    ...verdict,
    latencyMs: Math.round(now - startedAt),
    state: state.name,
    time: new Date(clock.wallNow()).toISOString(),
    details: {
      generation: state.generation,
      reconnects: Math.max(0, traffic.opens - 1),
      rttMs: rounded(pings.rttMs),
      lastMessageAgeMs: rounded(traffic.lastMessageAt === undefined ? undefined : now - traffic.lastMessageAt),
      queuedSends: outbox.queuedMessages,
      queuedSendBytes: outbox.queuedBytes,
      undeliveredMessages: inbox.depth,
      isReadingPaused: shell.isPaused,
    },
  };
}

const rounded = (ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : Math.round(ms * 10) / 10;

async function probe(
  shell: ConnectionShell,
  pings: Pings,
  clock: Clock,
  limits: { readonly pingTimeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<StreamVerdict> {
  const socket = shell.open?.socket;
  if (socket === undefined) return { status: "fail", output: "the connection is gone" };
  if (shell.isPaused) return paused;
  const askedAt = clock.now();
  const limitMs = Math.min(limits.pingTimeoutMs, longestProbeMs, currentDeadline()?.remainingMs() ?? longestProbeMs);
  const rttMs = await pong(socket, pings, clock, limitMs, limits.signal);
  if (rttMs !== undefined) return { status: "pass" };
  if (shell.open?.socket !== socket) return { status: "fail", output: "the connection broke" };
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
