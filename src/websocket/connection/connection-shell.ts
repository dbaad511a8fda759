import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock, Random, Timer } from "../../core/clock.ts";
import type { ExternalServiceError } from "../../core/errors.ts";
import { connectionReducer } from "./connection.ts";
import { replaced, undialled } from "./connection-errors.ts";
import { ConnectionListener, type ConnectionWatcher } from "./connection-listener.ts";
import type {
  ConnectionEffect,
  ConnectionEvent,
  ConnectionSettings,
  DialStage,
  StreamState,
  TimerName,
} from "./connection-model.ts";
import type { Dialer } from "../dial/dial.ts";
import { LiveConnection } from "./live-connection.ts";
import { Retirements } from "./retirements.ts";
import { socketError } from "../dial/socket-errors.ts";
import type { SocketEnd, StreamSocket } from "../transport.ts";

/** What the shell asks of the service around it. A connection is named by its generation. */
export interface StreamHost {
  /** The socket is open; resolves when the connection is ready to flow. */
  prepare(socket: StreamSocket, connection: LiveConnection): Promise<void>;
  flow(socket: StreamSocket, connection: LiveConnection): void;
  /** Nothing flows over it any more. */
  hold(socket: StreamSocket, connection: LiveConnection, cause: ExternalServiceError): void;
  /** Another connection flows; resolves when nothing is owed on this one. */
  retire(socket: StreamSocket, connection: LiveConnection): Promise<void>;
  /** Resolves when the outbox is empty. */
  flush(): Promise<void>;
  /** What still arrives is not wanted. */
  discardIncoming(): void;
  ping(socket: StreamSocket): void;
  pong(payload: string): void;
  message(data: string | Uint8Array, bytes: number, connection: LiveConnection): void;
  /** `onConnect` threw this. */
  prepareFailed(thrown: unknown): void;
  /** An attempt failed, and another will follow. */
  report(error: ExternalServiceError): void;
  /** An attempt is over: the connection is ready, or there is an error. */
  attempted(connection: LiveConnection, error: ExternalServiceError | undefined): void;
  disconnected(event: Omit<Extract<ConnectionEffect, { type: "disconnected" }>, "type">): void;
  end(error: ExternalServiceError | undefined): void;
  announce(state: StreamState): void;
}

const none: readonly never[] = [];

// Sockets and timers remember the async context they were made in, and run their callbacks in it. Without this, a
// stream that was connected within `withDeadline` would hand that deadline to its handlers for ever.
const outside = AsyncLocalStorage.snapshot();

/** Runs what the reducer decides: owns the sockets, the timers, and nothing else. */
export class ConnectionShell implements ConnectionWatcher {
  readonly #settings: ConnectionSettings;
  readonly #host: StreamHost;
  readonly #dialer: Pick<Dialer, "dial" | "renewCredentials">;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #reduce: ReturnType<typeof connectionReducer>;
  readonly #timers: { [Name in TimerName]?: Timer | undefined } = {};
  #state: StreamState = { name: "idle", generation: 0 };
  /** Those that have, or are about to have, a socket: one, but for a rotation, when there is another beside it. */
  #live: readonly LiveConnection[] = none;
  /** Made with the first connection that another takes the place of. */
  #retirements: Retirements | undefined;
  /** Events that came up while the effects of another were run; undefined while none is. */
  #pending: ConnectionEvent[] | undefined;

  constructor(
    settings: ConnectionSettings,
    world: { readonly clock: Clock; readonly random: Random },
    dialer: Pick<Dialer, "dial" | "renewCredentials">,
    host: StreamHost,
  ) {
    this.#settings = settings;
    this.#host = host;
    this.#dialer = dialer;
    this.#clock = world.clock;
    this.#random = world.random;
    this.#reduce = connectionReducer(settings);
  }

  get state(): StreamState {
    return this.#state;
  }

  /** The connection that flows, while the stream is open. */
  get open(): LiveConnection | undefined {
    return this.#state.name === "open" ? this.#of(this.#state.generation) : undefined;
  }

  /** The connection that flows or, before there is one, is dialled or prepared. */
  get current(): LiveConnection | undefined {
    return this.#of(this.#state.generation);
  }

  /** The number of the connection whose socket this is; undefined once it is gone. */
  generationOf(socket: object): number | undefined {
    return (this.#live.find((one) => one.socket === socket) ?? this.#retirements?.of(socket))?.generation;
  }

  /** True while we hold the reader. */
  get isPaused(): boolean {
    return this.current?.isPaused === true;
  }

  start(): void {
    this.#dispatch({ type: "start" });
  }

  close(): void {
    this.#dispatch({ type: "close" });
  }

  reset(): void {
    this.#dispatch({ type: "reset" });
  }

  hurry(): void {
    this.#dispatch({ type: "hurry", lastByteAt: this.open?.lastByteAt ?? Number.NEGATIVE_INFINITY });
  }

  rotate(): void {
    this.#dispatch({ type: "rotate" });
  }

  /** Stops reading this connection, or goes on. */
  setPaused(isPaused: boolean, generation: number): void {
    // Once the Close frame is out, the peer's must be reached.
    if (this.#state.name === "closing" && this.#state.step === "handshake") return;
    this.#of(generation)?.setPaused(isPaused, this.#clock.now());
  }

  /** Whether this connection is open, and not ready yet. */
  isPreparing(generation: number): boolean {
    const state = this.#state;
    const attempt = state.name === "open" ? state.successor : state;
    if (attempt === undefined || !("step" in attempt) || typeof attempt.step === "string") return false;
    return attempt.generation === generation && attempt.step.at === "preparing";
  }

  // Effects may bring about events at once; they are taken one after the other, never one within the other.
  #dispatch(event: ConnectionEvent): void {
    if (this.#pending !== undefined) {
      this.#pending.push(event);
      return;
    }
    this.#pending = [event];
    outside(() => {
      try {
        const faults: Fault[] = [];
        for (let next = this.#pending?.shift(); next !== undefined; next = this.#pending?.shift()) {
          const taken = next;
          guarded(faults, () => this.#step(taken));
        }
        if (faults[0] !== undefined) throw faults[0].thrown;
      } finally {
        this.#pending = undefined;
      }
    });
  }

  #step(event: ConnectionEvent): void {
    const { state, effects } = this.#reduce(this.#state, event, { now: this.#clock.now(), random: this.#random() });
    this.#state = state;
    const lost = event.type === "lost" ? this.#of(event.generation) : undefined;
    const faults: Fault[] = [];
    for (const effect of effects) guarded(faults, () => this.#run(effect));
    if (event.type === "lost" && lost !== undefined) guarded(faults, () => this.#bury(lost, event.error));
    if (faults[0] !== undefined) throw faults[0].thrown;
  }

  /** Its socket is gone, or what was to become one. */
  #bury(connection: LiveConnection, error: ExternalServiceError): void {
    this.#drop(connection);
    connection.destroy();
    if (connection.endAttempt()) this.#host.attempted(connection, error);
  }

  #run(effect: ConnectionEffect): void {
    const host = this.#host;
    switch (effect.type) {
      case "dial":
        return this.#dial(effect);
      case "destroySocket":
        return this.#destroy(effect.generation, effect.error);
      case "closeSocket":
        return this.#close(effect.generation);
      case "prepare":
        return this.#prepare(effect.generation);
      case "renew":
        return this.#renew(effect.generation);
      case "setTimer":
        return this.#setTimer(effect.timer, effect.generation, effect.delayMs);
      case "cancelTimer":
        return this.#cancelTimer(effect.timer);
      case "sendPing":
        return this.#withSocket(effect.generation, (socket) => host.ping(socket));
      case "flow":
        return this.#withSocket(effect.generation, (socket, connection) => {
          if (connection.endAttempt()) host.attempted(connection, undefined);
          connection.ready();
          host.flow(socket, connection);
        });
      case "hold":
        return this.#hold(effect.generation, effect.error);
      case "retire":
        return this.#retire(effect.generation);
      case "flush":
        return void host.flush().then(() => this.#dispatch({ type: "flushed", generation: effect.generation }));
      case "report":
        return host.report(effect.error);
      case "disconnected":
        return host.disconnected(effect);
      case "end":
        this.#forget();
        return host.end(effect.error);
      case "announce":
        return host.announce(effect.state);
    }
  }

  #dial(effect: Extract<ConnectionEffect, { type: "dial" }>): void {
    const { generation } = effect;
    const connection = new LiveConnection(generation, this.#clock.now());
    this.#add(connection);
    const run = async (): Promise<void> => {
      const { attempt, endpoint, isRenewed } = effect;
      const context = { attempt, endpoint, isRenewed, signal: connection.attemptSignal };
      const socket = await this.#dialer.dial(context, new ConnectionListener(this, connection));
      // Given up in the very moment: nobody else knows of this socket.
      if (connection.signal.aborted) socket?.destroy();
      else connection.socket = socket;
    };
    run().catch((error: unknown) => this.#lose(connection, undialled(this.#settings, error)));
  }

  dialled(connection: LiveConnection, { shown, count }: { readonly shown: string; readonly count: number }): void {
    connection.begin(this.#clock.now());
    connection.endpoint = shown;
    this.#dispatch({ type: "stage", generation: connection.generation, stage: "endpoint", endpoints: count });
  }

  reached(connection: LiveConnection, stage: DialStage): void {
    connection.begin(this.#clock.now());
    this.#dispatch({ type: "stage", generation: connection.generation, stage });
  }

  opened(connection: LiveConnection): void {
    connection.readingSince = this.#clock.now();
    this.#dispatch({ type: "opened", generation: connection.generation });
  }

  message(connection: LiveConnection, data: string | Uint8Array, bytes: number): void {
    this.#host.message(data, bytes, connection);
  }

  pong(payload: string): void {
    this.#host.pong(payload);
  }

  ended(connection: LiveConnection, end: SocketEnd): void {
    this.#lose(connection, socketError(end, this.#settings, this.#clock.wallNow()));
  }

  #lose(connection: LiveConnection, error: ExternalServiceError): void {
    if (this.#retirements?.has(connection)) this.#retirements.end(connection, error);
    else this.#dispatch({ type: "lost", generation: connection.generation, error });
  }

  #destroy(generation: number, error: ExternalServiceError | undefined): void {
    const connection = this.#of(generation);
    if (connection === undefined) return;
    this.#drop(connection);
    if (connection.endAttempt() && error !== undefined) this.#host.attempted(connection, error);
    connection.destroy();
  }

  #close(generation: number): void {
    this.#withSocket(generation, (socket, connection) => {
      // First: what it held back had come before, and is owed to whoever consumes it.
      socket.close();
      this.#host.discardIncoming();
      connection.setPaused(false, this.#clock.now());
    });
  }

  #prepare(generation: number): void {
    this.#withSocket(generation, (socket, connection) => {
      this.#host.prepare(socket, connection).then(
        () => this.#dispatch({ type: "prepared", generation }),
        (thrown: unknown) => {
          // Of a connection that was lost meanwhile, the loss has been told; what it made `onConnect` throw says no more.
          if (this.isPreparing(generation)) this.#host.prepareFailed(thrown);
          this.#dispatch({ type: "prepareFailed", generation, thrown });
        },
      );
    });
  }

  #renew(generation: number): void {
    const asked = new LiveConnection(generation, this.#clock.now());
    this.#add(asked);
    const answer = (hasOthers: boolean): void => {
      this.#drop(asked);
      this.#dispatch({ type: "renewed", generation, hasOthers });
    };
    this.#dialer.renewCredentials(asked.signal).then(answer, () => answer(false));
  }

  #hold(generation: number, cause: ExternalServiceError): void {
    const connection = this.#of(generation);
    if (connection?.socket === undefined) return;
    this.#host.hold(connection.socket, connection, cause);
  }

  #retire(generation: number): void {
    this.#withSocket(generation, (socket, connection) => {
      this.#drop(connection);
      const { closeTimeoutMs } = this.#settings;
      this.#retirements ??= new Retirements(this.#clock, closeTimeoutMs, (...over) => this.#retired(...over));
      this.#retirements.add(connection, this.#host.retire(socket, connection));
    });
  }

  #retired(connection: LiveConnection, error: ExternalServiceError | undefined): void {
    const { socket } = connection;
    if (socket !== undefined) this.#host.hold(socket, connection, error ?? replaced(this.#settings));
  }

  /** The stream is over: no socket stays. */
  #forget(): void {
    this.#retirements?.endAll();
    for (const connection of this.#live) connection.destroy();
    this.#live = none;
  }

  #of(generation: number): LiveConnection | undefined {
    return this.#live.find((one) => one.generation === generation);
  }

  /** In the place of another one of the same number. */
  #add(connection: LiveConnection): void {
    this.#live = this.#live.filter((one) => one.generation !== connection.generation).concat(connection);
  }

  #drop(connection: LiveConnection): void {
    this.#live = this.#live.filter((one) => one !== connection);
  }

  #withSocket(generation: number, act: (socket: StreamSocket, connection: LiveConnection) => void): void {
    const connection = this.#of(generation);
    if (connection?.socket !== undefined) act(connection.socket, connection);
  }

  #setTimer(timer: TimerName, generation: number, delayMs: number): void {
    this.#cancelTimer(timer);
    const fire = (): void => {
      this.#timers[timer] = undefined;
      const connection = this.#of(generation);
      if (timer !== "heartbeat") {
        const isReadingPaused = connection?.socket !== undefined && connection.readingSince === undefined;
        return this.#dispatch({ type: "timer", timer, generation, isReadingPaused });
      }
      const lastByteAt = connection?.lastByteAt ?? Number.NEGATIVE_INFINITY;
      this.#dispatch({ type: "timer", timer, generation, lastByteAt, readingSince: connection?.readingSince });
    };
    this.#timers[timer] = this.#clock.setTimer(delayMs, fire);
  }

  #cancelTimer(timer: TimerName): void {
    this.#timers[timer]?.cancel();
    this.#timers[timer] = undefined;
  }
}

interface Fault {
  readonly thrown: unknown;
}

/** What one effect throws, a log that is full say, must not keep the others from being done. */
function guarded(faults: Fault[], act: () => void): void {
  try {
    act();
  } catch (thrown) {
    faults.push({ thrown });
  }
}
