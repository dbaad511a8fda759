import type { ExternalServiceError } from "../core/errors.ts";
import { fullJitter } from "../resilience/backoff.ts";
import { judge, type Verdict } from "./close-codes.ts";
import { connectTimeout, pongTimeout, prepareFailure, startTimeout } from "./connection-errors.ts";
import type {
  AttemptStep,
  ConnectionEffect,
  ConnectionEvent,
  ConnectionSettings,
  Moment,
  ReconnectLimits,
  StreamState,
  Transition,
} from "./connection-model.ts";
import { beat, type Heartbeat, startHeartbeat } from "./heartbeat.ts";

type Connecting = Extract<StreamState, { name: "connecting" }>;
type Attempting = Extract<StreamState, { step: AttemptStep }>;
type Open = Extract<StreamState, { name: "open" }>;
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
  if (event.type === "start") return start(settings, state, moment);
  if (event.type === "close") return close(settings, state);
  if (event.type === "reset") return reset(state);
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

const to = (state: StreamState, ...effects: readonly ConnectionEffect[]): Transition => ({ state, effects });

/** An event of a connection that is over. A socket that opened after all must not stay. */
function stale(settings: ConnectionSettings, state: StreamState, event: ConnectionEvent): Transition {
  if (event.type === "opened") return to(state, { type: "destroySocket", generation: event.generation });
  // The start limit is one for all attempts, so its timer carries the first of them.
  if (event.type === "timer" && event.timer === "start" && state.name === "connecting") {
    if (event.generation === state.firstGeneration) return startTimedOut(settings, state);
  }
  return to(state);
}

function reset(state: StreamState): Transition {
  return state.name === "failed" ? to({ name: "idle", generation: state.generation }) : to(state);
}

function start(settings: ConnectionSettings, state: StreamState, { now }: Moment): Transition {
  if (state.name !== "idle" && state.name !== "failed") return to(state);
  const generation = state.generation + 1;
  const fresh = {
    name: "connecting",
    retries: 0,
    startedAt: now,
    firstGeneration: generation,
    cause: undefined,
  } as const;
  const { state: dialing, effects } = dial(settings, { ...fresh, generation: state.generation, step: undefined });
  return to(dialing, ...effects, {
    type: "setTimer",
    timer: "start",
    generation,
    delayMs: settings.startTimeoutMs,
  });
}

type Undialed = Omit<Attempting, "step"> & { readonly step: unknown };

function dial(settings: ConnectionSettings, state: Undialed): Transition {
  const generation = state.generation + 1;
  return to(
    { ...state, generation, step: { at: "dialing", stage: "headers" } } as Attempting,
    { type: "setTimer", timer: "connect", generation, delayMs: settings.connectTimeoutMs },
    { type: "dial", generation, attempt: state.retries + 1 },
  );
}

function whileAttempting(
  settings: ConnectionSettings,
  state: Attempting,
  event: Extract<ConnectionEvent, { generation: number }>,
  moment: Moment,
): Transition {
  const { generation, step } = state;
  switch (event.type) {
    case "stage":
      return step.at === "dialing" ? to({ ...state, step: { at: "dialing", stage: event.stage } }) : to(state);
    case "opened":
      if (step.at === "waiting") return stale(settings, state, event);
      if (step.at === "preparing") return to(state);
      return to({ ...state, step: { at: "preparing" } }, { type: "prepare", generation });
    case "prepared":
      return step.at === "preparing" ? open(settings, state, moment) : to(state);
    case "prepareFailed":
      if (step.at !== "preparing") return to(state);
      return lose(settings, state, prepareFailure(settings, event.thrown), moment, {
        isSocketLeft: true,
        isReported: true,
      });
    case "lost":
      if (step.at === "waiting") return to(state);
      return lose(settings, state, event.error, moment, { isSocketLeft: false, isReported: false });
    case "timer":
      if (event.timer === "start") return stale(settings, state, event);
      if (event.timer === "retry" && step.at === "waiting") return dial(settings, state);
      if (event.timer !== "connect" || step.at === "waiting") return to(state);
      return lose(settings, state, connectTimeout(settings, step), moment, { isSocketLeft: true, isReported: false });
    case "flushed":
      return to(state);
  }
}

function open(settings: ConnectionSettings, state: Attempting, { now }: Moment): Transition {
  const { generation, retries } = state;
  const heartbeat = settings.heartbeat === false ? undefined : startHeartbeat(now, settings.heartbeat);
  const effects: ConnectionEffect[] = [{ type: "cancelTimer", timer: "connect" }];
  if (state.name === "connecting") effects.push({ type: "cancelTimer", timer: "start" });
  if (heartbeat !== undefined) effects.push(heartbeatTimer(generation, heartbeat, now));
  effects.push({ type: "flow", generation });
  return to({ name: "open", generation, retries, openedAt: now, heartbeat }, ...effects);
}

const heartbeatTimer = (generation: number, { dueAt }: Heartbeat, now: number): ConnectionEffect => ({
  type: "setTimer",
  timer: "heartbeat",
  generation,
  delayMs: dueAt - now,
});

function whileOpen(settings: ConnectionSettings, state: Open, event: ConnectionEvent, moment: Moment): Transition {
  if (event.type === "opened") return to(state);
  if (event.type === "lost") {
    return lose(settings, state, event.error, moment, { isSocketLeft: false, isReported: true });
  }
  if (event.type !== "timer" || event.timer !== "heartbeat") return to(state);
  const { generation } = state;
  const limits = settings.heartbeat;
  if (limits === false || state.heartbeat === undefined) return to(state);
  const result = beat(state.heartbeat, event, moment.now, limits);
  if (result.verdict === "dead") {
    const error = pongTimeout(settings, limits.timeoutMs);
    return lose(settings, state, error, moment, { isSocketLeft: true, isReported: true });
  }
  const timer = heartbeatTimer(generation, result.heartbeat, moment.now);
  const ping: ConnectionEffect = { type: "sendPing", generation };
  return to({ ...state, heartbeat: result.heartbeat }, ...(result.verdict === "ping" ? [ping, timer] : [timer]));
}

/** A dial failed or a connection is gone: waits for the next, or gives up. */
function lose(
  settings: ConnectionSettings,
  state: Attempting | Open,
  error: ExternalServiceError,
  { now, random }: Moment,
  how: { readonly isSocketLeft: boolean; readonly isReported: boolean },
): Transition {
  const { generation } = state;
  const { reconnect } = settings;
  const hadSocket = state.name === "open" || state.step.at === "preparing";
  const verdict = judge(error);
  const isStable = state.name === "open" && reconnect !== false && now - state.openedAt >= reconnect.stableAfterMs;
  const retries = isStable ? 0 : state.retries;

  const effects: ConnectionEffect[] = [{ type: "cancelTimer", timer: state.name === "open" ? "heartbeat" : "connect" }];
  if (how.isSocketLeft) effects.push({ type: "destroySocket", generation });
  if (hadSocket) effects.push({ type: "hold", generation, error });

  const delayMs =
    verdict === "fatal" || reconnect === false || retries >= reconnect.maxAttempts
      ? undefined
      : redialDelay(reconnect, verdict, error.retryAfterMs, retries, random);
  const isTooLate = state.name === "connecting" && now + (delayMs ?? 0) >= state.startedAt + settings.startTimeoutMs;
  const willReconnect = delayMs !== undefined && !isTooLate;
  if (hadSocket) effects.push({ type: "disconnected", error, willReconnect });
  if (!willReconnect) {
    if (state.name === "connecting") effects.push({ type: "cancelTimer", timer: "start" });
    return to({ name: "failed", generation, error }, ...effects, { type: "end", error });
  }

  if (!how.isReported) effects.push({ type: "report", error });
  effects.push({ type: "setTimer", timer: "retry", generation, delayMs });
  const next = {
    generation,
    retries: retries + 1,
    step: { at: "waiting", until: now + delayMs },
    cause: error,
  } as const;
  if (state.name === "connecting") return to({ ...state, ...next }, ...effects);
  return to({ name: "reconnecting", lostAt: state.name === "open" ? now : state.lostAt, ...next }, ...effects);
}

/** The wait before a redial, in milliseconds; PROTOCOL.md, section 3. */
function redialDelay(
  limits: ReconnectLimits,
  verdict: Verdict,
  retryAfterMs: number | undefined,
  retries: number,
  random: number,
): number {
  const ordinary = fullJitter(limits, retries, () => random);
  if (retryAfterMs !== undefined) return Math.min(retryAfterMs, limits.maxDelayMs) + ordinary;
  // Of the default 30 s: 1012 spreads over 5 to 30 s, as its registration asks, 1013 over 15 to 30 s.
  if (verdict === "restart") return limits.maxDelayMs * (1 / 6 + (5 / 6) * random);
  if (verdict === "overload") return limits.maxDelayMs * (1 / 2 + (1 / 2) * random);
  return ordinary;
}

function startTimedOut(settings: ConnectionSettings, state: Connecting): Transition {
  const { generation, step, cause } = state;
  const error = cause ?? startTimeout(settings);
  const effects: ConnectionEffect[] = [{ type: "cancelTimer", timer: step.at === "waiting" ? "retry" : "connect" }];
  if (step.at !== "waiting") effects.push({ type: "destroySocket", generation });
  if (step.at === "preparing") {
    effects.push({ type: "hold", generation, error }, { type: "disconnected", error, willReconnect: false });
  }
  return to({ name: "failed", generation, error }, ...effects, { type: "end", error });
}

function close(settings: ConnectionSettings, state: StreamState): Transition {
  const { generation } = state;
  const closed = { name: "closed", generation } as const;
  const limit: ConnectionEffect = { type: "setTimer", timer: "close", generation, delayMs: settings.closeTimeoutMs };
  switch (state.name) {
    case "closing":
    case "closed":
      return to(state);
    case "idle":
    case "failed":
      return to(closed, { type: "end" });
    case "open":
      return to({ name: "closing", generation, step: "flushing" }, { type: "cancelTimer", timer: "heartbeat" }, limit, {
        type: "flush",
        generation,
      });
    case "connecting":
    case "reconnecting": {
      const timers: ConnectionEffect[] = [
        { type: "cancelTimer", timer: state.step.at === "waiting" ? "retry" : "connect" },
      ];
      if (state.name === "connecting") timers.push({ type: "cancelTimer", timer: "start" });
      if (state.step.at === "waiting") return to(closed, ...timers, { type: "end" });
      if (state.step.at === "dialing")
        return to(closed, ...timers, { type: "destroySocket", generation }, { type: "end" });
      return to({ name: "closing", generation, step: "handshake" }, ...timers, limit, {
        type: "closeSocket",
        generation,
      });
    }
  }
}

function whileClosing(state: Closing, event: ConnectionEvent): Transition {
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
