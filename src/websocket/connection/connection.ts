import { pongTimeout } from "./connection-errors.ts";
import { dial, stale, whileAttempting } from "./attempt.ts";
import type {
  ConnectionEffect,
  ConnectionEvent,
  ConnectionSettings,
  Moment,
  StreamState,
  Transition,
} from "./connection-model.ts";
import { beat, probe } from "./heartbeat.ts";
import { destroyedAndReported, lose } from "./loss.ts";
import { rested } from "./redial.ts";
import { abandonSuccessor, rotateInTime, whileSucceeding, wishToRotate } from "./succession.ts";
import { heartbeatTimer, type OfConnection, type Open, to } from "./transition.ts";

type Closing = Extract<StreamState, { name: "closing" }>;

/** The life of a stream as a pure function: PROTOCOL.md, executable. It is total: any event may come in any state. */
export function connectionReducer(
  settings: ConnectionSettings,
): (state: StreamState, event: ConnectionEvent, moment: Moment) => Transition {
  return (state, event, moment) => {
    const next = reduce(settings, state, event, moment);
    if (next.state === state || labelOf(next.state) === labelOf(state)) return next;
    return { state: next.state, effects: [...next.effects, { type: "announce", state: next.state }] };
  };
}

function labelOf(state: StreamState): string {
  const step = !("step" in state) ? "" : typeof state.step === "string" ? state.step : state.step.at;
  return `${state.name} ${state.generation} ${step}`;
}

function reduce(settings: ConnectionSettings, state: StreamState, event: ConnectionEvent, moment: Moment): Transition {
  switch (event.type) {
    case "start":
      return start(settings, state, moment);
    case "close":
      return close(settings, state);
    case "reset":
      return state.name === "failed" ? to({ name: "idle", generation: state.generation }) : to(state);
    case "hurry":
      return hurry(settings, state, event.lastByteAt, moment);
    case "rotate":
      return state.name === "open" ? wishToRotate(settings, state, moment) : to(state);
    default:
      return ofConnection(settings, state, event, moment);
  }
}

function ofConnection(
  settings: ConnectionSettings,
  state: StreamState,
  event: OfConnection,
  moment: Moment,
): Transition {
  if (state.name === "open" && event.generation === state.successor?.generation) {
    return whileSucceeding(settings, state, state.successor, event, moment);
  }
  if (event.generation !== state.generation) return stale(settings, state, event);
  switch (state.name) {
    case "connecting":
    case "reconnecting":
      return whileAttempting(settings, state, event, moment);
    case "open":
      return whileOpen(settings, state, event, moment);
    case "closing":
      return whileClosing(state, event);
    case "idle":
    case "closed":
    case "failed":
      return stale(settings, state, event);
  }
}

function start(settings: ConnectionSettings, state: StreamState, { now }: Moment): Transition {
  if (state.name !== "idle" && state.name !== "failed") return to(state);
  const generation = state.generation + 1;
  const dialing = dial({
    name: "connecting",
    generation: state.generation,
    ...rested,
    endpoints: 1,
    startedAt: now,
    firstGeneration: generation,
    cause: undefined,
  });
  const limit = { type: "setTimer", timer: "start", generation, delayMs: settings.startTimeoutMs } as const;
  return to(dialing.state, ...dialing.effects, limit);
}

/** Ends a wait, and has an open connection show that it is alive. */
function hurry(settings: ConnectionSettings, state: StreamState, lastByteAt: number, { now }: Moment): Transition {
  if (state.name === "open") {
    const probing = probeNow(settings, state, lastByteAt, now);
    if (state.successor?.step.at !== "waiting") return probing;
    const { generation } = state.successor;
    const redial: ConnectionEffect = { type: "setTimer", timer: "retry", generation, delayMs: 0 };
    return to(probing.state, ...probing.effects, redial);
  }
  if (state.name !== "connecting" && state.name !== "reconnecting") return to(state);
  if (state.step.at !== "waiting") return to(state);
  const dialing = dial(state);
  return to(dialing.state, { type: "cancelTimer", timer: "retry" }, ...dialing.effects);
}

function probeNow(settings: ConnectionSettings, state: Open, lastByteAt: number, now: number): Transition {
  if (settings.heartbeat === false || state.heartbeat === undefined) return to(state);
  const { generation } = state;
  const heartbeat = probe(state.heartbeat, lastByteAt, now, settings.heartbeat);
  const ping = { type: "sendPing", generation } as const;
  return to({ ...state, heartbeat }, ping, heartbeatTimer(generation, heartbeat, now));
}

function whileOpen(settings: ConnectionSettings, state: Open, event: OfConnection, moment: Moment): Transition {
  if (event.type === "lost") {
    return lose(settings, state, event.error, moment, { isSocketLeft: false, isReported: true });
  }
  if (event.type !== "timer") return to(state);
  if (event.timer === "rotate") return rotateInTime(settings, state, moment.now);
  if (event.timer !== "heartbeat") return to(state);
  const { generation } = state;
  const limits = settings.heartbeat;
  if (limits === false || state.heartbeat === undefined) return to(state);
  const result = beat(state.heartbeat, event, moment.now, limits);
  if (result.verdict === "dead") {
    return lose(settings, state, pongTimeout(settings, result.silentMs), moment, destroyedAndReported);
  }
  const timer = heartbeatTimer(generation, result.heartbeat, moment.now);
  const ping: ConnectionEffect = { type: "sendPing", generation };
  return to({ ...state, heartbeat: result.heartbeat }, ...(result.verdict === "ping" ? [ping, timer] : [timer]));
}

function close(settings: ConnectionSettings, state: StreamState): Transition {
  const { generation } = state;
  const limit: ConnectionEffect = { type: "setTimer", timer: "close", generation, delayMs: settings.closeTimeoutMs };
  switch (state.name) {
    case "closing":
    case "closed":
      return to(state);
    case "idle":
    case "failed":
      return to({ name: "closed", generation }, { type: "end" });
    case "open":
      return to(
        { name: "closing", generation, step: "flushing" },
        { type: "cancelTimer", timer: "heartbeat" },
        { type: "cancelTimer", timer: "rotate" },
        ...abandonSuccessor(settings, state),
        limit,
        { type: "flush", generation },
      );
    case "connecting":
    case "reconnecting": {
      const timers: ConnectionEffect[] = [
        { type: "cancelTimer", timer: state.step.at === "waiting" ? "retry" : "connect" },
      ];
      if (state.name === "connecting") timers.push({ type: "cancelTimer", timer: "start" });
      if (state.step.at === "preparing") {
        const handshake: ConnectionEffect = { type: "closeSocket", generation };
        return to({ name: "closing", generation, step: "handshake" }, ...timers, limit, handshake);
      }
      // Also where credentials are renewed: it aborts the provider that was asked for them.
      if (state.step.at !== "waiting") timers.push({ type: "destroySocket", generation });
      return to({ name: "closed", generation }, ...timers, { type: "end" });
    }
  }
}

function whileClosing(state: Closing, event: OfConnection): Transition {
  const { generation } = state;
  if (event.type === "flushed" && state.step === "flushing") {
    return to({ ...state, step: "handshake" }, { type: "closeSocket", generation });
  }
  const isLost = event.type === "lost";
  const isOver = event.type === "timer" && event.timer === "close";
  if (!isLost && !isOver) return to(state);
  return to(
    { name: "closed", generation },
    { type: "cancelTimer", timer: "close" },
    ...(isOver ? [{ type: "destroySocket", generation } as const] : []),
    { type: "disconnected", ...(isLost ? { error: event.error } : {}), willReconnect: false },
    { type: "end" },
  );
}
