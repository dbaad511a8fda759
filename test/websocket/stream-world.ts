import { type ExternalServiceError, ServiceConnectionError, ServiceResponseError } from "../../src/core/errors.ts";
import { judge } from "../../src/websocket/connection/close-codes.ts";
import { connectionReducer } from "../../src/websocket/connection/connection.ts";
import type {
  ConnectionEffect,
  ConnectionEvent,
  ConnectionSettings,
  DialStage,
  StreamState,
  TimerName,
} from "../../src/websocket/connection/connection-model.ts";

const facts = { service: "feed", phase: "connect", outcome: "unknown" } as const;
const closed = (closeCode: number) => new ServiceConnectionError("closed", { ...facts, closeCode, retryable: true });
const refused = (status: number, retryAfterMs?: number) =>
  new ServiceResponseError({ ...facts, status, headers: {}, body: "", retryAfterMs });

/** Why a dial or a connection may end. */
export const ends: readonly ExternalServiceError[] = [
  new ServiceConnectionError("reset", { ...facts, retryable: true }),
  closed(1000),
  closed(1008),
  closed(1012),
  closed(1013),
  closed(3000),
  refused(401),
  refused(404),
  refused(503, 2_000),
];

/** What the world may do next; `pick` chooses among the connections there are, old ones too. */
export type Move =
  | { readonly do: "start" | "close" | "reset" | "hurry" | "rotate" | "send" }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "turn" | "open" | "ready" | "unready" | "flushed"; readonly pick: number }
  /** The oldest message that is on its way is with the kernel. */
  | { readonly do: "written" }
  | { readonly do: "renewed"; readonly pick: number; readonly hasOthers: boolean }
  | { readonly do: "lose"; readonly pick: number; readonly end: number }
  /** The far side says something: only then is a connection alive. */
  | { readonly do: "speak" }
  /** An event that no sound world brings about. */
  | { readonly do: "forge"; readonly type: "opened" | "prepared" | "renewed" | "flushed"; readonly pick: number };

interface Socket {
  readonly endpoint: number;
  is: "dialing" | "open" | "closing";
  isPreparing: boolean;
  isRetired: boolean;
}

// What else is dialled is dialled within a wait.
const dialReasons: ReadonlySet<string> = new Set([
  "start",
  "hurry",
  "rotate",
  "renewed",
  "timer retry",
  "timer rotate",
]);

interface Send {
  /** On its way over this connection; undefined while it waits. */
  over: number | undefined;
  settled: "written" | "rejected" | undefined;
}

function must(holds: boolean, rule: string): void {
  if (!holds) throw new Error(rule);
}

/**
 * A small model of all that surrounds the reducer: sockets, timers, and messages to be sent. It does what the effects
 * say, and only what a real world can do; and it throws where a rule of PROTOCOL.md is broken.
 */
export class StreamWorld {
  readonly #settings: ConnectionSettings;
  readonly #reduce: ReturnType<typeof connectionReducer>;
  #state: StreamState = { name: "idle", generation: 0 };
  #now = 0;
  random = 0.5;
  readonly #timers = new Map<TimerName, { readonly at: number; readonly generation: number }>();
  readonly #sockets = new Map<number, Socket>();
  readonly #sends: Send[] = [];
  #flowing: number | undefined;
  #lastGeneration = 0;
  #lastByteAt = 0;
  /** `prepare` without its `disconnected`. */
  #prepared = 0;
  #starts = 0;
  /** Attempts that failed, and that `report` has not told of yet. */
  #untold = 0;
  /** When the connection that flows began to, and when credentials were renewed since one was stable. */
  #flowsSince = 0;
  #renewedAt: number | undefined;
  /** Of the connection that flows or is tried: where it was dialled. */
  #endpoint = 0;
  /** Ends with an error, and without. */
  #failures = 0;
  #closes = 0;

  constructor(settings: Partial<ConnectionSettings>) {
    this.#settings = {
      service: "feed",
      operation: "/stream",
      connectTimeoutMs: 10_000,
      startTimeoutMs: 30_000,
      closeTimeoutMs: 5_000,
      reconnect: { baseDelayMs: 500, maxDelayMs: 30_000, stableAfterMs: 10_000, maxAttempts: Number.POSITIVE_INFINITY },
      heartbeat: { intervalMs: 20_000, timeoutMs: 20_000 },
      rotation: { everyMs: 60_000, returnAfterMs: 45_000 },
      judge,
      ...settings,
    };
    this.#reduce = connectionReducer(this.#settings);
  }

  get state(): StreamState {
    return this.#state;
  }

  move(move: Move): void {
    switch (move.do) {
      case "pass":
        return this.#pass(move.ms);
      case "send":
        // Only what the service takes: it refuses the rest by itself.
        if (["connecting", "open", "reconnecting"].includes(this.#state.name)) {
          this.#sends.push({ over: this.#flowing, settled: undefined });
        }
        return;
      case "written":
        return this.#written();
      case "speak":
        this.#lastByteAt = this.#now;
        return;
      case "forge":
        return this.#forge(move);
      case "start":
        if (this.#state.name === "idle" || this.#state.name === "failed") this.#starts++;
        return this.#on({ type: "start" });
      case "close":
      case "reset":
      case "rotate":
        return this.#on({ type: move.do });
      case "hurry":
        return this.#on({ type: "hurry", lastByteAt: this.#lastByteAt });
      default:
        return this.#ofSocket(move);
    }
  }

  /** Closes, and lets the close limit pass: whatever happened before, nothing is left. */
  finish(): StreamState["name"] {
    this.move({ do: "close" });
    this.#pass(this.#settings.closeTimeoutMs);
    must(this.#state.name === "closed", `close() leads to closed, not ${this.#state.name}`);
    must(
      this.#sends.every(({ settled }) => settled !== undefined),
      "every send is settled",
    );
    must(this.#prepared === 0, "each onConnect has its onDisconnect");
    must(this.#closes === 1, "the stream is closed once");
    for (const event of [
      { type: "start" },
      { type: "close" },
      { type: "hurry", lastByteAt: 0 },
      { type: "rotate" },
    ] as const) {
      this.#on(event);
      must(this.#state.name === "closed", "closed is the end");
    }
    return this.#state.name;
  }

  #forge({ type, pick }: Extract<Move, { do: "forge" }>): void {
    const generation = this.#lastGeneration - 1 - pick;
    this.#on(type === "renewed" ? { type, generation, hasOthers: true } : { type, generation });
  }

  #ofSocket(move: Exclude<Extract<Move, { readonly pick: number }>, { do: "forge" }>): void {
    if (move.do === "renewed") {
      const { generation } = this.#state;
      return this.#on({ type: "renewed", generation, hasOthers: move.hasOthers });
    }
    const all = [...this.#sockets].filter(([, socket]) => canDo(move.do, socket));
    const chosen = all[move.pick % Math.max(1, all.length)];
    if (chosen === undefined) return;
    const [generation, socket] = chosen;
    const stage = (name: DialStage): void => this.#on({ type: "stage", generation, stage: name, endpoints: 2 });
    switch (move.do) {
      case "turn":
        return stage("endpoint");
      case "open":
        stage("upgrade");
        socket.is = "open";
        return this.#on({ type: "opened", generation });
      case "ready":
      case "unready":
        socket.isPreparing = false;
        return this.#on(
          move.do === "ready" ? { type: "prepared", generation } : { type: "prepareFailed", generation, thrown: "no" },
        );
      case "flushed":
        return this.#on({ type: "flushed", generation });
      case "lose": {
        const before = this.#state;
        this.#on({ type: "lost", generation, error: ends[move.end % ends.length] as ExternalServiceError });
        must(this.#state !== before, "the loss of a live socket is never ignored");
        this.#sockets.delete(generation);
        return;
      }
    }
  }

  #written(): void {
    const send = this.#sends.find(({ over, settled }) => over !== undefined && settled === undefined);
    if (send !== undefined) send.settled = "written";
  }

  #pass(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= until).toSorted(([, a], [, b]) => a.at - b.at)[0];
      if (due === undefined) break;
      const [timer, { at, generation }] = due;
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, at);
      const reading = { lastByteAt: this.#lastByteAt, readingSince: 0 };
      this.#on({ type: "timer", timer, generation, ...reading });
    }
    this.#now = until;
  }

  #on(event: ConnectionEvent): void {
    const before = this.#state;
    if (this.#failsAttempt(event)) this.#untold++;
    const next = this.#reduce(before, event, { now: this.#now, random: this.random });
    this.#state = next.state;
    // There are no others, so that none were tried.
    if (isRenewing(before) && !isRenewing(next.state) && event.type !== "lost") {
      if (event.type !== "renewed" || !event.hasOthers) this.#renewedAt = undefined;
    }
    for (const effect of next.effects) this.#run(effect, event);
    if (event.type === "lost") this.#sockets.delete(event.generation);
    this.#checkEnd(before, event);
    this.#checkReports();
    this.#check();
  }

  #run(effect: ConnectionEffect, event: ConnectionEvent): void {
    switch (effect.type) {
      case "dial":
        must(effect.generation === this.#lastGeneration + 1, "a generation is one above the last");
        must(dialReasons.has(event.type === "timer" ? `timer ${event.timer}` : event.type), "no dial within a wait");
        this.#lastGeneration = effect.generation;
        this.#checkEndpoint(effect.endpoint);
        this.#sockets.set(effect.generation, {
          endpoint: effect.endpoint,
          is: "dialing",
          isPreparing: false,
          isRetired: false,
        });
        return;
      case "destroySocket":
        // At the end of all, `end` gives up what is left.
        must(
          this.#flowing !== effect.generation || this.#state.name === "closed",
          "what was handed over is given up before its socket",
        );
        this.#sockets.delete(effect.generation);
        return;
      case "closeSocket":
        this.#live(effect.generation).is = "closing";
        return;
      case "prepare":
        this.#prepared++;
        must(this.#live(effect.generation).is === "open", "an open socket is prepared");
        this.#live(effect.generation).isPreparing = true;
        return;
      case "disconnected":
        this.#prepared--;
        must(this.#prepared >= 0, "no onDisconnect without its onConnect");
        return;
      case "setTimer":
        must(effect.delayMs >= 0 && Number.isFinite(effect.delayMs), "a delay is a number of milliseconds");
        must(
          effect.timer !== "connect" || !this.#timers.has("connect"),
          "the connect limit is set once for an attempt",
        );
        this.#timers.set(effect.timer, { at: this.#now + effect.delayMs, generation: effect.generation });
        return;
      case "cancelTimer":
        this.#timers.delete(effect.timer);
        return;
      case "flow":
        must(!this.#live(effect.generation).isPreparing, "nothing flows before a connection is ready");
        this.#endFlow();
        this.#flowing = effect.generation;
        this.#flowsSince = this.#now;
        this.#lastByteAt = this.#now;
        for (const send of this.#sends) if (send.settled === undefined) send.over ??= effect.generation;
        return;
      case "hold":
        if (this.#flowing === effect.generation) this.#endFlow();
        this.#reject(({ over }) => over === effect.generation);
        return;
      case "retire":
        must(this.#flowing !== effect.generation, "the flow has moved over before the old connection retires");
        this.#live(effect.generation).isRetired = true;
        return;
      case "end":
        if (effect.error === undefined) this.#closes++;
        else must(++this.#failures <= this.#starts, "a start fails once");
        this.#endFlow();
        this.#renewedAt = undefined;
        this.#reject(() => true);
        // The shell lets none of them outlive the stream.
        for (const [generation, socket] of this.#sockets) if (socket.isRetired) this.#sockets.delete(generation);
        return;
      case "renew":
        this.#forgetRenewal();
        must(this.#renewedAt === undefined, "credentials are renewed once until a connection was stable");
        this.#renewedAt = this.#now;
        return;
      case "report":
        must(this.#untold > 0, "a failed attempt is reported once, and nothing else is");
        this.#untold--;
        return;
      case "flush":
      case "sendPing":
      case "announce":
        return;
    }
  }

  #endFlow(): void {
    if (this.#flowing === undefined) return;
    this.#forgetRenewal();
    const state = this.#state;
    // What was renewed for a successor that was not dialled again was not tried.
    if (state.name === "reconnecting" && state.step.at !== "dialing" && state.step.at !== "preparing") {
      if (!state.isRenewed) this.#renewedAt = undefined;
    }
    this.#flowing = undefined;
  }

  /** A connection that was made with renewed credentials, and was stable, ends the count. */
  #forgetRenewal(): void {
    const { reconnect } = this.#settings;
    if (this.#flowing === undefined || reconnect === false || this.#renewedAt === undefined) return;
    const isStable = this.#now - this.#flowsSince >= reconnect.stableAfterMs;
    if (isStable && this.#flowsSince >= this.#renewedAt) this.#renewedAt = undefined;
  }

  /** Whether `report` has to tell of it: not of the loss of an open connection, nor of what `onConnect` threw. */
  #failsAttempt(event: ConnectionEvent): boolean {
    const state = this.#state;
    if (state.name !== "connecting" && state.name !== "reconnecting" && state.name !== "open") return false;
    if (event.type === "lost") return event.generation !== this.#flowing;
    return event.type === "timer" && event.timer === "connect" && !isRenewing(state);
  }

  #checkReports(): void {
    const state = this.#state;
    if (isRenewing(state)) return;
    const isGoingOn = ["connecting", "reconnecting", "open"].includes(state.name);
    must(!isGoingOn || this.#untold === 0, "a failed attempt that another follows is reported");
    this.#untold = 0;
  }

  /** In the order of the list, from its beginning in each outage; the same again with other credentials. */
  #checkEndpoint(endpoint: number): void {
    const state = this.#state;
    if (state.name === "open") {
      must(endpoint === state.successor?.failures, "a successor begins with the first endpoint, and goes on in order");
      return;
    }
    const isInOrder = endpoint === 0 || endpoint === this.#endpoint || endpoint === this.#endpoint + 1;
    must(isInOrder, `endpoint ${endpoint} after ${this.#endpoint}`);
  }

  /** What ends a stream for good, but for the limit of a start. */
  #checkEnd(before: StreamState, event: ConnectionEvent): void {
    const { reconnect, judge: verdictOn } = this.#settings;
    if (reconnect === false || event.type !== "lost" || this.#state.name !== "failed") return;
    if (before.name !== "open" && before.name !== "reconnecting") return;
    const isUsedUp = before.retries >= reconnect.maxAttempts;
    const verdict = verdictOn(event.error);
    must(isUsedUp || verdict === "fatal" || verdict === "refresh", "what passes ends no stream");
    must(isUsedUp || before.fatals + 1 >= before.endpoints, "one endpoint that refuses for good does not end a stream");
  }

  #live(generation: number): Socket {
    const socket = this.#sockets.get(generation);
    if (socket === undefined) throw new Error(`an effect for connection ${generation}, which has no socket`);
    return socket;
  }

  #reject(isMeant: (send: Send) => boolean): void {
    for (const send of this.#sends) if (send.settled === undefined && isMeant(send)) send.settled = "rejected";
  }

  #check(): void {
    const state = this.#state;
    const live = [...this.#sockets].filter(([, { isRetired }]) => !isRetired);
    const hasSuccessor =
      state.name === "open" && state.successor !== undefined && state.successor.step.at !== "waiting";
    const attempts = state.name === "connecting" || state.name === "reconnecting";
    const hasSocket = attempts
      ? state.step.at === "dialing" || state.step.at === "preparing"
      : state.name === "open" || state.name === "closing";
    must(live.length === Number(hasSocket) + Number(hasSuccessor), `${live.length} sockets in ${describe(state)}`);
    must(state.name !== "open" || this.#flowing === state.generation, "an open stream flows over its own connection");
    must(state.name === "open" || state.name === "closing" || this.#flowing === undefined, `a flow in ${state.name}`);
    const { heartbeat, reconnect } = this.#settings;
    if ("retries" in state && reconnect !== false) {
      must(state.retries <= reconnect.maxAttempts, "there are not more retries than maxAttempts");
    }
    this.#endpoint = this.#sockets.get(state.generation)?.endpoint ?? this.#endpoint;
    this.#checkTimers(state, hasSuccessor);
    if (state.name !== "open" || heartbeat === false) return;
    const silentMs = this.#now - this.#lastByteAt;
    must(silentMs <= heartbeat.intervalMs + heartbeat.timeoutMs, "a black hole is found within interval plus timeout");
  }

  /** Every state leaves: something is set that will end it, and nothing is that will not. */
  #checkTimers(state: StreamState, hasSuccessor: boolean): void {
    const expected = new Set<TimerName>();
    const attempt = state.name === "open" ? state.successor : "step" in state ? state : undefined;
    if (attempt !== undefined && typeof attempt.step !== "string") {
      const { step } = attempt;
      if (step.at === "waiting") expected.add("retry");
      // Its turn comes: those who have theirs are under the limit of an attempt.
      else if (step.at !== "dialing" || step.stage !== "turn") expected.add("connect");
    }
    if (state.name === "connecting") expected.add("start");
    if (state.name === "closing") expected.add("close");
    if (state.name === "open" && state.heartbeat !== undefined) expected.add("heartbeat");
    const set = new Set(this.#timers.keys());
    // It fires once; a rotation that is under way needs none.
    if (state.name === "open" && !hasSuccessor) set.delete("rotate");
    if (state.name === "open" && hasSuccessor) set.delete("rotate");
    must(
      set.size === expected.size && [...expected].every((timer) => set.has(timer)),
      `timers ${[...set].join()} instead of ${[...expected].join()} in ${describe(state)}`,
    );
  }
}

const isRenewing = (state: StreamState): boolean =>
  "step" in state && typeof state.step !== "string" && state.step.at === "renewing";

/** Whether the world can do that to this socket. */
function canDo(what: Move["do"], { is, isPreparing, isRetired }: Socket): boolean {
  if (isRetired) return false;
  if (what === "turn" || what === "open") return is === "dialing";
  return what === "ready" || what === "unready" ? isPreparing : true;
}

function describe(state: StreamState): string {
  const step = !("step" in state) ? "" : typeof state.step === "string" ? state.step : state.step.at;
  return `${state.name} ${step}`;
}
