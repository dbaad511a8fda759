import type { ExternalServiceError } from "../../core/errors.ts";
import { connectTimeout, prepareFailure, streamClosed } from "./connection-errors.ts";
import type {
  ConnectionEffect,
  ConnectionSettings,
  Moment,
  ReconnectLimits,
  Successor,
  Transition,
} from "./connection-model.ts";
import { destroyedAndReported, type LossFacts } from "./loss.ts";
import { isAged, isStable, redialDelay, rested, rotationDelay } from "./redial.ts";
import { connectLimit, type OfConnection, type Open, opened, to } from "./transition.ts";

/** The feed announced that it will cut the connection, or somebody asked for another one. */
export function wishToRotate(settings: ConnectionSettings, state: Open, { now, random }: Moment): Transition {
  const { reconnect, rotation } = settings;
  if (rotation === false || reconnect === false) return to(state);
  if (state.rotations === 0 || isStable(reconnect, state.openedAt, now)) {
    return rotate(reconnect, { ...state, mustRotate: true }, now);
  }
  // A feed that announces the end of each connection as soon as it is open is not stormed.
  const delayMs = redialDelay(reconnect, "retry", undefined, state.rotations - 1, random);
  const { generation } = state;
  const asked = { ...state, mustRotate: true };
  if (state.successor !== undefined || state.rotateAt <= now + delayMs) return to(asked);
  return to({ ...asked, rotateAt: now + delayMs }, { type: "setTimer", timer: "rotate", generation, delayMs });
}

/** The connection has been here for long enough: it is of age, or is to go back to the first endpoint. */
export function rotateInTime(settings: ConnectionSettings, state: Open, now: number): Transition {
  const { reconnect, rotation } = settings;
  if (rotation === false || reconnect === false) return to(state);
  return rotate(reconnect, { ...state, mustRotate: state.mustRotate || isAged(rotation, now - state.openedAt) }, now);
}

/** Make before break: dials a successor, while the open connection flows on. */
function rotate(reconnect: ReconnectLimits, state: Open, now: number): Transition {
  if (state.successor !== undefined) return to(state);
  const isRenewed = state.isRenewed && !isStable(reconnect, state.openedAt, now);
  return dialSuccessor({ ...state, rotations: state.rotations + 1 }, { failures: 0, isRenewed });
}

function dialSuccessor(state: Open, { failures, isRenewed }: Pick<Successor, "failures" | "isRenewed">): Transition {
  const generation = state.lastGeneration + 1;
  const step = { at: "dialing", stage: "turn" } as const;
  const successor: Successor = { generation, endpoints: state.endpoints, step, failures, isRenewed };
  return to(
    { ...state, lastGeneration: generation, successor },
    { type: "dial", generation, attempt: failures + 1, endpoint: failures, isRenewed },
  );
}

/** An event of the connection that is to take over. */
export function whileSucceeding(
  settings: ConnectionSettings,
  state: Open,
  successor: Successor,
  event: OfConnection,
  moment: Moment,
): Transition {
  const { generation, step } = successor;
  const isUnderWay = step.at !== "waiting";
  const stepped = (next: Partial<Successor>, ...effects: readonly ConnectionEffect[]): Transition =>
    to({ ...state, successor: { ...successor, ...next } }, ...effects);
  switch (event.type) {
    case "stage": {
      if (step.at !== "dialing") return to(state);
      const { stage, endpoints = successor.endpoints } = event;
      const isBegun = step.stage === "turn" && stage !== "turn";
      const limit = isBegun ? [connectLimit(settings, generation)] : [];
      return stepped({ endpoints, step: { at: "dialing", stage } }, ...limit);
    }
    case "opened":
      if (step.at === "dialing") return stepped({ step: { at: "preparing" } }, { type: "prepare", generation });
      return step.at === "preparing" ? to(state) : to(state, { type: "destroySocket", generation });
    case "prepared":
      return step.at === "preparing" ? takeOver(settings, state, successor, moment) : to(state);
    case "prepareFailed":
      if (step.at !== "preparing") return to(state);
      return fail(settings, state, successor, prepareFailure(settings, event.thrown), moment, destroyedAndReported);
    case "lost":
      return isUnderWay
        ? fail(settings, state, successor, event.error, moment, { isSocketLeft: false, isReported: false })
        : to(state);
    case "timer":
      if (event.timer === "retry" && step.at === "waiting") return dialSuccessor(state, successor);
      if (event.timer !== "connect" || step.at === "waiting") return to(state);
      return fail(settings, state, successor, connectTimeout(settings, step, event.isReadingPaused), moment, {
        isSocketLeft: true,
        isReported: false,
      });
    case "renewed":
    case "flushed":
      return to(state);
  }
}

/** The flow moves over in one step; the old connection ends when nothing is owed on it. */
function takeOver(
  settings: ConnectionSettings,
  state: Open,
  successor: Successor,
  { now, random }: Moment,
): Transition {
  const { generation, endpoints, failures, isRenewed } = successor;
  const limits = settings.reconnect as ReconnectLimits;
  // Of a connection that was not stable, its successor has what went before it to answer for.
  const { retries, rotations } = isStable(limits, state.openedAt, now) ? rested : state;
  const { state: next, effects } = opened(
    settings,
    { retries, rotations, isRenewed, generation, endpoints, misses: failures, holds: [], fatals: 0 },
    now,
    random,
    [
      { type: "cancelTimer", timer: "connect" },
      { type: "cancelTimer", timer: "heartbeat" },
      { type: "cancelTimer", timer: "rotate" },
    ],
  );
  return to(
    next,
    ...effects,
    { type: "retire", generation: state.generation },
    { type: "disconnected", willReconnect: true },
  );
}

/** The open connection stays; the next try comes after the ordinary wait. */
function fail(
  settings: ConnectionSettings,
  state: Open,
  successor: Successor,
  error: ExternalServiceError,
  { now, random }: Moment,
  { isSocketLeft, isReported }: LossFacts,
): Transition {
  const { generation, step, endpoints, failures, isRenewed } = successor;
  const limits = settings.reconnect as ReconnectLimits;
  const effects: ConnectionEffect[] = [{ type: "cancelTimer", timer: "connect" }];
  if (step.at === "preparing") effects.push({ type: "hold", generation, error });
  if (isSocketLeft) effects.push({ type: "destroySocket", generation, error });
  if (step.at === "preparing") effects.push({ type: "disconnected", error, willReconnect: true });
  const judged = settings.judge(error);
  const isRefused = judged === "refresh";
  if (isRefused && !isRenewed) effects.push({ type: "renew", generation });
  const verdict = isRefused && isRenewed ? "fatal" : judged;
  const round = Math.floor(failures / endpoints);
  const ordinaryMs = redialDelay(limits, verdict, error.retryAfterMs, round, random);
  // A refusal for good may be the first endpoint's alone, and there is a connection: no hurry, and no end.
  const delayMs = verdict === "fatal" ? limits.maxDelayMs : ordinaryMs;
  if (!isReported) effects.push({ type: "report", error });
  // The next one in order is where it is: there is nothing to go back to yet.
  const isBackHere = !state.mustRotate && endpoints === state.endpoints && failures + 1 === state.misses % endpoints;
  if (isBackHere && !(isRefused && !isRenewed)) return stay(settings, state, { now, random }, effects);
  effects.push({ type: "setTimer", timer: "retry", generation, delayMs });
  const waiting = { at: "waiting", until: now + delayMs } as const;
  return to(
    { ...state, successor: { ...successor, failures: failures + 1, isRenewed: isRenewed || isRefused, step: waiting } },
    ...effects,
  );
}

/** The first endpoint is not there again: the connection stays where it is, until the next time to look. */
function stay(
  { rotation }: ConnectionSettings,
  state: Open,
  { now, random }: Moment,
  effects: readonly ConnectionEffect[],
): Transition {
  const { generation, openedAt, rotations } = state;
  const stayMs = rotation === false ? 0 : rotationDelay(rotation, false, random, now - openedAt);
  const delayMs = Math.max(0, stayMs);
  const timer: ConnectionEffect = { type: "setTimer", timer: "rotate", generation, delayMs };
  const next = { ...state, successor: undefined, rotations: rotations - 1, rotateAt: now + delayMs };
  return to(next, ...effects, timer);
}

/** What is to be done about a successor when the stream is closed. */
export function abandonSuccessor(settings: ConnectionSettings, { successor }: Open): readonly ConnectionEffect[] {
  if (successor === undefined) return [];
  const { generation, step } = successor;
  if (step.at === "waiting") return [{ type: "cancelTimer", timer: "retry" }];
  const cancel: ConnectionEffect = { type: "cancelTimer", timer: "connect" };
  const destroy: ConnectionEffect = { type: "destroySocket", generation };
  if (step.at === "dialing") return [cancel, destroy];
  const { service, operation } = settings;
  const error = streamClosed({ service, operation }, "the connection was ready");
  return [cancel, { type: "hold", generation, error }, destroy, { type: "disconnected", willReconnect: false }];
}
