import type {
  AttemptStep,
  Backoff,
  ConnectionEffect,
  ConnectionEvent,
  ConnectionSettings,
  StreamState,
  Transition,
} from "./connection-model.ts";
import { type Heartbeat, startHeartbeat } from "./heartbeat.ts";
import { rotationDelay } from "./redial.ts";

export type Attempting = Extract<StreamState, { step: AttemptStep }>;
export type Connecting = Extract<StreamState, { name: "connecting" }>;
export type Open = Extract<StreamState, { name: "open" }>;
/** What carries the number of a connection. */
export type OfConnection = Extract<ConnectionEvent, { generation: number }>;

export const to = (state: StreamState, ...effects: readonly ConnectionEffect[]): Transition => ({ state, effects });

/** The limit of one attempt. */
export const connectLimit = (settings: ConnectionSettings, generation: number): ConnectionEffect => ({
  type: "setTimer",
  timer: "connect",
  generation,
  delayMs: settings.connectTimeoutMs,
});

/** When the heartbeat looks next. */
export const heartbeatTimer = (generation: number, { dueAt }: Heartbeat, now: number): ConnectionEffect => ({
  type: "setTimer",
  timer: "heartbeat",
  generation,
  delayMs: dueAt - now,
});

/** The state of a connection that flows from now on. */
export function opened(
  settings: ConnectionSettings,
  connection: Backoff & { readonly generation: number; readonly endpoints: number },
  now: number,
  random: number,
  before: readonly ConnectionEffect[],
): Transition {
  const { generation, misses, endpoints } = connection;
  const effects = [...before];
  const heartbeat = settings.heartbeat === false ? undefined : startHeartbeat(now, settings.heartbeat);
  if (heartbeat !== undefined) effects.push(heartbeatTimer(generation, heartbeat, now));
  const { rotation } = settings;
  const stayMs =
    rotation === false ? Number.POSITIVE_INFINITY : rotationDelay(rotation, misses % endpoints === 0, random);
  if (stayMs !== Number.POSITIVE_INFINITY)
    effects.push({ type: "setTimer", timer: "rotate", generation, delayMs: stayMs });
  effects.push({ type: "flow", generation });
  const state = { ...connection, name: "open", lastGeneration: generation, openedAt: now, heartbeat } as const;
  return to({ ...state, rotateAt: now + stayMs, mustRotate: false, successor: undefined }, ...effects);
}
