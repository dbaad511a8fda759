import { type ExternalServiceError, ServiceConnectionError, ServiceResponseError } from "../../src/core/errors.ts";
import { judge } from "../../src/websocket/connection/close-codes.ts";
import { connectionReducer } from "../../src/websocket/connection/connection.ts";
import type {
  ConnectionEffect,
  ConnectionEvent,
  ConnectionSettings,
  ReconnectLimits,
  StreamState,
} from "../../src/websocket/connection/connection-model.ts";

/** The defaults. */
export const reconnect: ReconnectLimits = {
  baseDelayMs: 500,
  maxDelayMs: 30_000,
  stableAfterMs: 10_000,
  maxAttempts: Number.POSITIVE_INFINITY,
};

/** Those of a stream that does not rotate. */
export const settings: ConnectionSettings = {
  service: "feed",
  operation: "/stream",
  connectTimeoutMs: 10_000,
  startTimeoutMs: 30_000,
  closeTimeoutMs: 5_000,
  reconnect,
  heartbeat: { intervalMs: 20_000, timeoutMs: 20_000 },
  rotation: false,
  judge,
};

const facts = { service: "feed", phase: "connect", outcome: "not-sent" } as const;
export const passing: ExternalServiceError = new ServiceConnectionError("connect", { ...facts, retryable: true });
export const closedWith = (closeCode: number): ExternalServiceError =>
  new ServiceConnectionError("closed", { ...facts, closeCode });
export const refusedWith = (status: number, retryAfterMs?: number): ExternalServiceError =>
  new ServiceResponseError({ ...facts, status, headers: {}, body: "", retryAfterMs });

/** A stream without a shell. */
export interface Machine {
  now: number;
  random: number;
  state: StreamState;
  /** Of the last event. */
  effects: readonly ConnectionEffect[];
  on(event: ConnectionEvent): Machine;
  /** The delay of a timer that the last event set. */
  timer(name: string): number | undefined;
  has(type: ConnectionEffect["type"]): boolean;
  lose(error: ExternalServiceError): Machine;
  redial(): Machine;
  open(): Machine;
}

/** Drives the reducer as the shell would, with a clock that the test moves. */
export function machine(changes: Partial<ConnectionSettings> = {}): Machine {
  const reduce = connectionReducer({ ...settings, ...changes });
  const it: Machine = {
    now: 0,
    random: 0.5,
    state: { name: "idle", generation: 0 },
    effects: [],
    on(event: ConnectionEvent) {
      const next = reduce(it.state, event, { now: it.now, random: it.random });
      it.state = next.state;
      it.effects = next.effects;
      return it;
    },
    timer(name: string) {
      const found = it.effects.find((effect) => effect.type === "setTimer" && effect.timer === name);
      return found?.type === "setTimer" ? found.delayMs : undefined;
    },
    has: (type: ConnectionEffect["type"]) => it.effects.some((effect) => effect.type === type),
    lose: (error: ExternalServiceError) => it.on({ type: "lost", generation: it.state.generation, error }),
    redial: () => it.on({ type: "timer", timer: "retry", generation: it.state.generation }),
    open() {
      const { generation } = it.state;
      return it.on({ type: "opened", generation }).on({ type: "prepared", generation });
    },
  };
  return it;
}

export const opened = (changes?: Partial<ConnectionSettings>): Machine => machine(changes).on({ type: "start" }).open();
