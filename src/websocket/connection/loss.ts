import type { ExternalServiceError } from "../../core/errors.ts";
import type {
  Backoff,
  ConnectionEffect,
  ConnectionSettings,
  Moment,
  Successor,
  Transition,
} from "./connection-model.ts";
import { isStable, type Next, nextAfter, rested } from "./redial.ts";
import { type Attempting, connectLimit, type Open, to } from "./transition.ts";

/** Who knows of a loss already. */
export interface LossFacts {
  /** We give the connection up, and its socket is still there. */
  readonly isSocketLeft: boolean;
  /** `onError` was told, or `onDisconnect` will be. */
  readonly isReported: boolean;
}

/** For what we ourselves end, and was told of. */
export const destroyedAndReported: LossFacts = { isSocketLeft: true, isReported: true };

/** A dial failed or a connection is gone: waits for the next, or gives up. */
export function lose(
  settings: ConnectionSettings,
  state: Attempting | Open,
  error: ExternalServiceError,
  moment: Moment,
  how: LossFacts,
): Transition {
  const { generation } = state;
  const { reconnect } = settings;
  const effects: ConnectionEffect[] = [];
  if (state.name === "open") {
    effects.push({ type: "cancelTimer", timer: "heartbeat" }, { type: "cancelTimer", timer: "rotate" });
  } else effects.push({ type: "cancelTimer", timer: "connect" });
  if (state.name === "open" || state.step.at === "preparing") effects.push({ type: "hold", generation, error });
  if (how.isSocketLeft) effects.push({ type: "destroySocket", generation, error });

  const wasStable = state.name === "open" && reconnect !== false && isStable(reconnect, state.openedAt, moment.now);
  const successor = state.name === "open" ? state.successor : undefined;
  const { endpoints } = state;
  const before = { ...(wasStable ? rested : backoffOf(state)), endpoints };
  if (successor !== undefined) {
    if (successor.step.at !== "waiting") return succeed(successor, before, error, moment.now, effects);
    effects.push({ type: "cancelTimer", timer: "retry" });
  }
  const next = nextAfter(settings, error, { ...before, at: state.misses % endpoints }, wasStable, moment);
  return follow(settings, { ...state, ...before }, error, next, moment, effects, !how.isReported);
}

const backoffOf = ({ retries, misses, holds, fatals, isRenewed, rotations }: Backoff): Backoff => ({
  retries,
  misses,
  holds,
  fatals,
  isRenewed,
  rotations,
});

/** The successor that is being dialled is the next attempt. */
function succeed(
  { generation, endpoints, failures, isRenewed, step }: Successor,
  before: Backoff,
  error: ExternalServiceError,
  now: number,
  effects: readonly ConnectionEffect[],
): Transition {
  const next = { ...before, isRenewed, generation, endpoints, misses: failures, step, lostAt: now, cause: error };
  return to({ ...next, name: "reconnecting" }, ...effects, { type: "disconnected", error, willReconnect: true });
}

/** Carries out what was decided about the next attempt. */
export function follow(
  settings: ConnectionSettings,
  state: Attempting | Open,
  error: ExternalServiceError,
  next: Next,
  { now }: Moment,
  before: readonly ConnectionEffect[],
  isNews: boolean,
): Transition {
  const hadSocket = state.name === "open" || state.step.at === "preparing";
  const effects = [...before];
  const isTooLate =
    state.name === "connecting" &&
    now + (next.kind === "wait" ? next.delayMs : 0) >= state.startedAt + settings.startTimeoutMs;
  const willReconnect = next.kind !== "fail" && !isTooLate;
  const generation = state.name === "open" ? state.lastGeneration : state.generation;
  if (hadSocket) effects.push({ type: "disconnected", error, willReconnect });
  if (!willReconnect) {
    effects.push({ type: "cancelTimer", timer: "start" });
    return to({ name: "failed", generation, error }, ...effects, { type: "end", error });
  }
  const base =
    state.name === "open"
      ? ({ name: "reconnecting", ...backoffOf(state), endpoints: state.endpoints, lostAt: now } as const)
      : state;
  if (next.kind === "renew") {
    const step = { at: "renewing", refusal: error, isTold: !isNews, wasStable: next.wasStable } as const;
    effects.push(connectLimit(settings, generation), { type: "renew", generation });
    return to({ ...base, generation, cause: error, step }, ...effects);
  }
  if (isNews) effects.push({ type: "report", error });
  effects.push({ type: "setTimer", timer: "retry", generation, delayMs: next.delayMs });
  const step = { at: "waiting", until: now + next.delayMs } as const;
  return to({ ...base, ...next.backoff, generation, cause: error, step }, ...effects);
}
