import { connectTimeout, prepareFailure, startTimeout } from "./connection-errors.ts";
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
import { destroyedAndReported, follow, lose } from "./loss.ts";
import { nextAfterVerdict } from "./redial.ts";
import { type Attempting, type Connecting, connectLimit, type OfConnection, opened, to } from "./transition.ts";

type Undialed = {
  readonly [Name in Attempting["name"]]: Omit<Extract<Attempting, { name: Name }>, "step">;
}[Attempting["name"]];

type Renewing = Extract<AttemptStep, { at: "renewing" }>;

/** The next attempt: it first waits for its turn. */
export function dial(state: Undialed): Transition {
  const generation = state.generation + 1;
  const { retries, misses, isRenewed } = state;
  return to(
    { ...state, generation, step: { at: "dialing", stage: "turn" } },
    {
      type: "dial",
      generation,
      attempt: retries + 1,
      endpoint: misses,
      isRenewed,
    },
  );
}

/** An event of a connection that is over. A socket that opened after all must not stay. */
export function stale(settings: ConnectionSettings, state: StreamState, event: OfConnection): Transition {
  if (event.type === "opened") return to(state, { type: "destroySocket", generation: event.generation });
  // The start limit is one for all attempts, so its timer carries the first of them.
  if (event.type === "timer" && event.timer === "start" && state.name === "connecting") {
    if (event.generation === state.firstGeneration) return startTimedOut(settings, state);
  }
  return to(state);
}

/** An event of the attempt that is under way. */
export function whileAttempting(
  settings: ConnectionSettings,
  state: Attempting,
  event: OfConnection,
  moment: Moment,
): Transition {
  const { generation, step } = state;
  switch (event.type) {
    case "stage":
      return advance(settings, state, event);
    case "opened":
      if (step.at === "dialing") return to({ ...state, step: { at: "preparing" } }, { type: "prepare", generation });
      return step.at === "preparing" ? to(state) : stale(settings, state, event);
    case "prepared":
      return step.at === "preparing" ? open(settings, state, moment) : to(state);
    case "prepareFailed":
      if (step.at !== "preparing") return to(state);
      return lose(settings, state, prepareFailure(settings, event.thrown), moment, destroyedAndReported);
    case "renewed":
      if (step.at !== "renewing") return to(state);
      return event.hasOthers ? redialRenewed(state, step) : refuse(settings, state, step, moment);
    case "lost":
      if (step.at !== "dialing" && step.at !== "preparing") return to(state);
      return lose(settings, state, event.error, moment, { isSocketLeft: false, isReported: false });
    case "timer":
      return attemptTimer(settings, state, event, moment);
    case "flushed":
      return to(state);
  }
}

/** The limit of the attempt begins when its turn has come. */
function advance(
  settings: ConnectionSettings,
  state: Attempting,
  event: Extract<ConnectionEvent, { type: "stage" }>,
): Transition {
  const { generation, step } = state;
  if (step.at !== "dialing") return to(state);
  const { stage, endpoints = state.endpoints } = event;
  const next = { ...state, endpoints, step: { at: "dialing", stage } } as const;
  return step.stage === "turn" && stage !== "turn" ? to(next, connectLimit(settings, generation)) : to(next);
}

function attemptTimer(
  settings: ConnectionSettings,
  state: Attempting,
  event: Extract<ConnectionEvent, { type: "timer" }>,
  moment: Moment,
): Transition {
  const { step } = state;
  if (event.timer === "start") return stale(settings, state, event);
  if (event.timer === "retry" && step.at === "waiting") return dial(state);
  if (event.timer !== "connect" || step.at === "waiting") return to(state);
  if (step.at === "renewing") return refuse(settings, state, step, moment);
  return lose(settings, state, connectTimeout(settings, step, event.isReadingPaused), moment, {
    isSocketLeft: true,
    isReported: false,
  });
}

/** There are other credentials: they are tried at once, and only once. */
function redialRenewed(state: Attempting, { refusal, isTold }: Renewing): Transition {
  const dialing = dial({ ...state, isRenewed: true });
  const news: readonly ConnectionEffect[] = isTold ? [] : [{ type: "report", error: refusal }];
  return to(dialing.state, { type: "cancelTimer", timer: "connect" }, ...news, ...dialing.effects);
}

/** There are no other credentials: the refusal stands. */
function refuse(
  settings: ConnectionSettings,
  state: Attempting,
  { refusal: error, isTold, wasStable }: Renewing,
  moment: Moment,
): Transition {
  // Where nothing is dialled again, nothing is renewed either.
  const before = { ...state, at: state.misses % state.endpoints };
  const next = nextAfterVerdict(settings.reconnect as ReconnectLimits, "fatal", error, before, wasStable, moment);
  const effects: ConnectionEffect[] = [
    { type: "cancelTimer", timer: "connect" },
    { type: "destroySocket", generation: state.generation },
  ];
  return follow(settings, state, error, next, moment, effects, !isTold);
}

function open(settings: ConnectionSettings, state: Attempting, { now, random }: Moment): Transition {
  const { generation, retries, misses, holds, fatals, isRenewed, rotations, endpoints } = state;
  const effects: ConnectionEffect[] = [
    { type: "cancelTimer", timer: "connect" },
    { type: "cancelTimer", timer: "start" },
  ];
  return opened(
    settings,
    { generation, retries, misses, holds, fatals, isRenewed, rotations, endpoints },
    now,
    random,
    effects,
  );
}

function startTimedOut(settings: ConnectionSettings, state: Connecting): Transition {
  const { generation, step, cause } = state;
  const error = cause ?? startTimeout(settings);
  const effects: ConnectionEffect[] = [{ type: "cancelTimer", timer: step.at === "waiting" ? "retry" : "connect" }];
  if (step.at === "preparing") effects.push({ type: "hold", generation, error });
  if (step.at !== "waiting") effects.push({ type: "destroySocket", generation, error });
  if (step.at === "preparing") effects.push({ type: "disconnected", error, willReconnect: false });
  return to({ name: "failed", generation, error }, ...effects, { type: "end", error });
}
